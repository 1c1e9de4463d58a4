"""(2) The conformance kit: your contexts in a small task of the kit's."""

from __future__ import annotations

from targen_testing.steps import ContextsSuite as Suite


class TestContexts(Suite):
    """Good replies and hostile ones, no chance but the run's."""

    contexts = "my-demo"
