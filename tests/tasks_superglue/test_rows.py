"""Rows of every task: the official form, counts and quotas, and the original data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from targen_core.plugins.loader import load_registry
from tests.tables import table

from .originals import needs_original, original

REGISTRY = load_registry()
TASKS = "axg boolq cb copa record rte wic wsc".split()


def task_of(name: str) -> Any:
    return REGISTRY.get("task", name)


def refusal(name: str, row: dict[str, Any]) -> str:
    """What the schema says of a row, as it says it of a line of a file."""
    try:
        task_of(name).schema.model_validate_json(json.dumps(row), strict=True)
    except ValidationError as error:
        return str(error)
    return ""


# --- the official form --------------------------------------------------------

FIELDS = {
    "axg": "premise hypothesis label idx pair_id",
    "boolq": "passage question label idx",
    "cb": "premise hypothesis label idx",
    "copa": "premise choice1 choice2 question label idx",
    "record": "source passage qas idx",
    "rte": "premise hypothesis label idx",
    "wic": "word sentence1 sentence2 start1 end1 start2 end2 version label idx",
    "wsc": "text target label idx",
}


@pytest.mark.parametrize("name", TASKS)
def test_every_row_has_the_fields_of_the_official_form_in_order(name, plain):
    done = plain(name, 60)
    assert [row["idx"] for row in done.rows] == list(range(60))
    for row in done.rows:
        assert list(row) == FIELDS[name].split()
        assert refusal(name, row) == ""
        if "label" in row:  # rows of test files have none
            assert refusal(name, {key: row[key] for key in row if key != "label"}) == ""
    labels = Counter(row.get("label") for row in done.rows)
    assert set(labels.values()) == {60 // len(task_of(name).quota_names)}


FOLDER = Path(__file__).parent
ROWS = json.loads((FOLDER / "official_rows.json").read_text(encoding="utf-8"))


def changed(row: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a row with one value replaced; the path has a slash between steps."""
    copy = json.loads(json.dumps(row))
    at: Any = copy
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    for step in steps:
        at = at[step]
    at[last] = value
    return copy


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    table((FOLDER / "refusals.txt").read_text(encoding="utf-8"), columns=4),
)
def test_a_row_that_is_not_in_the_official_form_is_told_why(name, path, value, said):
    assert refusal(name, ROWS[name]) == ""
    assert said in refusal(name, changed(ROWS[name], path, json.loads(value)))


# --- the original data --------------------------------------------------------

ODDITIES = {
    ("wic", "train", 1868): "sentence1 has 'round' at 20, not a form of 'call'",
    # A wrong index, and spans that are not in the text in one piece.
    ("wsc", "val", 42): "span2",
    ("wsc", "test", 80): "span1",
    ("wsc", "test", 81): "span1",
    ("wsc", "test", 82): "span1",
}
SPLITS = [
    (name, split)
    for name in TASKS
    for split in (
        ["test"] if name == "axg" else ["train"] if name == "record" else ["train", "val", "test"]
    )
]


@needs_original
@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_the_original_rows_are_valid_and_read_back(name, split):
    task, rows = task_of(name), original(name, split)
    assert rows
    several = task.rows_per_instance
    for at in range(0, len(rows), several):
        read = rows[at : at + several]
        odd = [ODDITIES.get((name, split, row["idx"]), "") for row in read]
        for row, oddity in zip(read, odd, strict=True):
            said = refusal(name, row)
            assert oddity in said if oddity else said == ""
        if name != "record" and "label" not in read[0]:
            continue
        if not any(odd):
            (instance,) = task.from_rows(read)
            again = [dict(row) for row in task.to_rows(instance, read[0]["idx"])]
            numbers = ("idx", "pair_id", "qas")  # AX-g's pairs and ReCoRD's queries are renumbered
            for row, back in zip(read, again, strict=True):
                assert [row[key] for key in row if key not in numbers] == [
                    back[key] for key in row if key not in numbers
                ]
                for query, same in zip(row.get("qas", ()), back.get("qas", ()), strict=True):
                    assert {**query, "idx": 0} == {**same, "idx": 0}


# --- counts -------------------------------------------------------------------


@needs_original
@pytest.mark.parametrize("name", "axg cb copa rte wic wsc".split())
def test_the_original_preset_is_the_count_of_the_training_file(name):
    task = task_of(name)
    names = {label.official: label.name for label in task.labels}
    labels = Counter(names[row["label"]] for row in original(name, "train"))
    assert task.rows.presets["original"] == labels
