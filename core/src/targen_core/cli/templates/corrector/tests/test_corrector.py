"""(3) The conformance kit: your corrector on instances of the kit's own task.

Where it is made for one task, set `task` to that task's name.
"""

from __future__ import annotations

from targen_testing.correctors import CorrectorSuite as Suite


class TestCorrector(Suite):
    """Good replies and hostile ones, at all concurrencies."""

    corrector = "my-demo"
