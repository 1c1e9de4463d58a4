"""What BoolQ is: its rows, its kinds of question, its worked examples and its counts."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.boolq import BOOLQ, BoolqRow
from targen_tasks_superglue.boolq.checks import (
    check_question,
    official,
    official_question,
)
from targen_tasks_superglue.shared.articles import Paragraph

from .originals import needs_original, original

# --- rows ---------------------------------------------------------------------


def test_the_passage_is_the_paragraph_behind_its_title(plain):
    ran = plain("boolq", 60)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["passage"] == f"{entry['seed']['title']} -- {entry['seed']['text']}"
        assert entry["above"][1]["title"] == entry["seed"]["title"]
        assert entry["above"][1]["category"] == entry["above"][0]


def test_in_the_paper_s_variant_a_passage_gets_a_question_of_each_label(plain):
    labels: dict[str, set[bool]] = {}
    for row in plain("boolq", 24, variants=("paper",)).rows:
        labels.setdefault(row["passage"], set()).add(row["label"])
    assert all(actual == {True, False} for actual in labels.values())


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


@needs_original
def test_few_original_questions_are_rejected_as_either_or_or_about_the_text():
    reasons = Counter()
    for row in original("boolq", "val"):
        title, _, text = row["passage"].partition(" -- ")
        (instance,) = BOOLQ.from_rows([row])
        try:
            check_question(instance, Paragraph(title=title, text=text))
        except Rejected as error:
            reasons[error.reason] += 1
    assert reasons["either-or"] == 2
    assert reasons["meta-text"] == 0
    assert reasons.total() / 3270 < 0.1


# --- the official form of questions -------------------------------------------


@given(st.text(max_size=60))
def test_any_text_takes_the_official_form_or_is_empty(text):
    question = official_question(text)
    if question.strip():
        BoolqRow(passage="A -- b.", question=question, label=True)
    assert official_question(question) == question


# --- questions ----------------------------------------------------------------


@given(st.text(min_size=1), st.text(min_size=1))
def test_plain_texts_become_a_row_once(passage, question):
    made = official({"passage": passage, "question": question})
    assert official(made) == made
