"""Rows that come evenly from the items of a list, whatever becomes of their candidates."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.engine.allocation import even_shares

pytestmark = pytest.mark.usefixtures("virtual_time")

OPEN = {"labels": (), "branches": (("row", "any"),)}


def world_of(lab, **changes):
    """A task whose rows are shared over four items, which are given in turns of three seeds."""
    return lab.World(**{"lists": (1, 4, 3), "balanced": True, "correct": False, **OPEN, **changes})


def by_item(ran):
    return Counter(record["id"].split(".")[-2] for record in ran.provenance)


def test_what_one_lacks_others_give(lab, tmp_path):
    ran = lab.run(world_of(lab, maximum=7, bad=0.3), tmp_path / "a", {"any": 16})
    assert ran.error is None
    rows = sorted(by_item(ran).values())
    assert sum(rows) == 16
    assert rows[0] < 4 < rows[-1]


@given(
    st.dictionaries(st.integers(0, 5).map(lambda at: (0, at)), st.integers(0, 9), min_size=1),
    st.integers(0, 30),
)
def test_shares_are_as_even_as_what_is_there_permits(rows, lacking):
    shares = even_shares(rows, lacking)
    assert sum(shares.values()) == sum(rows.values()) + lacking
    assert all(shares[item] >= rows[item] for item in rows)
    grown = [shares[item] for item in rows if shares[item] > rows[item]]
    assert not grown or max(grown) - min(shares.values()) <= 1


def test_a_list_whose_items_are_not_all_there_cannot_be_balanced(lab):
    task = world_of(lab).task()
    contexts = dataclasses.replace(task.contexts, once=False)
    with pytest.raises(ValueError, match="only one list may be balanced; it needs once=True"):
        task.replace(contexts=contexts)
