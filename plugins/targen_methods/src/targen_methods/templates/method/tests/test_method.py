"""(2) The conformance kit: the tasks that your method makes."""

from __future__ import annotations

from targen_methods.testing import MethodSuite as Suite


class TestMethod(Suite):
    """Exact quotas, no chance but the run's, and the labels of the task that it was made from."""

    method = "my-demo"
