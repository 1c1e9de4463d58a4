"""MultiRC on replies written down as a model gave them: rows, label flow and reasons are pinned."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from targen_core import RunSpec, load_registry
from targen_core.runs.jobs.job import Job
from targen_tasks_multirc.official import OfficialMultiRc, from_rows, pack
from targen_tasks_multirc.task import MULTIRC
from targen_tasks_superglue.shared.articles import Paragraph
from tests.files import lines

RECORDED = Path(__file__).parent / "recorded" / "multirc.jsonl"
EXAMPLES = Path(__file__).parents[3] / "examples" / "superglue" / "multirc.jsonl"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded") / "run"
    spec = RunSpec(
        task="targen-tasks-multirc:multirc",
        quotas={"any": 51},
        backend="targen-standard:scripted",
        options={"recorded": str(RECORDED)},
    )
    with Job.create(load_registry(), spec, folder) as job:
        job.run()
    return folder


def test_rows(ran):
    rows = lines(ran / "dataset.jsonl")
    assert len(rows) == 51
    for row in rows:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    asked = {row["passage"]["questions"][0]["question"] for row in rows}
    assert len(asked) == 51


def test_label_flow(ran):
    flow = json.loads((ran / "report.json").read_text())["flow"]["any"]
    assert flow["judged"] == 60
    assert flow["accepted"] == {"any": 48, "relabelled": 3}
    reasons = {"one-sentence": 5, "uneven-options": 1, "meta-option": 1, "no-question": 1}
    assert flow["reasons"] == {**reasons, "inconsistent": 1}


def test_corrected_sets_are_the_right_ones(ran):
    corrected = {}
    for row, entry in zip(
        lines(ran / "dataset.jsonl"), lines(ran / "provenance.jsonl"), strict=True
    ):
        (question,) = from_rows([row])
        assert question.label == entry["label"]
        if re.search("part in the work|contradicted|stay the same", question.question):
            corrected[question.question] = {o.text for o in question.options if o.right}
    assert corrected == {
        "Who or what had a part in the work on the pylons before the reopening?": {
            "A local builder",
            "A firm from Innsbruck",
        },
        "Which of these stay the same during a whole month?": {
            "How much of the Moon is lit",
            "What the Moon is made of",
        },
        "Which details of the story are contradicted by what was really found?": {
            "The meal that was half eaten"
        },
    }


def test_the_hand_made_examples_are_official_rows():
    rows = lines(EXAMPLES)
    for row in rows:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    assert pack(rows) == rows
    questions = from_rows(rows)
    assert len(questions) == 50
    for question in questions:
        for check in MULTIRC.checks:
            check(question, Paragraph(title="A title", text=question.passage))
    kinds = Counter("all" if all(o.right for o in q.options) else len(q.right) for q in questions)
    assert min(kinds["all"], kinds[1], kinds[2], kinds[3]) >= 1
