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
RUNS: dict[str, dict[str, Any]] = {
    "axg": {
        "quotas": {"entailment": 86, "not_entailment": 86},
        "options": {"seeds.batch": 10},
        "labels_per_seed": "all",
    },
    "record": {"quotas": {"any": 56}},
    "wic": {"quotas": {"true": 31, "false": 24}, "labels_per_seed": "all"},
    "wsc": {
        "quotas": {"true": 45, "false": 45},
        "labels_per_seed": "all",
        "seeds_from": "paper-subject-pairs",
    },
}
AXG = {
    "pronoun-dependent": 2,
    "gendered-pronoun": 1,
    "names-both": 1,
    "no-article": 1,
    "no-valid-instance": 1,
}
EXPECTED: dict[str, dict[str, Any]] = {
    "axg": {
        "accepted": {
            "entailment": {"entailment": 41},
            "not_entailment": {"entailment": 2, "not_entailment": 43},
        },
        "reasons": {"entailment": {**AXG, "ambiguous": 2}, "not_entailment": AXG},
        "dropped": {
            "gendered-subject": 1,
            "not-a-pair": 1,
            "other-opening": 1,
            "several-pronouns": 1,
        },
    },
    "record": {
        "accepted": {"any": {"any": 54, "relabelled": 2}},
        "reasons": {
            "any": {
                "ambiguous": 2,
                "copy-of-sentence": 1,
                "few-candidates": 1,
                "inconsistent": 1,
                "no-mask": 1,
                "no-valid-instance": 1,
                "several-masks": 1,
            }
        },
        "dropped": {},
    },
    "wic": {
        "accepted": {"true": {"true": 29, "false": 2}, "false": {"false": 22, "true": 2}},
        "reasons": {
            "true": {"markup": 1, "repeated-word": 1},
            "false": {
                "inconsistent": 1,
                "meta-text": 1,
                "no-valid-instance": 1,
                "shared-words": 1,
                "word-missing": 1,
            },
        },
        "dropped": {"near-equal-definitions": 1, "no-partner": 2},
    },
    "wsc": {
        "accepted": {"true": {"true": 43, "false": 4}, "false": {"true": 2, "false": 41}},
        "reasons": {
            "true": {"too-many-sentences": 2, "unmarked-pronoun": 2, "no-valid-instance": 1},
            "false": {"unknown-referent": 2, "phrase-missing": 2, "no-valid-instance": 2},
        },
        "dropped": {"gendered-subject": 1},
    },
}


def _answer(row: dict[str, Any]) -> Any:
    return row["qas"][0]["answers"][0]["text"] if "qas" in row else row["label"]


CORRECTED: dict[str, tuple[Callable[[dict[str, Any]], str], dict[str, Any]]] = {
    "record": (
        lambda row: row["qas"][0]["query"],
        {
            "At the interval @placeholder was heard shouting in the tunnel that eleven men could "
            "not play against twelve.": "Fabio Mancuso",
            "With some pleasure @placeholder reminded the younger colleague of a bet about the old "
            "coastline that was now due.": "Yusuf Kamal",
        },
    ),
    "wic": (
        lambda row: row["sentence2"],
        {
            "She drew a circle in the dust with her stick.": False,
            "A hooded figure was waiting under the arch.": False,
            "The bugler missed two notes but nobody in the square minded.": True,
            "The idea struck Marcus while he was shaving.": True,
        },
    ),
    "wsc": (
        lambda row: row["text"],
        {
            "The head nurse scolded the cleaner, because she had left a full bucket right in the "
            "doorway of ward three.": False,
        },
    ),
}


@pytest.mark.parametrize("task", RUNS)
def test_what_becomes_of_each_reply(task, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "_SEEDS", 4)  # it is on record what all meanings of a word gave
    registry = load_registry()
    values = {**RUNS[task]}
    values["options"] = {"recorded": str(FOLDER / f"{task}.jsonl"), **values.get("options", {})}
    spec = RunSpec(task=registry.find("task", task).id, backend="targen-core:scripted", **values)
    with Job.create(registry, spec, tmp_path / "run") as job:
        report = job.run()
    flow = report["flow"]
    assert {
        "accepted": {label: part["accepted"] for label, part in flow.items()},
        "reasons": {label: part["reasons"] for label, part in flow.items()},
        "dropped": {each["reason"]: each["count"] for each in report["dropped_list_items"]},
    } == EXPECTED[task]
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
    if task in CORRECTED:
        name, expected = CORRECTED[task]
        assert {name(row): _answer(row) for row in changed}.items() >= expected.items()
