"""(2) The conformance kit: your filter in a run of the kit's own task, stopped and continued.

If it is made for one task, set `task` to that task's name.
"""

from __future__ import annotations

from targen_testing.steps import FilterSuite as Suite


class TestFilter(Suite):
    """Good replies and hostile ones; a filter that is restored refuses the same rows."""

    filter = "my-demo"
    options = ("words=2", "most=1")
    refused = (
        ({"text": "A fine lamp.", "label": "good"}, {"text": "A fine coat.", "label": "good"}),
    )  # rows of the task; the filter refuses the last
