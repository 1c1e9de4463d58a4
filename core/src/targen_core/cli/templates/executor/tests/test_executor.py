"""(2) The conformance kit: a run with your executor is the run without it."""

from __future__ import annotations

from targen_testing.executors import ExecutorSuite as Suite


class TestExecutor(Suite):
    """The same rows and errors, cancelling, and an end that leaves nothing behind."""

    executor = "my-demo"
