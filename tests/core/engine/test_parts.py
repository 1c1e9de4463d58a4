"""Tasks whose rows come in parts: each has lists, branches and a share of every label."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.quotas import Quotas
from targen_core.tasks.steps import Part

pytestmark = pytest.mark.usefixtures("virtual_time")

BRANCHES = (("found", None), ("made yes", "yes"), ("made no", "no"))


def world_of(lab, **changes):
    return lab.World(**{"branches": BRANCHES, "share": 0.3, **changes})


def test_shares_are_exact_over_all_and_near_for_each_label(lab, tmp_path):
    ran = lab.run(world_of(lab, relabel=0.2, bad=0.1), tmp_path / "a", {"yes": 21, "no": 9})
    assert ran.error is None
    made = Counter((record["intended"] == "found", record["label"]) for record in ran.provenance)
    assert (made[False, "yes"], made[False, "no"]) == (6, 3)
    assert (made[True, "yes"], made[True, "no"]) == (15, 6)
    assert ran.report["parts"] == {
        "part0": {"rows": 21, "requested": 21},
        "part1": {"rows": 9, "requested": 9},
    }
    assert ran.report["rows"] == {"yes": 21, "no": 9}


@given(
    quotas=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
    share=st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.9]),
    data=st.data(),
)
def test_what_is_requested_is_exact_by_label_and_by_part(quotas, share, data):
    names = [f"label{at}" for at in range(len(quotas))]
    parts = {
        "a": Part(lists=(), branches=("of a",), share=1 - share),
        "b": Part(lists=(), branches=("of b",), share=share),
    }
    tracker = QuotaTracker(names, {"of a": None, "of b": None}, parts)
    first = {name: rows for name, (rows, _) in zip(names, quotas, strict=True)}
    whole = {name: sum(rows) for name, rows in zip(names, quotas, strict=True)}
    tracker.aim(Quotas(first), by_intended=False)
    assert tracker.requested == first
    for name in names:
        for branch in ("of a", "of b"):
            _, expected = tracker.progress(tracker.counted(branch, name))
            tracker.gain(branch, name, data.draw(st.integers(0, expected)))
    tracker.aim(Quotas(whole), by_intended=False)
    assert tracker.requested == whole
    output = tracker.as_dict()["parts"]
    assert sum(part["requested"] for part in output.values()) == sum(whole.values())
    assert abs(output["a"]["requested"] - (1 - share) * sum(whole.values())) <= 1
