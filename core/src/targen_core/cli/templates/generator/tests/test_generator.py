"""(2) The conformance kit: your generator in the kit's own task, whose rows are a text and a label.

Where it is made for one task, set `task` and `branch`.
"""

from __future__ import annotations

from targen_testing.steps import GeneratorSuite as Suite


class TestGenerator(Suite):
    """Good replies and hostile ones, no chance but the run's."""

    generator = "my-demo"
