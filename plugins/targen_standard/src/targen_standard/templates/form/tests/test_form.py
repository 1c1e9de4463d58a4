"""(2) The conformance kit, on a file of yours."""

from __future__ import annotations

from targen_testing.forms import FormSuite as Suite


class TestForm(Suite):
    """It is read, means the same task each time, and refuses misspelt keys."""

    form = "my-demo"
    file = """
my-demo:
  shop: bicycles
  queues:
    repairs: something is broken
    orders: something is late or wrong
"""
