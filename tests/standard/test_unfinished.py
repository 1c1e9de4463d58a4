"""The folder of work of which nothing stays once it is done."""

from __future__ import annotations

import pytest

from targen_core.errors import BudgetExhausted
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


def test_the_same_work_at_the_same_time_has_a_folder_of_its_own():
    with unfinished("preview", "rte") as first:
        (first / "journal").write_text("paid\n")
        with unfinished("preview", "rte") as second:
            assert second != first
            assert list(second.iterdir()) == []
        assert not second.exists()
    assert kept() == []
