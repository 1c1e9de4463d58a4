"""Each task passes the kit that every task passes."""

from __future__ import annotations

from targen_testing.tasks import TaskSuite


class TestAxg(TaskSuite):
    task = "axg"


class TestBoolq(TaskSuite):
    task = "boolq"


class TestCb(TaskSuite):
    task = "cb"


class TestCopa(TaskSuite):
    task = "copa"


class TestRecord(TaskSuite):
    task = "record"


class TestRte(TaskSuite):
    task = "rte"


class TestWic(TaskSuite):
    task = "wic"


class TestWsc(TaskSuite):
    task = "wsc"
