"""What BoolQ is: its rows, its questions and what the paper's variant asks."""

from __future__ import annotations

from collections import Counter

import pytest

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.boolq.task import BOOLQ, BoolqRow, check_question
from targen_tasks_superglue.shared.articles import Paragraph

from .originals import needs_original, original

ROW = BoolqRow(passage="Basalt -- It is a rock.", question="is basalt a rock", label=True)


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


@pytest.mark.parametrize(
    ("variants", "options"), [([], ("true", "false", "undecided")), (["paper"], ("true", "false"))]
)
def test_the_judge_may_find_a_question_undecided_but_not_in_the_paper_s_variant(variants, options):
    task = BOOLQ.varied(variants)
    (question,) = task.questions(ROW)
    assert (question.options, question.output) == (options, ("true",))
    assert question.input == "Passage: Basalt -- It is a rock.\nQuestion: is basalt a rock"
    if variants:
        for text in (task.judging.instructions, task.texts.instruction_template.text):
            assert "undecided" not in text
            assert "offers nothing" in text  # which is false
        assert "undecided" not in {sample.actual for sample in task.judging.samples}
    else:
        correction = task.aggregate(ROW, [JudgeAnswer(("undecided",), "It is left open.")])
        assert (correction.label, correction.reason) == (None, "undecided")


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
