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
