"""AX-g on hand-written replies such as a model gives: what becomes of each is known."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import load_registry
from targen_core.options import Limits
from targen_core.reading import read_jsonl
from targen_core.runs.jobs.job import Job
from targen_core.runs.records.spec import RunSpec
from targen_tasks_superglue.axg import AXG

RECORDED = Path(__file__).parent / "recorded" / "axg.jsonl"
EXAMPLES = Path(__file__).parents[2] / "examples" / "superglue" / "axg.jsonl"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder and the report of a run on the recorded replies."""
    out = tmp_path_factory.mktemp("axg") / "run"
    registry = load_registry()
    spec = RunSpec(
        task=registry.find("task", "axg").id,
        quotas={"entailment": 86, "not_entailment": 86},
        backend="targen-core:scripted",
        options={"recorded": str(RECORDED), "seeds.batch": 10},
        labels_per_seed="all",
        limits=Limits(concurrency=4),
    )
    with Job.create(registry, spec, out) as job:
        return out, job.run()


def test_the_replies_make_eighty_six_pairs(ran):
    out, report = ran
    assert report["status"] == "complete"
    rows = list(read_jsonl(out / "dataset.jsonl"))
    assert Counter(row["label"] for row in rows) == {"entailment": 86, "not_entailment": 86}
    for row in rows:
        AXG.schema.model_validate(row)
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        assert len(AXG.from_rows([one, two])) == 1


def test_what_became_of_each_candidate(ran):
    _, report = ran
    flow = report["flow"]
    assert flow["entailment"]["accepted"] == {"entailment": 41}
    assert flow["not_entailment"]["accepted"] == {"entailment": 2, "not_entailment": 43}
    reasons = {
        "pronoun-dependent": 2,
        "gendered-pronoun": 1,
        "names-both": 1,
        "no-article": 1,
        "no-valid-instance": 1,
    }
    assert flow["entailment"]["reasons"] == {**reasons, "ambiguous": 2}
    assert flow["not_entailment"]["reasons"] == reasons


def test_sentences_that_broke_the_rules_were_left_out(ran):
    _, report = ran
    assert {item["reason"]: item["count"] for item in report["dropped_list_items"]} == {
        "gendered-subject": 1,
        "not-a-pair": 1,
        "other-opening": 1,
        "several-pronouns": 1,
    }


def test_pairs_that_were_judged_by_their_pronoun_say_so(ran):
    out, _ = ran
    actual = [
        record
        for record in read_jsonl(out / "rejects.jsonl")
        if record["reason"] == "pronoun-dependent"
    ]
    assert len(actual) == 4
    assert {record["seed"]["second"] for record in actual} == {"doctor", "student nurse"}
    for record in actual:
        assert "with the first pronoun" in record["detail"]
        assert "with the second" in record["detail"]


def test_label_and_subject_stay_crossed(ran):
    out, _ = ran
    seen = Counter(
        (entry["label"], entry["notes"]["means"]) for entry in read_jsonl(out / "provenance.jsonl")
    )
    assert min(seen.values()) >= 19
    orders = Counter(
        (entry["label"], entry["notes"]["first_premise"])
        for entry in read_jsonl(out / "provenance.jsonl")
    )
    assert min(orders.values()) >= 19


def test_the_examples_are_official_rows():
    rows = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").split("\n") if line]
    assert len(rows) == 50
    assert [row["idx"] for row in rows] == list(range(50))
    assert len({row["pair_id"] for row in rows}) == 50
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        AXG.schema.model_validate(one)
        AXG.schema.model_validate(two)
        assert len(AXG.from_rows([one, two])) == 1
    assert Counter(row["label"] for row in rows) == {"entailment": 26, "not_entailment": 24}
