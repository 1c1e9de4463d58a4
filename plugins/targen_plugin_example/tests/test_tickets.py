"""The example plugin passes the conformance kit, as yours should."""

from targen_testing import TaskSuite as Suite


class TestTickets(Suite):
    """The conformance kit, on our task."""

    task = "tickets"
