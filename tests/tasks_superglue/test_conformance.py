"""RTE passes the kit that every task passes."""

from __future__ import annotations

from targen_core.testing import TaskSuite


class TestRte(TaskSuite):
    task = "rte"
