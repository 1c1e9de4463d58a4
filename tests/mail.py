"""A task in a file, for tests that need any task of two labels."""

from __future__ import annotations

MAIL = """description: E-mails to an online shop.
labels:
  order: the customer asks where an order is
  refund: the customer wants money back
"""
