"""ReCoRD on replies written down as a model gave them: rows, label flow and reasons are pinned."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import RunSpec, load_registry
from targen_core.runs.jobs.job import Job
from targen_tasks_superglue.record import RECORD
from targen_tasks_superglue.record.rows import answer_of

RECORDED = Path(__file__).parent / "recorded" / "record.jsonl"


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "run"
    spec = RunSpec(
        task="targen-tasks-superglue:record",
        quotas={"any": 56},
        backend="targen-core:scripted",
        options={"recorded": str(RECORDED)},
    )
    with Job.create(load_registry(), spec, folder) as job:
        job.run()
    return folder


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_rows(ran):
    rows = _lines(ran / "dataset.jsonl")
    assert len(rows) == 56
    assert len({row["passage"]["text"] for row in rows}) == 56
    for row in rows:
        RECORD.schema.model_validate(row)
        text, (query,) = row["passage"]["text"], row["qas"]
        assert query["query"].count("@placeholder") == 1
        for answer in query["answers"]:
            assert text[answer["start"] : answer["end"] + 1] == answer["text"]
    (query,) = rows[0]["qas"]
    assert query["query"] == (
        "On cold mornings @placeholder warms the engine with a hair dryer before she lets the "
        "first cars of the day roll on board."
    )
    assert [answer["text"] for answer in query["answers"]] == ["Uta Franke", "Uta Franke"]


def test_label_flow(ran):
    report = json.loads((ran / "report.json").read_text())
    flow = report["flow"]["any"]
    assert flow["judged"] == 64
    assert flow["accepted"] == {"any": 54, "relabelled": 2}
    assert flow["rejected"] == {"generate": 4, "correct": 4}


def test_corrected_answers_are_the_right_ones(ran):
    labels = {}
    entries = _lines(ran / "provenance.jsonl")
    for row, entry in zip(_lines(ran / "dataset.jsonl"), entries, strict=True):
        (instance,) = RECORD.from_rows([row])
        assert answer_of(instance) == entry["label"]
        labels[entry["seed"]["title"]] = entry["label"]
    assert labels["Referee Paola Ricci"] == "Fabio Mancuso", "Paola Ricci was asked for"
    assert labels["Harbour of Old Tyras"] == "Yusuf Kamal", "Nadia Haddad was asked for"


def test_answers_stand_in_all_places(ran):
    notes = [entry["notes"] for entry in _lines(ran / "provenance.jsonl")]
    places = Counter(note["intended_place"] for note in notes)
    assert max(places.values()) <= 16
    assert sum(note["intended_most_frequent"] for note in notes) < 30


def test_reasons(ran):
    rejects = _lines(ran / "rejects.jsonl")
    actual = {record["seed"]["title"]: record["reason"] for record in rejects if record.get("seed")}
    assert actual == {
        "Bankruptcy of Oakes & Daughter": "inconsistent",
        "Bog man of Tollund Moss": "ambiguous",
        "Curfew of Kessel": "few-candidates",
        "Dogs on the Mersk crossing": "no-mask",
        "Drone flight over Masaya Alta": "ambiguous",
        "Lost novel of Ines Moura": "several-masks",
        "Poetry vending machines": "copy-of-sentence",
        "Strike at the Garrick Opera": "no-valid-instance",
    }
