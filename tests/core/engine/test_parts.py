"""Tasks whose rows come in parts: each has lists, branches and a share of every label."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.quotas import Quotas
from targen_core.errors import QuotaNotMet
from targen_core.tasks.steps import Part

pytestmark = pytest.mark.usefixtures("virtual_time")

BRANCHES = (("found", None), ("made yes", "yes"), ("made no", "no"))
OPEN = (("found", "any"), ("made", "any"))


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


def test_a_part_that_runs_out_leaves_the_other_its_rows(lab, tmp_path):
    world = world_of(lab, maximum=1, labels=(), branches=OPEN, lists=(1,), share=0.5)
    ran = lab.run(world, tmp_path / "a", {"any": 8})
    assert isinstance(ran.error, QuotaNotMet)
    assert "labels any (part0), any (part1) have 1 of 4 rows each" in str(ran.error)
    assert ran.report["parts"]["part1"]["rows"] == 1


@given(
    bad=st.sampled_from([0.0, 0.3]),
    trial=st.sampled_from([1.0, 0.5]),
    rows=st.integers(4, 20),
    lists=st.sampled_from([(2,), (2, 3)]),
    branches=st.sampled_from([OPEN, (*OPEN, ("also", "any"))]),
    concurrency=st.sampled_from([1, 4, 64]),
)
@settings(max_examples=8)
def test_a_part_without_end_does_not_go_on_for_one_that_ran_out(
    lab, folder, bad, trial, rows, lists, branches, concurrency
):
    world = world_of(
        lab,
        maximum=3,
        endless=True,
        labels=(),
        branches=branches,
        lists=lists,
        share=0.5,
        bad=bad,
        trial=trial,
        correct=False,
    )
    with folder() as path:
        how = {"concurrency": concurrency, "latency": lab.latency(concurrency)}
        ran = lab.run(world, path / "run", {"any": 2 * rows}, **how)
        assert ran.report["parts"]["part1"]["rows"] == rows or bad
        assert len(ran.model.asked) < 40 * rows


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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"share": 1.5}, "they must add up to 1"),
        ({"branches": BRANCHES[:2]}, "in the part part1, label .* has no branch"),
        ({"samples": 2}, "must have samples_per_seed=1"),
        ({"rows_per_instance": 2}, "must have .* rows_per_instance=1"),
    ],
)
def test_parts_that_are_no_whole_are_refused(changes, words, lab):
    with pytest.raises(ValueError, match=words):
        world_of(lab, **changes).task()
