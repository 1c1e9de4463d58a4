"""Labels and label flow."""

from __future__ import annotations

import pytest

from targen_analysis.labels import LABELS
from targen_analysis.metrics import MetricOptions


def measure(study):
    return LABELS.measure(study, MetricOptions())


def test_counts_by_label_and_the_distance_from_the_reference(corpus, study):
    mine = corpus(["x"] * 10, ["a"] * 9 + ["b"])
    other = corpus(["x"] * 4, ["a", "a", "b", "b"], name="original")
    findings = measure(study(mine, against=other))
    assert findings.tables[0].rows == [("a", 9, 2), ("b", 1, 2), ("all", 10, 4)]
    assert findings.figures["mine"]["distance of labels"].value == pytest.approx(0.4)
    assert any("40% of the rows of mine" in line for line in findings.headlines)


def test_labels_that_are_only_spelt_differently_are_named(corpus, study):
    other = corpus(["x"] * 3, ["Not sure", "b", "c"], name="original")
    findings = measure(study(corpus(["x"] * 3, ["not_sure ", "b", "d"]), against=other))
    said = "mine and original spell labels differently: 'not_sure ' and 'Not sure'. They count"
    assert findings.warnings[0].startswith(said)


def test_flow_of_two_columns(corpus, study):
    intended = ["yes"] * 6 + ["no"] * 4
    labels = ["yes"] * 4 + ["no", ""] + ["no"] * 3 + ["maybe"]
    findings = measure(study(corpus(["x"] * 10, labels, intended=intended)))
    table = next(t for t in findings.tables if t.title == "Label flow of mine")
    assert table.columns == ("intended", "no", "yes", "maybe", "rejected")
    assert table.rows == [("no", 3, 0, 1, 0), ("yes", 1, 4, 0, 1)]
    changed = findings.figures["mine"]["changed by correction"]
    assert changed.value == pytest.approx(2 / 9)
    heat = next(p for p in findings.plots if p.kind == "heatmap")
    assert sum(mark["share"] for mark in heat.data if mark["intended"] == "yes") == pytest.approx(1)


def test_one_label_none_and_open_ones(corpus, study):
    findings = measure(study(corpus(["x"] * 3, ["a"] * 3)))
    assert findings.warnings == ("All rows of mine have the label a.",)
    findings = measure(study(corpus(["x"] * 3)))
    assert findings.notes == ("mine has no labels.",)
    assert findings.tables == ()
    findings = measure(study(corpus(["x"] * 60, [f"answer {at}" for at in range(60)])))
    assert findings.tables == ()
    assert any("60 different labels" in note for note in findings.notes)
    findings = measure(study(corpus(["x"] * 3, ["a", "b", ""])))
    assert "The label is missing in 1 of 3 rows of mine." in findings.notes
    assert ("no label", 1) in findings.tables[0].rows
