"""A run that grows by a number of rows keeps the shares of its labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import targen_core as tg
from targen_core import errors
from targen_core.engine.quotas import Quotas
from targen_standard.revising.api import plan_revision
from targen_standard.task_files.model import Declaration

NAMES = ("order", "refund", "other")
MAIL = Declaration(
    name="mail", description="Mails.", labels={name: f"Of {name} alone." for name in NAMES}
)


def generated(**asked):
    return tg.generate(MAIL, model="scripted", out="run", progress=False, **asked)


@pytest.mark.parametrize(
    ("before", "n", "rows"),
    [
        ((4, 2, 2), 12, (6, 3, 3)),
        ((4, 2, 2), 13, (7, 3, 3)),
        ((2, 1, 0), 6, (4, 2, 0)),
        ((2, 1, 1), 8, (3, 3, 2)),  # even, except for the remainder
        ((1, 1, 1), 5, (2, 2, 1)),
    ],
)
def test_quotas_grow_in_their_shares(before, n, rows):
    grown = Quotas.like(n, dict(zip(NAMES, before, strict=True)), MAIL.task())
    assert dict(grown) == dict(zip(NAMES, rows, strict=True))


def test_a_run_grows_in_its_shares(alone):
    generated(labels={"order": 2, "refund": 1})
    assert tg.resume("run", n=6, progress=False).report.rows == {
        "order": 4,
        "refund": 2,
        "other": 0,
    }


def test_labels_of_a_data_frame_that_are_numbers_are_those_of_the_task(alone):
    rated = Declaration(name="rated", description="Mails.", labels={0: "calm", 1: "angry"})
    run = tg.generate(rated, labels={1: 2, 0: 1}, model="scripted", progress=False)
    assert run.report.rows == {"0": 1, "1": 2}
    assert tg.resume(run, labels={1: 3}, progress=False).report.rows == {"0": 1, "1": 3}
    with pytest.raises(errors.UsageError, match="label '2'"):
        tg.generate(rated, labels={2: 2}, model="scripted")


@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=3).filter(any),
    st.lists(st.integers(0, 9), max_size=6),
)
def test_many_small_steps_give_the_shares_of_one(counts, steps):
    task, targets = MAIL.task(), [Quotas(dict(zip(NAMES, counts, strict=True)))]
    for more in steps:
        targets.append(Quotas.extended(targets[-1].total + more, targets, task))
        assert all(targets[-1][name] >= rows for name, rows in targets[-2].items())
    total = targets[-1].total
    assert total == sum(counts) + sum(steps)
    once = Quotas.like(total, targets[0], task)
    assert all(abs(targets[-1][name] - rows) <= 1 for name, rows in once.items())


def test_labels_that_were_extended_alone_set_new_shares():
    targets = [{"order": 4, "refund": 4, "other": 0}, {"order": 12, "refund": 4, "other": 0}]
    grown = Quotas.extended(32, targets, MAIL.task())
    assert dict(grown) == {"order": 24, "refund": 8, "other": 0}


def test_every_reject_has_a_reason(alone):
    run = generated(n=24, near_duplicates=40, cache=False)
    reasons = {record["reason"] for record in run.rejects}
    assert "duplicate" in reasons and "" not in reasons
    assert Path("run", "rejects.jsonl").read_text().count('"reason": ""') > 0  # as they were


def test_a_plan_is_readable(alone):
    generated(n=6)
    changed = MAIL.model_copy(update={"labels": {**MAIL.labels, "order": MAIL.labels["refund"]}})
    lines = repr(plan_revision("run", task=changed)).splitlines()
    assert lines[0] == "<RevisionPlan of run"
    assert "  labels.order.definition: Of order alone. -> Of refund alone." in lines
    assert "  refund: 0 rows kept, 2 judged again, 0 written" in lines
    assert "% of the run's calls, about $" in lines[-1]
