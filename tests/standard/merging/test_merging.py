"""Merged runs: exact numbers, or what lacks is said; and no order of arguments."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import targen_core
from targen_core.errors import QuotaNotMet
from targen_standard.merging.api import merge
from targen_testing.sample import SAMPLE

from ...runs import records
from ...runs import report as report_of


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two shards of a run, and runs of two other seeds."""
    folder = tmp_path_factory.mktemp("runs")
    asked = {
        "a": {"n": 16, "shard": "1/2"},
        "b": {"n": 16, "shard": "2/2"},
        "c": {"n": 6, "seed": 1},
        "d": {"labels": {"good": 9, "bad": 1}, "seed": 2},
    }
    for name, how in asked.items():
        how = {"model": "scripted", "cache": False, "progress": False, **how}
        targen_core.generate(SAMPLE, out=folder / name, **how)
    return folder


@settings(max_examples=12, deadline=None)
@given(
    names=st.permutations("abcd"),
    count=st.integers(1, 4),
    good=st.integers(0, 24),
    bad=st.integers(1, 24),
    alike=st.sampled_from([0.0, 90.0, 60.0]),
)
def test_numbers_are_exact_or_what_lacks_is_said(runs, names, count, good, bad, alike):
    labels = {"good": good, "bad": bad}
    files = []
    for order in (names[:count], sorted(names[:count], reverse=True)):
        short = None
        try:
            merge(
                [runs / name for name in order],
                out=runs / "out",
                labels=labels,
                near_duplicates=alike,
                task=SAMPLE,
            )
        except QuotaNotMet as error:
            short = error
        report = report_of(runs / "out")
        made = Counter(record["label"] for record in records(runs / "out"))
        assert {name: made[name] for name in labels} == report["rows"]
        assert report["requested"] == labels
        lacking = sum(labels[name] - made[name] for name in labels)
        assert lacking == (0 if short is None else short.lacking)
        if short is not None:
            halved = len({"a", "b"} & {*order}) == 1  # one of the two shards is not there
            assert ("generate those shards" if halved else "targen resume ") in short.hint
            assert report["problem"] in str(short)
        for flow in report["flow"].values():
            judged = sum(flow["accepted"].values()) + sum(flow["surplus"].values())
            judged += sum(flow["rejected"].values()) + flow["duplicate"]
            assert judged == flow["judged"]
            assert min([*flow["accepted"].values(), *flow["surplus"].values(), 0]) == 0
        taken = [one["rows"] for one in report["merged"]]
        assert sum(taken) == sum(made.values())
        files.append({p.name: p.read_bytes() for p in (runs / "out").iterdir()})
    assert files[0] == files[1]


def test_rows_of_different_labels_are_alike_only_if_they_are_equal(tmp_path):
    text = "The parcel was two days late, and no one told me when it would come."
    near = text.replace("was", "was not")
    said = {"a": {"good": text}, "b": {"good": near, "bad": text}, "c": {"bad": near}}
    runs = []
    for seed, (name, texts) in enumerate(said.items()):
        labels = {"good": 0, "bad": 0, **dict.fromkeys(texts, 1)}
        out = tmp_path / name
        how = {"cache": False, "progress": False, "near_duplicates": 90 * (name != "b")}
        targen_core.generate(SAMPLE, out=out, labels=labels, seed=seed, model="scripted", **how)
        rows = records(out, "dataset.jsonl")
        with open(out / "dataset.jsonl", "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({**row, "text": texts[row["label"]]}) + "\n")
        runs.append(out)
    out = tmp_path / "all"
    with pytest.raises(QuotaNotMet):  # "b" repeats both rows of "a": one nearly, one exactly
        merge(runs, out=out, task=SAMPLE)
    kept = [(row["text"], row["label"]) for row in records(out, "dataset.jsonl")]
    assert len(kept) == 2
    assert {label for _, label in kept} == {"good", "bad"}
    assert len({text for text, _ in kept}) == 2
