"""MultiRC passes the kit that every task passes."""

from __future__ import annotations

from targen_testing.tasks import TaskSuite


class TestMultiRc(TaskSuite):
    task = "multirc"
    rows = 20
