"""Runs on hand-written replies such as a model gives: what becomes of each is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core import Job, RunSpec, load_registry
from targen_core.reading import read_jsonl
from targen_tasks_superglue.wic import steps

FOLDER = Path(__file__).parent / "recorded"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
"""How each task is run, what becomes of its replies, and the answers that step 4 changes."""
TEXT: dict[str, Callable[[dict[str, Any]], str]] = {
    "record": lambda row: row["qas"][0]["query"],
    "wic": lambda row: row["sentence2"],
    "wsc": lambda row: row["text"],
}


def _answer(row: dict[str, Any]) -> Any:
    return row["qas"][0]["answers"][0]["text"] if "qas" in row else row["label"]


@pytest.mark.parametrize("task", EXPECTED)
def test_what_becomes_of_each_reply(task, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "_SEEDS", 4)  # it is on record what all meanings of a word gave
    registry = load_registry()
    expected = EXPECTED[task]
    values = {**expected["run"]}
    values["options"] = {"recorded": str(FOLDER / f"{task}.jsonl"), **values.get("options", {})}
    spec = RunSpec(
        task=registry.find("task", task).id, backend="targen-standard:scripted", **values
    )
    with Job.create(registry, spec, tmp_path / "run") as job:
        report = job.run()
    flow = report["flow"]
    assert {
        "accepted": {label: part["accepted"] for label, part in flow.items()},
        "reasons": {label: part["reasons"] for label, part in flow.items()},
        "dropped": {each["reason"]: each["count"] for each in report["dropped_list_items"]},
    } == {name: expected[name] for name in ("accepted", "reasons", "dropped")}
    assert report["rows"] == spec.quotas
    rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
    for row in rows:
        registry.get("task", task).schema.model_validate_json(json.dumps(row), strict=True)
    provenance = list(read_jsonl(tmp_path / "run" / "provenance.jsonl"))
    several = registry.get("task", task).rows_per_instance
    changed = [
        row
        for row, entry in zip(rows[::several], provenance, strict=True)
        if entry["label"] not in (entry["intended"], entry.get("claimed", "any"))
    ]
    if task in TEXT:
        answers = {TEXT[task](row): _answer(row) for row in changed}
        assert answers.items() >= expected["corrected"].items()
