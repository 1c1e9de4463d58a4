"""The hand-made rows, by which instructions are scored, are rows of their tasks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import Rejected
from targen_core.plugins.loader import load_registry
from targen_tasks_superglue.copa.task import Event
from targen_tasks_superglue.rte.task import Premise

EXAMPLES = Path(__file__).parents[2] / "examples" / "superglue"
NAMES = "axg boolq cb copa record rte wic wsc".split()  # MultiRC's are tested beside its task


def rows_of(name: str) -> list[dict]:
    text = (EXAMPLES / f"{name}.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_labelled_rows_in_official_form(name):
    task = load_registry().get("task", name)
    rows = rows_of(name)
    for row in rows:
        task.schema.model_validate(row)
    assert len({json.dumps(row) for row in rows}) == len(rows)
    instances = [
        instance
        for start in range(0, len(rows), task.rows_per_instance)
        for instance in task.from_rows(rows[start : start + task.rows_per_instance])
    ]
    labels = Counter(map(task.quota_of, instances))
    assert set(labels) == set(task.quota_names), "every label is there"
    idx = [row["idx"] for row in rows]
    assert idx == list(range(len(rows)))


SEEDS = {
    "cb": str,
    "copa": lambda row: Event(event=row.premise),
    "rte": lambda row: Premise(premise=row.premise),
}


@pytest.mark.parametrize("name", SEEDS)
def test_there_are_fifty_with_balanced_labels_that_pass_their_task_s_checks(name):
    """Rows of a variant those of the variant."""
    task = load_registry().get("task", name)
    rows = rows_of(name)
    labels = Counter(row["label"] for row in rows)
    assert labels.total() == 50
    assert max(labels.values()) - min(labels.values()) <= 1
    made = [task, *([task.varied(["commitment"])] if name == "cb" else [])]
    for row in rows:
        (instance,) = task.from_rows([row])
        assert "" in {refusal(each, instance, SEEDS[name](instance)) for each in made}, row


def refusal(task, instance, seed):
    try:
        for check in task.checks:
            check(instance, seed)
    except Rejected as error:
        return error.reason
    return ""
