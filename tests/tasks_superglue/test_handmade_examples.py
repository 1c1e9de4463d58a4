"""The hand-made rows, by which instructions are scored, are rows of their tasks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import load_registry

EXAMPLES = Path(__file__).parents[2] / "examples" / "superglue"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.jsonl"))


def rows_of(name: str) -> list[dict]:
    text = (EXAMPLES / f"{name}.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_there_are_some():
    assert {"cb", "copa", "rte"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_labelled_rows_in_official_form(name):
    task = load_registry().get("task", name)
    rows = rows_of(name)
    for row in rows:
        task.schema.model_validate(row)
    assert len({json.dumps(row) for row in rows}) == len(rows)
    instances = [
        instance
        for start in range(0, len(rows), task.unit)
        for instance in task.instances_of(rows[start : start + task.unit])
    ]
    labels = Counter(map(task.quota_of, instances))
    assert set(labels) == set(task.quota_names), "every label is there"
    idx = [row["idx"] for row in rows]
    assert idx == list(range(len(rows)))


@pytest.mark.parametrize("name", ["cb", "copa", "rte"])
def test_there_are_fifty_with_balanced_labels(name):
    labels = Counter(row["label"] for row in rows_of(name))
    assert labels.total() == 50
    assert max(labels.values()) - min(labels.values()) <= 1


def test_the_question_of_copa_predicts_no_label():
    cells = Counter((row["question"], row["label"]) for row in rows_of("copa"))
    assert max(cells.values()) - min(cells.values()) <= 1
