"""The example plugin passes the conformance kit, as yours should."""

from targen_testing.tasks import TaskSuite as Suite


class TestTickets(Suite):
    """Run the conformance kit on our task."""

    task = "tickets"
