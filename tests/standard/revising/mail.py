"""The task that the tests of revisions change."""

MAIL = """\
name: mail
description: E-mails to a small shop for garden tools.
labels:
  order: The customer asks where an order is.
  refund: The customer wants money back.
  complaint: The customer is unhappy, and asks for no money.
  advice: The customer asks how to use a tool.
"""
DEFINED = MAIL.replace("asks for no money", "does not ask for money")
SAMPLE = """\
samples:
  - {input: 'Where is my rake?', output: refund, actual: order, explanation: It asks where it is.}
"""
