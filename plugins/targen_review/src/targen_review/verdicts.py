"""The decision of several raters on a row; their order does not matter."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from targen_review.grades import Grade, as_key
from targen_review.rows import ReviewRow
from targen_review.rubric import PAPER, Effect, Rubric

Outcome: TypeAlias = Literal[
    "confirmed", "doubted", "relabelled", "edited", "rejected", "disagreed", "unseen"
]
"""The outcome for a row: unchanged and acceptable, unchanged though not acceptable, another label
or output, other texts, or removed. Or it is unchanged because raters disagree, or because it was
not graded."""

EFFECTS: Mapping[str, Effect] = {
    "relabelled": "changes",
    "edited": "changes",
    "rejected": "leaves",
}
"""Outcome -> what happens to the row; a row with any other outcome is unchanged."""

EFFECT_WORDS: Mapping[str, str] = {"stays": "kept", "changes": "changed", "leaves": "removed"}


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's decision on a row.

    Attributes:
        reject: whether it should go; then nothing else counts.
        label: the label that it should have, or "".
        output: the output that it should have, as JSON, or "".
        edit: its new texts by field.
    """

    reject: bool = False
    label: str = ""
    output: str = ""
    edit: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of all raters on a row.

    Attributes:
        outcome: the row's fate.
        grades: by rater.
        by: the raters who made a decision, in alphabetical order.
        label: its new label; None if it keeps the one that it has.
        output: the columns of its new output; None if it keeps the one that it has.
        edit: field -> new text.
        acceptable: whether the resulting row is good enough; None if raters do not agree.
    """

    outcome: Outcome
    grades: Mapping[str, Grade]
    by: tuple[str, ...] = ()
    label: str | None = None
    output: Mapping[str, Any] | None = None
    edit: tuple[tuple[str, str], ...] = ()
    acceptable: bool | None = None

    @property
    def at(self) -> str:
        """Return when the last of those who decided did so; "" if it was not graded."""
        return max((self.grades[name].at for name in self.by), default="")


def verdict_of(
    row: ReviewRow,
    grades: Mapping[str, Grade],
    rubric: Rubric = PAPER,
    alike: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = operator.eq,
) -> Verdict:
    """Return the raters' verdict on a row: what all of them want, or "disagreed".

    Different grades with the same effect are not a disagreement. If outputs count as the same, the
    row keeps its own if that is one of them.

    Args:
        row: the row, as all of them saw it.
        grades: by rater.
        rubric: what the grades mean.
        alike: whether two outputs count as the same.
    """
    grades = {name: grades[name] for name in sorted(grades)}
    votes = {name: vote for name, each in grades.items() if (vote := vote_of(row, each, rubric))}
    if not votes:
        return Verdict("unseen", grades)
    by, own = tuple(votes), as_key(row.output)
    choice = min(votes.values(), key=lambda vote: (vote.output != own, vote.output))
    if not all(_is_same(vote, choice, alike) for vote in votes.values()):
        return Verdict("disagreed", grades, by)
    if choice.reject:
        return Verdict("rejected", grades, by, acceptable=False)
    label = choice.label if choice.label != (row.label or "") else None
    output = None if choice.output == own else json.loads(choice.output)
    if choice.edit or label is not None or output is not None:
        # A person who changes a row vouches for it: their grade was of the earlier row.
        outcome: Outcome = "edited" if choice.edit else "relabelled"
        return Verdict(outcome, grades, by, label, output, choice.edit, acceptable=True)
    said = {letter in rubric.acceptable for name in by if (letter := grades[name].after)}
    fine = said.pop() if len(said) == 1 else None
    is_doubted = bool(said) or fine is False
    return Verdict("doubted" if is_doubted else "confirmed", grades, by, acceptable=fine)


def _is_same(
    one: Vote, other: Vote, alike: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
) -> bool:
    if one == other:
        return True
    if (one.reject, one.label, one.edit) != (other.reject, other.label, other.edit):
        return False
    return bool(one.output and other.output) and alike(
        json.loads(one.output), json.loads(other.output)
    )


def effect_of(row: ReviewRow, grade: Grade, rubric: Rubric) -> str:
    """Return the effect of one rater's grade in `targen review apply`; "" without a grade."""
    vote = vote_of(row, grade, rubric)
    if vote is None:
        return ""
    if vote.reject:
        return "leaves"
    changes = [f"changes its label to {vote.label}"] if vote.label != (row.label or "") else []
    changes += ["changes its output"] if vote.output != as_key(row.output) else []
    changes += ["changes its text"] if vote.edit else []
    return " and ".join(changes) or "stays"


def relabels(row: ReviewRow, grade: Grade) -> bool:
    """Return whether a rater gives a row another label or output than it has."""
    return grade.label not in (None, row.label) or grade.output not in (None, row.output)


def vote_of(row: ReviewRow, grade: Grade, rubric: Rubric) -> Vote | None:
    """Return a rater's decision; None if they did not make one."""
    if grade.reject:
        return Vote(reject=True)
    edit = tuple(sorted((k, v) for k, v in (grade.edit or {}).items() if v != row.fields.get(k)))
    if grade.after is None and not grade.gives and not edit:
        return None
    effect = rubric.effect_of(grade.after)
    # A changed row is kept whatever its grade; but a bad text is removed with any label.
    is_relabelled = relabels(row, grade) and not (rubric.is_of_labels and effect == "leaves")
    if effect != "stays" and not edit and not is_relabelled:
        return Vote(reject=True)
    label = row.label if grade.label is None else grade.label
    output = row.output if grade.output is None else grade.output
    return Vote(label=label or "", output=as_key(output), edit=edit)
