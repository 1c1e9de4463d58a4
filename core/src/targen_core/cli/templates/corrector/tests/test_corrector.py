"""(2) The conformance kit: your corrector on rows of the kit's own task."""

from targen_testing import CorrectorSuite


class TestCorrector(CorrectorSuite):
    """Good replies and hostile ones, at all concurrencies."""

    corrector = "my-demo"
