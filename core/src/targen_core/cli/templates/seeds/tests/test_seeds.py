"""(2) The conformance kit: your seeds in a small task of the kit's."""

from targen_testing import SeedsSuite


class TestSeeds(SeedsSuite):
    """Good replies and hostile ones, no chance but the run's."""

    seeds = "my-demo"
