"""Small datasets such as people review, of a task in a file: plain enough to know by heart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TASK = """
edition: 1 # the tests know by heart what the model of the dry run makes of this
description: Short reviews of restaurants.
labels:
  positive: the guest would come back
  negative: the guest would not come back
fields:
  text:
    description: the review
    words: [3, 40]
contexts: [lunch, dinner]
"""


@pytest.fixture
def task_file(tmp_path):
    path = tmp_path / "reviews.yaml"
    path.write_text(TASK)
    return path


@pytest.fixture
def rows_file(tmp_path):
    """Write a dataset of so many reviews; the first texts may be given."""

    def write(count: int = 6, *texts: str, name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        with open(path, "w", encoding="utf-8") as file:
            for at in range(count):
                text = texts[at] if at < len(texts) else f"The soup number {at} was warm and good."
                label = "negative" if at % 2 else "positive"
                file.write(json.dumps({"text": text, "label": label, "idx": at}) + "\n")
        return path

    return write


@pytest.fixture
def run(tmp_path, task_file, finished):
    """A run of six rows made without a model: row 1 was relabelled by step 4, and it has rejects.

    The rejects are one of step 4 and one of a check, as a run writes them.
    """
    folder = finished(task_file, "-n", 6, out=tmp_path / "reviews-0")
    records = _read(folder / "provenance.jsonl")
    rows = _read(folder / "dataset.jsonl")
    records[1]["label"] = rows[1]["label"] = "positive"
    records[1]["explanation"] = "The guest would come back."
    _write(folder / "provenance.jsonl", records)
    _write(folder / "dataset.jsonl", rows)
    reject = {"verdict": "rejected", "intended": "negative", "corrected": None, "seed": "tea"}
    rejects = [
        {
            **reject,
            "id": "1.7/negative/0",
            "stage": "correct",
            "reason": "no-valid-instance",
            "detail": "It is about a bus.",
            "instance": {"text": "The bus was late again today.", "label": "negative"},
        },
        {
            **reject,
            "id": "1.8/negative/0",
            "stage": "check",
            "reason": "too-short",
            "detail": "2 words",
            "instance": {"text": "Never again.", "label": "negative"},
        },
    ]
    _write(folder / "rejects.jsonl", rejects)
    return folder


@pytest.fixture
def run_made(tmp_path, task_file, finished):
    """A run of six rows as it was made, which can be resumed."""
    return finished(task_file, "-n", 6, out=tmp_path / "made-0")


def _read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _write(path: Path, records: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
