"""What raters together decide about a row."""

from __future__ import annotations

import json

import pytest

from targen_review.grades import Grade
from targen_review.rows import ReviewRow
from targen_review.rubric import LABELS, PAPER, Rubric
from targen_review.verdicts import effect_of, verdict_of

from ...tables import table

ROW = ReviewRow(
    id="1",
    number=0,
    fields={"text": "Good soup."},
    editable=("text",),
    label="positive",
    official=({"text": "Good soup.", "label": "positive"},),
)


def grade(**said: object) -> Grade:
    return Grade.model_validate({"row": "1", "digest": "0" * 16, "at": "2026-11-20", **said})


VOTES = {
    "keep": grade(after="A"),
    "weak": grade(after="B"),
    "doubt": grade(after="C"),
    "same": grade(label="positive"),
    "other": grade(after="D", label="negative"),
    "reject": grade(reject=True, after="D"),
    "edit": grade(after="C", edit={"text": "Cold soup."}),
    "unedited": grade(after="C", edit={"text": "Good soup."}),
    "flag": grade(flag=True, comment="?"),
}


def votes(said: str) -> dict[str, Grade]:
    """What a, b and c say."""
    return dict(zip("abc", map(VOTES.__getitem__, said.split()), strict=False))


DECIDED = """
    | unseen | None
    flag | unseen | None
    keep | confirmed | True
    keep weak | confirmed | True
    keep doubt | doubted | None
    doubt doubt | doubted | False
    same | confirmed | None
    other other | relabelled | True
    other keep | disagreed | None
    reject | rejected | False
    reject doubt | disagreed | None
    edit edit | edited | True
    edit unedited | disagreed | None
    unedited | doubted | False
"""
"""What a, b and c say, the outcome, and whether the row is acceptable."""


@pytest.mark.parametrize(("said", "outcome", "acceptable"), table(DECIDED, 3))
def test_raters_decide_together(said, outcome, acceptable):
    verdict = verdict_of(ROW, votes(said), PAPER)
    assert (verdict.outcome, str(verdict.acceptable)) == (outcome, acceptable)
    assert verdict_of(ROW, dict(reversed(votes(said).items())), PAPER) == verdict


EFFECTS = """
    {"after": "R"} | labels | stays | confirmed
    {"after": "W"} | labels | leaves | rejected
    {"after": "W", "label": "positive"} | labels | leaves | rejected
    {"after": "W", "label": "negative"} | labels | changes its label to negative | relabelled
    {"after": "W", "edit": {"text": "Bad."}} | labels | changes its text | edited
    {"after": "B"} | labels | leaves | rejected
    {"after": "B", "label": "negative"} | labels | leaves | rejected
    {"after": "B", "edit": {"text": "Hot soup."}} | labels | changes its text | edited
    {"label": "negative"} | labels | changes its label to negative | relabelled
    {"flag": true} | labels | | unseen
    {"after": "C"} | paper | stays | doubted
    {"after": "D"} | paper | leaves | rejected
    {"after": "D", "label": "negative"} | paper | changes its label to negative | relabelled
    {"after": "A", "reject": true} | paper | leaves | rejected
"""


@pytest.mark.parametrize(("said", "rubric", "effect", "outcome"), table(EFFECTS, 4))
def test_a_verdict_has_the_effect_that_people_expect(said, rubric, effect, outcome):
    given, of = grade(**json.loads(said)), {"labels": LABELS, "paper": PAPER}[rubric]
    assert effect_of(ROW, given, of) == effect
    assert verdict_of(ROW, {"ann": given}, of).outcome == outcome


def test_a_grade_without_an_effect_has_that_of_its_place():
    """The worst grade stays only if it is acceptable."""
    given = PAPER.model_dump()
    for each in given["grades"]:
        del each["effect"]
    effects = [Rubric.model_validate(given).effect_of(letter) for letter in PAPER.letters]
    assert effects == [PAPER.effect_of(letter) for letter in PAPER.letters]
    both = [{"letter": each, "title": each, "acceptable": True} for each in "YN"]
    assert Rubric.model_validate({"name": "mine", "grades": both}).effect_of("N") == "stays"
