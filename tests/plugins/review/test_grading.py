"""`targen review grade`: what a model is asked, what becomes of its replies, and what stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_review.grades import read_grades

GRADER = """
def reply(request):
    asked = request.messages[-1].content
    with open("asked.txt", "a") as file:
        file.write("\\n".join(each.content for each in request.messages) + "\\n@@@\\n")
    said = {"reasons": "It names a dish.", "label": "positive"}
    if "First label" in asked:
        return {**said, "first": "C", "second": "A"}
    return {**said, "grade": "B"}
"""
FAKE = ("-b", "scripted", "-o", "script=grader.py:reply", "--as", "fake")


@pytest.fixture(autouse=True)
def _folder(alone):
    Path("grader.py").write_text(GRADER)


def _asked() -> list[str]:
    return Path("asked.txt").read_text().split("\n@@@\n")[:-1]


def test_a_model_grades_the_rows_of_the_plan_and_is_marked(review, run, works):
    assert f"{review}: 6 grades by fake, a model" in works("review", "grade", run, *FAKE).out
    fake = read_grades(review)["fake"]
    assert (fake.rater.kind, fake.rater.model) == ("model", "scripted")
    (corrected,) = [grade for grade in fake.grades.values() if grade.before != grade.after]
    said = (corrected.before, corrected.after, corrected.comment)
    assert said == ("C", "A", "It names a dish.")
    others = [grade for grade in fake.grades.values() if grade.before == grade.after]
    assert [(grade.after, grade.label) for grade in others] == [("B", "positive")] * 5
    printed = works("review", "report", review).out
    compared = "finds 100% of the 6 rows acceptable, compared with 83% before correction"
    assert f"fake, a model, {compared}" in printed
    assert "only models have graded" in printed
    # What it was asked holds all, and leads to nothing.
    (asked,) = [each for each in _asked() if "First label" in each]
    for words in (
        "Short reviews of restaurants.",
        "positive: the guest would come back",
        "What the model was told that wrote the row",
        "First label: negative",
        "Second label: positive",
        '{"reasons": "...", "label": "the label that you would give", "first": "A|B|C|D", "second"',
    ):
        assert words in asked
    assert "orrected" not in asked
    (text,) = {each.split("The grades, from")[1].split("How to grade")[0] for each in _asked()}
    assert [line.split(" ")[0] for line in text.splitlines() if "):" in line] == list("ABCD")


def test_a_reply_outside_the_rubric_is_no_grade(review, in_process):
    Path("grader.py").write_text(GRADER.replace('"grade": "B"', '"grade": "E"'))
    assert in_process("review", "grade", review, *FAKE, "--give-up-after", "9").code == 1
    assert len(read_grades(review)["fake"].grades) == 1
