"""Shards: exact parts of a run that never meet."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

import targen_core
from targen_core.engine.quotas import share_out
from targen_testing.sample import SAMPLE

from ...runs import journal

COUNTS = st.integers(1, 12)


@given(rows=st.dictionaries(st.text(max_size=3), st.integers(0, 500)), count=COUNTS, unit=COUNTS)
def test_the_parts_of_all_shards_add_up_and_are_even(rows, count, unit):
    whole = {name: n * unit for name, n in rows.items()}
    parts = [share_out(whole, unit, number + 1, count) for number in range(count)]
    assert {name: sum(part[name] for part in parts) for name in whole} == whole
    assert all(n % unit == 0 for part in parts for n in part.values())
    totals = [sum(part.values()) for part in parts]
    assert max(totals) - min(totals) <= unit


def test_no_two_shards_make_the_same_call_or_candidate(tmp_path):
    calls, ids, made = [], [], Counter()
    for number in range(3):
        known = {"shard": (number, 3), "model": "scripted", "cache": False, "progress": False}
        run = targen_core.generate(SAMPLE, n=16, out=tmp_path / str(number), **known)
        calls += [call["key"] for call in journal(run.path)]
        ids += [record["id"] for record in run.provenance]
        made.update(run.report.rows)
    assert len(calls) == len(set(calls))
    assert len(ids) == len(set(ids))
    assert made == {"good": 8, "bad": 8}
