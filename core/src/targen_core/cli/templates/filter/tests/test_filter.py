"""(2) The conformance kit: your filter in a run of the kit's own task, stopped and continued."""

from targen_testing import FilterSuite

ROWS = [{"text": f"A very fine lamp, {n}.", "label": "good"} for n in range(4)]


class TestFilter(FilterSuite):
    """Good replies and hostile ones; a filter that is restored refuses the same rows."""

    filter = "my-demo"
    refused = (ROWS,)  # the filter refuses the last
