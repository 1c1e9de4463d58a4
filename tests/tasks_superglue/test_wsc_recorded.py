"""WSC on hand-written replies such as a model gives: what becomes of each is known."""

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
from targen_tasks_superglue.shared.mentions import same_words
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wsc import WSC
from targen_tasks_superglue.wsc.spans import first_mentions

RECORDED = Path(__file__).parent / "recorded" / "wsc.jsonl"
EXAMPLES = Path(__file__).parents[2] / "examples" / "superglue" / "wsc.jsonl"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder and the report of a run on the recorded replies."""
    out = tmp_path_factory.mktemp("wsc") / "run"
    registry = load_registry()
    spec = RunSpec(
        task=registry.find("task", "wsc").id,
        quotas={"true": 45, "false": 45},
        backend="targen-core:scripted",
        options={"recorded": str(RECORDED)},
        labels_per_seed="all",
        seeds_from="paper-subject-pairs",
        limits=Limits(concurrency=4),
    )
    with Job.create(registry, spec, out) as job:
        return out, job.run()


def test_the_replies_make_ninety_rows(ran):
    out, report = ran
    assert report["status"] == "complete"
    rows = list(read_jsonl(out / "dataset.jsonl"))
    assert Counter(row["label"] for row in rows) == {True: 45, False: 45}
    for row in rows:
        WSC.schema.model_validate(row)
    assert len({row["text"] for row in rows}) == 90


def test_what_became_of_each_candidate(ran):
    _, report = ran
    flow = report["flow"]
    assert flow["true"]["accepted"] == {"true": 43, "false": 4}
    assert flow["false"]["accepted"] == {"true": 2, "false": 41}
    assert flow["true"]["reasons"] == {
        "too-many-sentences": 2,
        "unmarked-pronoun": 2,
        "no-valid-instance": 1,
    }
    assert flow["false"]["reasons"] == {
        "unknown-referent": 2,
        "phrase-missing": 2,
        "no-valid-instance": 2,
    }
    assert report["dropped_list_items"] == [
        {"step": "seeds", "reason": "gendered-subject", "count": 1}
    ]


def test_a_wrong_mark_is_mended_by_the_judge(ran):
    out, _ = ran
    rows = list(read_jsonl(out / "dataset.jsonl"))
    corrected = {
        row["text"]: row["label"]
        for row, entry in zip(rows, read_jsonl(out / "provenance.jsonl"), strict=True)
        if entry["label"] != entry["intended"]
    }
    assert len(corrected) == 6
    assert corrected[
        "The head nurse scolded the cleaner, because she had left a full bucket right in the "
        "doorway of ward three."
    ] is False  # fmt: skip


def test_the_first_phrase_predicts_no_label(ran):
    """Nor after correction, which takes no heed of the order."""
    out, _ = ran
    seen = Counter()
    rows = read_jsonl(out / "dataset.jsonl")
    for row, entry in zip(rows, read_jsonl(out / "provenance.jsonl"), strict=True):
        first = next(iter(first_mentions(row["text"], PronounPair.model_validate(entry["seed"]))))
        asked = row["target"]["span1_text"].removeprefix("The ").removeprefix("the ")
        seen[row["label"], same_words(asked, first)] += 1
    for label in (True, False):
        assert 0.4 <= seen[label, True] / 45 <= 0.6


def test_the_examples_are_official_rows():
    rows = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").split("\n") if line]
    assert len(rows) == 50
    assert [row["idx"] for row in rows] == list(range(50))
    for row in rows:
        WSC.schema.model_validate(row)
    assert Counter(row["label"] for row in rows) == {True: 25, False: 25}
    assert len({WSC.render(WSC.from_rows([row])[0]) for row in rows}) == 50
