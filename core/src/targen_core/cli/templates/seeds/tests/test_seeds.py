"""(2) The conformance kit: your seeds in a small task of the kit's."""

from __future__ import annotations

from targen_testing.steps import SeedsSuite as Suite


class TestSeeds(Suite):
    """Good replies and hostile ones, no chance but the run's."""

    seeds = "my-demo"
