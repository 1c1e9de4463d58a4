"""(2) The conformance kit, on a task file of yours."""

from __future__ import annotations

from targen_testing.outputs import OutputSuite as Suite


class TestOutput(Suite):
    """A task with it fills its quotas, whatever the replies, and its rows read back."""

    output = "my-demo"
    file = """
description: Letters to a shop.
output:
  my-demo:
    calm: the customer is content
    cross: the customer complains
    furious: the customer threatens
"""
