"""The metric of outputs, against figures that are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from targen_analysis.metrics import Study
from targen_analysis.testing.corpora import dataset
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_outputs.metric import OUTPUTS

from .test_exporters import span


class TestOutputs(Suite):
    metric = "outputs"


def corpus(rows, texts):
    """Rows with these columns besides their texts."""
    made = dataset(count=len(rows), fields=[f"text{at}" for at in range(len(texts[0]))])
    return replace(made, rows=rows, texts=[tuple(each) for each in texts])


def measured(rows, texts):
    return OUTPUTS.measure(Study((corpus(rows, texts),)), OUTPUTS.options())


def test_spans_are_counted_by_type_length_place_and_mention():
    one, other = "Ann Lee of Rome rang up.", "In Paris, it was hot for ann lee"
    rows = [
        {"spans": [span(one, "Ann Lee", "person"), span(one, "Rome", "place")]},
        {"spans": [span(other, "Paris", "place"), span(other, "ann lee", "person")]},
        {"spans": []},
    ]
    found = measured(rows, [[one], [other], ["nothing"]])
    figures = found.figures["mine"]
    assert figures["spans per row"].value == pytest.approx(4 / 3)
    assert figures["words of a span"].value == 1.5
    # Each Ann Lee by the other; Rome and Paris by the most frequent type, which is that of persons.
    assert figures["type from mention"].value == 0.5
    assert figures["different mentions"].value == 0.75
    types, mentions = found.tables
    by_type = {row[0]: [getattr(cell, "value", cell) for cell in row[1:]] for row in types.rows}
    assert by_type == {"person": [2, 2, 2, 0.5, 0, 0.5], "place": [2, 2, 1, 0.5, 0.5, 0]}
    assert [(row[0], row[1], row[2]) for row in mentions.rows] == [("person", "Ann Lee", 2)]


SCORED = [{"score": 5 - at} for at in range(5)]
FURTHER = [["x", "x " * (at + 1)] for at in range(5)]
CHOSEN = {"chosen": "an hour or so", "rejected": "long"}


@pytest.mark.parametrize(
    ("rows", "texts", "figure", "value", "warned"),
    [
        ([{"labels": ["a"]}, {"labels": []}], [["x"], ["y"]], "labels per row", 0.5, False),
        ([{"answers": ["in May"]}], [["x"]], "words of an answer", 2, False),
        (SCORED, FURTHER, "score and difference of lengths", -1, False),
        ([CHOSEN] * 40, [["x"]] * 40, "chosen is longer", 1, True),
        ([CHOSEN], [["x"]], "chosen is longer", 1, False),
        ([{"ranked": ["a b", "a b c", "c"]}], [["x"]], "chosen is longer", 1, False),
    ],
)
def test_what_gives_an_output_away_is_a_figure(rows, texts, figure, value, warned):
    found = measured(rows, texts)
    assert found.figures["mine"][figure].value == pytest.approx(value)
    assert bool(found.warnings) == warned
