"""What BoolQ is: its rows, its kinds of question, its worked examples and its counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.boolq import BOOLQ, BoolqRow
from targen_tasks_superglue.boolq.checks import (
    check_question,
    official_question,
)
from targen_tasks_superglue.boolq.dimensions import KINDS
from targen_tasks_superglue.shared.articles import Paragraph

ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "BoolQ"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason=f"the original data is not at {ORIGINAL}"
)


def original(split: str) -> list[dict]:
    lines = (ORIGINAL / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


# --- rows ---------------------------------------------------------------------


def test_the_passage_is_the_paragraph_behind_its_title(run):
    ran = run(task="boolq", rows=20)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["passage"] == f"{entry['seed']['title']} -- {entry['seed']['text']}"
        assert entry["above"][1]["title"] == entry["seed"]["title"]
        assert entry["above"][1]["category"] == entry["above"][0]


def test_in_the_paper_s_variant_a_passage_gets_a_question_of_each_label(run):
    labels: dict[str, set[bool]] = {}
    for row in run(task="boolq", rows=40, variants=("paper",)).rows:
        labels.setdefault(row["passage"], set()).add(row["label"])
    assert all(actual == {True, False} for actual in labels.values())


# --- labels by construction ---------------------------------------------------


def test_a_third_of_the_questions_needs_inference_under_both_labels(run):
    ran = run(task="boolq", rows=240)
    kinds = Counter((e["label"], e["dimensions"]["kind"]) for e in ran.provenance)
    assert set(kinds) == {(label, kind) for label in ("true", "false") for kind in KINDS}
    for label in ("true", "false"):
        assert 0.25 < kinds[label, "inferred"] / 120 < 0.42


# --- step 4 -------------------------------------------------------------------

ROW = BoolqRow(passage="Basalt -- It is a rock.", question="is basalt a rock", label=True)


def test_the_judge_may_find_a_question_undecided():
    (question,) = BOOLQ.questions(ROW)
    assert question.options == ("true", "false", "undecided")
    assert question.output == ("true",)
    assert question.input == "Passage: Basalt -- It is a rock.\nQuestion: is basalt a rock"
    correction = BOOLQ.aggregate(ROW, [JudgeAnswer(("undecided",), "It is left open.")])
    assert (correction.label, correction.reason) == (None, "undecided")


def test_in_the_paper_s_variant_what_is_undecided_is_false():
    paper = BOOLQ.varied(["paper"])
    (question,) = paper.questions(ROW)
    assert question.options == ("true", "false")
    assert "undecided" not in paper.judging.instructions
    assert "undecided" not in {sample.actual for sample in paper.judging.samples}
    assert "offers nothing" in paper.judging.instructions
    assert "offers nothing" in paper.texts.instruction_template.text


def test_in_the_paper_s_variant_any_yes_no_query_will_do(run):
    def bend(step, good, repair):
        if step == "generate":
            return {"question": "Was it always so that all of them told only this?"}
        return good

    plain = run(bend, task="boolq", rows=2)
    assert plain.reasons == {"absolute-word"}
    plain.path.rename(plain.path.with_name("plain"))
    ran = run(bend, task="boolq", rows=2, variants=("paper",))
    assert len(ran.rows) == 2
    assert {r.origin.prompt for r in ran.requests if r.origin.step == "generate"} == {
        "yes-paper",
        "no-paper",
    }
    assert all("kind" not in entry.get("notes", {}) for entry in ran.provenance)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Does the passage say when it was built?", "meta-text"),
        ("Was it a church or a school in those days?", "either-or"),
        ("Did it stand there? Is it gone by now?", "several-questions"),
    ],
)
def test_what_yes_and_no_do_not_answer_is_no_query_of_the_variant(question, reason, run, at):
    bad = at("generate", lambda good: {"question": question}, always=True)
    ran = run(bad, task="boolq", rows=2, variants=("paper",))
    assert ran.rows == []
    assert ran.reasons <= {reason, "malformed-reply"}


@needs_original
def test_few_original_questions_are_rejected_as_either_or_or_about_the_text():
    reasons = Counter()
    for row in original("val"):
        title, _, text = row["passage"].partition(" -- ")
        (instance,) = BOOLQ.from_rows([row])
        try:
            check_question(instance, Paragraph(title=title, text=text))
        except Rejected as error:
            reasons[error.reason] += 1
    assert reasons["either-or"] == 2
    assert reasons["meta-text"] == 0
    assert reasons.total() / 3270 < 0.1


def test_undecided_is_rejected_by_default_and_relabelled_in_the_variant(run):
    def bend(step, good, repair):
        if step != "correct" or good["actual"] != "true":
            return good
        return {**good, "actual": "undecided", "verdict": "incorrect"}

    ran = run(bend, task="boolq", quotas={"true": 2, "false": 2})
    assert {row["label"] for row in ran.rows} == {False}
    assert ran.reasons == {"undecided"}
    assert ran.report["flow"]["true"]["rejected"] == {"correct": 12}


# --- the official form of questions -------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Was Ada Brenner born in Oberau?", "was ada brenner born in oberau"),
        ("  Was it   built\n in 1901 ? ", "was it built in 1901"),
        ("“Did the Herald print it?”", "did the herald print it"),
        ("'Is the U.S. Army older?'", "is the u.s. army older"),
        ("IS IT??", "is it"),
        ("Did Émile Łuka see it?!", "did émile łuka see it"),
    ],
)
def test_a_question_takes_the_form_of_a_search(text, question):
    assert official_question(text) == question


@given(st.text(max_size=60))
def test_any_text_takes_the_official_form_or_is_empty(text):
    question = official_question(text)
    if question.strip():
        BoolqRow(passage="A -- b.", question=question, label=True)
    assert official_question(question) == question


# --- worked examples and prompts ----------------------------------------------


def test_a_check_tells_what_is_wrong():
    seed = Paragraph(title="Basalt", text="Basalt is a dark rock. It comes from volcanoes.")
    row = BoolqRow(passage="Other -- It is.", question="is basalt a rock", label=True)
    with pytest.raises(Rejected) as caught:
        check_question(row, seed)
    assert caught.value.reason == "passage-changed"
