"""What raters together say of a row, and how right step 4 was by them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_review.grades import Grade
from targen_review.rows import ReviewRow
from targen_review.rubric import LABELS, PAPER, Rubric
from targen_review.step4 import Agreement, step4_precision
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
    | agree | unseen | None
    flag | agree | unseen | None
    keep | agree | confirmed | True
    keep weak | agree | confirmed | True
    keep doubt | agree | doubted | None
    keep keep doubt | majority | confirmed | True
    doubt doubt | agree | doubted | False
    same | agree | confirmed | None
    other other | agree | relabelled | True
    other keep | agree | disagreed | None
    other keep | majority | disagreed | None
    other other keep | majority | relabelled | True
    other other keep | c | confirmed | True
    other reject flag | c | disagreed | None
    reject | agree | rejected | False
    reject doubt | agree | disagreed | None
    edit edit | agree | edited | True
    edit unedited | agree | disagreed | None
    unedited | agree | doubted | False
"""
"""What a, b and c say, the rule, the outcome, and whether the row is acceptable."""


@pytest.mark.parametrize(("said", "rule", "outcome", "acceptable"), table(DECIDED, 4))
def test_raters_decide_by_the_rule(said, rule, outcome, acceptable):
    verdict = verdict_of(ROW, votes(said), rule, PAPER)
    assert (verdict.outcome, str(verdict.acceptable)) == (outcome, acceptable)


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
    assert verdict_of(ROW, {"ann": given}, "agree", of).outcome == outcome


def test_a_grade_without_an_effect_has_that_of_its_place():
    """Plans from before verdicts have none. The worst grade stays only if it is acceptable."""
    given = PAPER.model_dump()
    for each in given["grades"]:
        del each["effect"]
    effects = [Rubric.model_validate(given).effect_of(letter) for letter in PAPER.letters]
    assert effects == [PAPER.effect_of(letter) for letter in PAPER.letters]
    both = [{"letter": each, "title": each, "acceptable": True} for each in "YN"]
    assert Rubric.model_validate({"name": "mine", "grades": both}).effect_of("N") == "stays"


_LABELS = st.sampled_from(["positive", "negative", "reject", "=positive", ""])
_SAID = st.fixed_dictionaries(
    {},
    optional={
        "after": st.sampled_from("ABCD"),
        "label": _LABELS,
        "reject": st.booleans(),
        "edit": st.dictionaries(st.just("text"), st.sampled_from(["Good soup.", "x"])),
    },
)


@given(
    st.dictionaries(st.sampled_from("abcde"), _SAID), st.sampled_from(["agree", "majority", "a"])
)
def test_who_comes_first_does_not_matter(said, rule):
    grades = {name: grade(**one) for name, one in said.items()}
    verdict = verdict_of(ROW, dict(reversed(grades.items())), rule, PAPER)
    assert verdict == verdict_of(ROW, grades, rule, PAPER)
    assert [*verdict.grades] == sorted(grades)


def test_step_4_is_as_right_as_people_say():
    relabelled = replace(ROW, before="negative")
    rejected = ReviewRow(id="r", number=None, fields={}, before="negative", stage="correct")
    rows = [
        (relabelled, "keep same"),  # agreed
        (relabelled, "other other"),  # the old label was right
        (relabelled, "doubt"),  # neither
        (relabelled, "reject"),
        (relabelled, "keep other"),  # split
        (relabelled, "flag"),  # nothing said
        (replace(ROW, before="positive"), "doubt"),  # no relabel
        (ROW, "doubt"),
        (rejected, "reject doubt"),
        (rejected, "keep"),
        (rejected, "keep reject"),
        (replace(rejected, stage="check"), "keep"),  # not of step 4
    ]
    found = step4_precision([(row, votes(said)) for row, said in rows], PAPER.acceptable)
    assert found.relabels == Agreement(agreed=1, disagreed=3, split=1, old=1)
    assert found.rejects == Agreement(agreed=1, disagreed=1, split=1)
