"""What raters together say of a row, and how right step 4 was by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.errors import UsageError
from targen_review.grades import Grade
from targen_review.rows import ReviewRow
from targen_review.rubric import LABELS, PAPER, Rubric
from targen_review.step4 import Agreement, step4_precision
from targen_review.verdicts import check_rule, effect_of, verdict_of

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


KEEP, DOUBT = grade(after="A"), grade(after="C")
REJECT, OTHER = grade(reject=True, after="D"), grade(after="D", label="negative")
EDIT = grade(after="C", edit={"text": "Cold soup."})


@pytest.mark.parametrize(
    ("grades", "rule", "outcome", "acceptable"),
    [
        ([], "agree", "unseen", None),
        ([grade(flag=True, comment="?")], "agree", "unseen", None),
        ([KEEP], "agree", "confirmed", True),
        ([KEEP, grade(after="B")], "agree", "confirmed", True),
        ([KEEP, DOUBT], "agree", "doubted", None),
        ([KEEP, KEEP, DOUBT], "majority", "confirmed", True),
        ([DOUBT, DOUBT], "agree", "doubted", False),
        ([grade(label="positive")], "agree", "confirmed", None),
        ([OTHER, OTHER], "agree", "relabelled", True),
        ([OTHER, KEEP], "agree", "disagreed", None),
        ([OTHER, KEEP], "majority", "disagreed", None),
        ([OTHER, OTHER, KEEP], "majority", "relabelled", True),
        ([OTHER, OTHER, KEEP], "c", "confirmed", True),
        ([OTHER, REJECT, grade(flag=True)], "c", "disagreed", None),
        ([REJECT], "agree", "rejected", False),
        ([REJECT, DOUBT], "agree", "disagreed", None),
        ([EDIT, EDIT], "agree", "edited", True),
        ([EDIT, grade(after="C", edit={"text": "Good soup."})], "agree", "disagreed", None),
    ],
)
def test_raters_decide_by_the_rule(grades, rule, outcome, acceptable):
    verdict = verdict_of(ROW, dict(zip("abc", grades, strict=False)), rule, PAPER)

    assert (verdict.outcome, verdict.acceptable) == (outcome, acceptable)


TURNED = "changes its label to negative"


@pytest.mark.parametrize(
    ("said", "rubric", "effect", "outcome"),
    [
        ({"after": "R"}, LABELS, "stays", "confirmed"),
        ({"after": "W"}, LABELS, "leaves", "rejected"),
        ({"after": "W", "label": "positive"}, LABELS, "leaves", "rejected"),
        (
            {"after": "W", "label": "negative"},
            LABELS,
            "changes its label to negative",
            "relabelled",
        ),
        ({"after": "W", "edit": {"text": "Bad."}}, LABELS, "changes its text", "edited"),
        ({"after": "B"}, LABELS, "leaves", "rejected"),
        ({"after": "B", "label": "negative"}, LABELS, "leaves", "rejected"),
        ({"after": "B", "edit": {"text": "Hot soup."}}, LABELS, "changes its text", "edited"),
        ({"label": "negative"}, LABELS, TURNED, "relabelled"),
        ({"flag": True}, LABELS, "", "unseen"),
        ({"after": "C"}, PAPER, "stays", "doubted"),
        ({"after": "D"}, PAPER, "leaves", "rejected"),
        ({"after": "D", "label": "negative"}, PAPER, TURNED, "relabelled"),
        ({"after": "A", "reject": True}, PAPER, "leaves", "rejected"),
    ],
)
def test_a_verdict_has_the_effect_that_people_expect(said, rubric, effect, outcome):
    given = grade(**said)
    assert effect_of(ROW, given, rubric) == effect
    assert verdict_of(ROW, {"ann": given}, "agree", rubric).outcome == outcome


def test_the_worst_grade_of_a_rubric_stays_only_if_it_is_acceptable():
    both = [{"letter": each, "title": each, "acceptable": True} for each in "YN"]
    rubric = Rubric.model_validate({"name": "mine", "grades": both})
    assert rubric.effect_of("N") == "stays"


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
    backwards = dict(reversed(grades.items()))

    verdict = verdict_of(ROW, grades, rule, PAPER)

    assert verdict_of(ROW, backwards, rule, PAPER) == verdict
    assert [*verdict_of(ROW, backwards, rule, PAPER).grades] == sorted(grades)


def test_unknown_rule_names_those_that_are_known():
    assert check_rule("bob", ["ann", "bob"]) == "bob"
    with pytest.raises(UsageError, match="neither a rule nor a rater") as error:
        check_rule("bbo", ["ann", "bob"])
    assert "bob" in error.value.hint


def _row(before: str | None = "negative", stage: str = "") -> ReviewRow:
    if stage:
        return ReviewRow(id="r", number=None, fields={}, before=before, stage=stage)
    return ReviewRow(
        id="1", number=0, fields={}, label="positive", before=before, official=({"label": 1},)
    )


def test_step_4_is_as_right_as_people_say():
    relabels = [
        (_row(), {"a": KEEP, "b": grade(after="B", label="positive")}),  # agreed
        (_row(), {"a": OTHER, "b": OTHER}),  # the old label was right
        (_row(), {"a": DOUBT}),  # neither
        (_row(), {"a": REJECT}),
        (_row(), {"a": KEEP, "b": OTHER}),  # split
        (_row(), {"a": grade(flag=True)}),  # nothing said
        (_row(before="positive"), {"a": DOUBT}),  # no relabel
        (_row(before=None), {"a": DOUBT}),
    ]
    rejects = [
        (_row(stage="correct"), {"a": REJECT, "b": DOUBT}),
        (_row(stage="correct"), {"a": KEEP}),
        (_row(stage="correct"), {"a": KEEP, "b": REJECT}),
        (_row(stage="check"), {"a": KEEP}),  # not of step 4
    ]

    found = step4_precision([*relabels, *rejects], PAPER.acceptable)

    assert found.relabels == Agreement(agreed=1, disagreed=3, split=1, old=1)
    assert found.relabels.precision == 0.25
    assert found.rejects == Agreement(agreed=1, disagreed=1, split=1)
    assert step4_precision([], PAPER.acceptable).relabels.precision is None
