"""(2) The conformance kit: your contexts in a small task of the kit's."""

from targen_testing import ContextsSuite


class TestContexts(ContextsSuite):
    """Good replies and hostile ones, no chance but the run's."""

    contexts = "my-demo"
