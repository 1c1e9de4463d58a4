"""Rows by what was drawn for them."""

from __future__ import annotations

import json

import pytest

import targen_core as tg
from targen_analysis.drawn import DIMENSIONS
from targen_analysis.metrics import MetricOptions
from targen_core.tasks.vocabularies import vocabulary
from targen_standard.task_files.model import Declaration

TASK = Declaration(
    description="Messages to a small shop.",
    labels={"complaint": "something went wrong", "question": "nothing went wrong"},
    fields={"text": {"words": [5, 40]}},
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    dimensions = {"length": {"one": 3, "two": 1}, "contexts.word": vocabulary("words")}
    out = tmp_path_factory.mktemp("drawn") / "shop"
    return tg.generate(
        TASK, n=64, model="scripted", variants="paper", out=out, dimensions=dimensions
    )


@pytest.fixture
def measured(run, corpus, study):
    """The run's rows with labels of one's choice."""

    def measure(label):
        rows = list(run)
        made = corpus([row["text"] for row in rows], list(map(label, rows)), run=run.path)
        for of, row in zip(made.rows, rows, strict=True):
            of["idx"] = row["idx"]
        return DIMENSIONS.measure(study(made), MetricOptions())

    return measure


def test_rows_are_counted_by_value(measured, run):
    actual = measured(lambda row: row["label"])
    tables = {table.columns[0]: table for table in actual.tables}
    by_length, by_word = tables["length"], tables["word"]
    assert [row[:2] for row in by_length.rows] == [("one", 46), ("two", 18)]
    assert by_length.columns[2:4] == ("labelled complaint", "labelled question")
    assert by_length.rows[0][2].value == 0.5
    assert len(by_word.rows) == len({record["dimensions"]["word"] for record in run.provenance})
    assert actual.figures["mine"]["length: balance"].value == pytest.approx(18 / 46)
    assert actual.headlines[0].startswith("For the rows of mine, targen drew values of word (")
    assert "length (2 values, 18 to 46 rows each)" in actual.headlines[0]
    assert not actual.warnings


def test_a_value_that_gives_a_label_away_is_warned_of(measured, run):
    lengths = {record["idx"]: record["dimensions"]["length"] for record in run.provenance}
    actual = measured(lambda row: lengths[row["idx"]])
    said = "In mine, length hints at the label: 100% of the rows with 'one'"
    assert said in " ".join(actual.warnings)


def test_rejects_count_for_their_value(measured, run):
    path = run.path / "rejects.jsonl"
    before = path.read_text()
    lost = {"verdict": "rejected", "id": "9.9/x/0", "dimensions": {"length": "two"}}
    odd = [{**lost, "dimensions": 3}, {**lost, "verdict": "surplus"}]
    path.write_text("".join(json.dumps(each) + "\n" for each in [lost] * 16 + odd))
    try:
        actual = measured(lambda row: row["label"])
    finally:
        path.write_text(before)
    table = next(table for table in actual.tables if table.columns[0] == "length")
    assert [row[-1].value for row in table.rows] == [0.0, pytest.approx(8 / 17)]
