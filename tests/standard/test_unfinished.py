"""The folder of work of which nothing stays once it is done."""

from __future__ import annotations

import os
import time

import pytest

from targen_core.errors import BudgetExhausted, QuotaNotMet
from targen_core.folders import cache_folder
from targen_standard.unfinished import unfinished

pytestmark = pytest.mark.usefixtures("alone")


def kept():
    above = cache_folder() / "unfinished"
    names = {path.name for path in above.iterdir()} if above.exists() else set()
    assert all(name.removesuffix(".lock") in names for name in names), "a lock is left over"
    return [name for name in names if not name.endswith(".lock")]


def work(*asked, paid="paid\n", error=None):
    with unfinished("preview", *asked) as folder:
        seen = (folder / "journal").read_text() if (folder / "journal").exists() else ""
        (folder / "journal").write_text(f"{seen}{paid}")
        if error is not None:
            raise error
    return seen


def test_work_that_was_stopped_is_there_for_the_same_work_alone():
    with pytest.raises(BudgetExhausted):
        work("rte", 4, error=BudgetExhausted("none is left"))
    assert len(kept()) == 1
    assert work("rte", 5) == "", "other work"
    assert work("rte", 4) == "paid\n"
    assert kept() == []


def test_work_that_fell_short_is_done():
    with pytest.raises(QuotaNotMet):
        work("rte", 4, error=QuotaNotMet("too few rows"))
    assert kept() == []


def test_work_that_paid_for_nothing_leaves_nothing():
    with pytest.raises(BudgetExhausted):
        work("rte", paid="", error=BudgetExhausted("none is left"))
    assert kept() == []


def test_the_same_work_at_the_same_time_has_a_folder_of_its_own():
    with unfinished("preview", "rte") as first:
        (first / "journal").write_text("paid\n")
        with unfinished("preview", "rte") as second:
            assert second != first
            assert list(second.iterdir()) == []
        assert not second.exists()
    assert kept() == []


def test_what_was_left_long_ago_is_removed():
    with pytest.raises(BudgetExhausted):
        work("old", error=BudgetExhausted("none is left"))
    (old,) = (path for path in (cache_folder() / "unfinished").iterdir() if path.is_dir())
    long_ago = time.time() - 40 * 86_400
    os.utime(old, (long_ago, long_ago))
    work("new")
    assert kept() == []


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "cache").write_text("in the way")
    assert work("rte") == ""
