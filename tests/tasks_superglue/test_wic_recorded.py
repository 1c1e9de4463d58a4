"""WiC on replies written down as a model gave them: rows, label flow and reasons are pinned."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import RunSpec, load_registry
from targen_core.runs.jobs.job import Job
from targen_tasks_superglue.wic import WIC, steps

RECORDED = Path(__file__).parent / "recorded" / "wic.jsonl"


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "run"
    spec = RunSpec(
        task="targen-tasks-superglue:wic",
        quotas={"true": 31, "false": 24},
        backend="targen-core:scripted",
        options={"recorded": str(RECORDED)},
        labels_per_seed="all",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "_SEEDS", 4)  # it is on record what all meanings of a word gave
        with Job.create(load_registry(), spec, folder) as job:
            job.run()
    return folder


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_rows(ran):
    rows = _lines(ran / "dataset.jsonl")
    assert len(rows) == 55
    assert len({row["sentence1"] for row in rows}) == 55
    surfaces = Counter()
    for row in rows:
        WIC.schema.model_validate(row, strict=True)
        for number in "12":
            surface = row[f"sentence{number}"][row[f"start{number}"] : row[f"end{number}"]]
            surfaces[surface.lower() == row["word"]] += 1
    assert surfaces[False] > 25, "many stand in an inflected form"
    assert rows[0] == {
        "word": "seal",
        "sentence1": "A grey seal hauled itself onto the slipway and dozed beside our dinghy.",
        "sentence2": "Fishermen in Donegal blame the seals for torn nets.",
        "start1": 7,
        "end1": 11,
        "start2": 31,
        "end2": 36,
        "version": 1.1,
        "label": True,
        "idx": 0,
    }


def test_label_flow(ran):
    report = json.loads((ran / "report.json").read_text())
    flow = report["flow"]
    assert flow["true"]["accepted"] == {"true": 29, "false": 2}
    assert flow["false"]["accepted"] == {"false": 22, "true": 2}
    assert flow["false"]["duplicate"] == 4, "the same request has the same reply on record"


def test_corrected_labels_are_the_right_ones(ran):
    corrected = {
        (entry["seed"]["word"], row["sentence2"]): row["label"]
        for row, entry in zip(
            _lines(ran / "dataset.jsonl"), _lines(ran / "provenance.jsonl"), strict=True
        )
        if entry["label"] != entry["intended"]
    }
    assert corrected == {
        ("draw", "She drew a circle in the dust with her stick."): False,
        ("figure", "A hooded figure was waiting under the arch."): False,
        ("note", "The bugler missed two notes but nobody in the square minded."): True,
        ("strike", "The idea struck Marcus while he was shaving."): True,
    }


def test_reasons(ran):
    rejects = _lines(ran / "rejects.jsonl")
    actual = sorted(
        (record["seed"]["word"], record["intended"], record["reason"])
        for record in rejects
        if record["verdict"] == "rejected"
    )
    assert actual == [
        ("address", "false", "meta-text"),
        ("cell", "false", "shared-words"),
        ("charge", "false", "word-missing"),
        ("court", "false", "inconsistent"),
        ("scale", "true", "markup"),
        ("seal", "false", "no-valid-instance"),
        ("seal", "true", "repeated-word"),
    ]
    dropped = {
        (record["item"]["word"], record["item"]["number"]): record["reason"]
        for record in rejects
        if record["verdict"] == "dropped"
    }
    assert dropped == {
        ("note", 3): "near-equal-definitions",
        ("hamper", 0): "no-partner",
        ("hamper", 1): "no-partner",
    }


def test_the_hand_made_examples_are_official_rows():
    rows = _lines(Path(__file__).parents[2] / "examples" / "superglue" / "wic.jsonl")
    assert Counter(row["label"] for row in rows) == {True: 25, False: 25}
    assert [row["idx"] for row in rows] == list(range(50))
    for row in rows:
        WIC.schema.model_validate(row, strict=True)
