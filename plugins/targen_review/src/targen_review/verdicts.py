"""The verdict of several raters on a row, by a rule that does not depend on their order."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean, quoted
from targen_review.grades import Grade, Graded, as_key
from targen_review.rows import ReviewRow
from targen_review.rubric import PAPER, Effect, Rubric

RULES = ("agree", "majority")
"""The rules, in addition to a rater's name."""

Outcome: TypeAlias = Literal[
    "confirmed", "doubted", "relabelled", "edited", "rejected", "disagreed", "unseen"
]
"""The outcome for a row: unchanged and acceptable, unchanged though not acceptable, another label,
other texts, or removed. Or it is unchanged because raters disagree, or because it was not
graded."""

EFFECTS: Mapping[str, Effect] = {
    "relabelled": "changes",
    "edited": "changes",
    "rejected": "leaves",
    "surplus": "leaves",
}
"""Outcome -> what happens to the row; a row with any other outcome is unchanged."""

EFFECT_WORDS: Mapping[str, str] = {"stays": "kept", "changes": "changed", "leaves": "removed"}
"""Effect -> what a row is after it, in words."""

_REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of all raters on a row.

    Attributes:
        outcome: the row's fate.
        label: its new label; None if it keeps the one that it has.
        output: the columns of its new output; None if it keeps the one that it has.
        edit: field -> new text.
        acceptable: whether the resulting row is good enough; None if it was not graded, or raters
            do not agree.
        by: the raters who decided, in alphabetical order.
        grades: what each rater said, by name.
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


_Vote: TypeAlias = tuple[str, tuple[tuple[str, str], ...], str]
"""The label or `_REJECT`, the edits, and the output as text that a rater wants."""


def people(graded: Mapping[str, Graded]) -> dict[str, Graded]:
    """The raters who are people, in alphabetical order."""
    return {name: graded[name] for name in sorted(graded) if graded[name].rater.kind == "person"}


def check_rule(rule: str, raters: Collection[str]) -> None:
    """Check that a rule can be followed.

    Raises:
        UsageError: it is neither a rule nor a rater of the review.
    """
    if rule in RULES or rule in raters:
        return
    known = [*RULES, *sorted(raters)]
    raise UsageError(
        f"--resolve {quoted(rule)} is neither a rule nor a rater of this review",
        hint=did_you_mean(rule, known, "choose one of"),
    )


def verdict_of(
    row: ReviewRow,
    grades: Mapping[str, Grade],
    rule: str,
    rubric: Rubric = PAPER,
    alike: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = operator.eq,
) -> Verdict:
    """Return the raters' verdict on a row.

    Raters differ if they want different things done. One has the row leave and one keeps it, or
    they give it other labels, outputs or texts. Different grades with the same effect are not a
    disagreement. If outputs count as the same, the row gets its own if that is one of them.
    Otherwise it gets the one that most of them equal.

    Args:
        row: the row, as all of them saw it.
        grades: by rater; the order does not matter.
        rule: "agree": what all want who graded the row. "majority": what more than half of them
            want. A rater's name: that rater's decision, and for rows that they did not grade, the
            others' unanimous one.
        rubric: what the grades mean.
        alike: whether two outputs count as the same.
    """
    grades = {name: grades[name] for name in sorted(grades)}
    votes = {
        name: vote
        for name, each in grades.items()
        if (vote := _vote(row, each, rubric)) is not None
    }
    if rule in votes:
        votes = {rule: votes[rule]}
    if not votes:
        return Verdict("unseen", grades)
    needed = len(votes) // 2 + 1 if rule == "majority" else len(votes)
    own = as_key(row.output)

    def is_for(vote: _Vote, choice: _Vote) -> bool:
        if vote == choice:
            return True
        both = vote[:2] == choice[:2] and vote[2] and choice[2]
        return bool(both) and alike(json.loads(vote[2]), json.loads(choice[2]))

    choices = sorted({*votes.values()}, key=lambda vote: (vote[2] != own, vote))
    by, choice = max(
        ((tuple(n for n, vote in votes.items() if is_for(vote, each)), each) for each in choices),
        key=lambda found: len(found[0]),
    )
    if len(by) < needed:
        return Verdict("disagreed", grades, tuple(votes))
    label, edit, output = choice
    if label == _REJECT and not edit:
        return Verdict("rejected", grades, by, acceptable=False)
    changed = label[1:] if label[1:] != (row.label or "") else None
    given = None if output == own else json.loads(output)
    if edit or changed is not None or given is not None:
        # A person who edited a row vouches for it: their grade was of the earlier row.
        outcome: Outcome = "edited" if edit else "relabelled"
        return Verdict(outcome, grades, by, changed, given, edit, acceptable=True)
    letters = [grades[name].after for name in votes]
    good = sum(letter in rubric.acceptable for letter in letters)
    bad = sum(letter is not None and letter not in rubric.acceptable for letter in letters)
    fine = None
    if good >= needed:
        fine = True
    elif bad >= needed:
        fine = False
    return Verdict("doubted" if bad and not fine else "confirmed", grades, by, acceptable=fine)


def effect_of(row: ReviewRow, grade: Grade, rubric: Rubric) -> str:
    """Return the effect of one rater's grade in `targen review apply`; "" without a grade."""
    vote = _vote(row, grade, rubric)
    if vote is None:
        return ""
    label, edit, output = vote
    if label == _REJECT and not edit:
        return "leaves"
    changes = [] if label[1:] == (row.label or "") else [f"changes its label to {label[1:]}"]
    changes += ["changes its output"] if output != as_key(row.output) else []
    changes += ["changes its text"] if edit else []
    return " and ".join(changes) or "stays"


def relabelled(row: ReviewRow, grade: Grade) -> bool:
    """Return whether a rater gives a row another label or output than it has."""
    return grade.label not in (None, row.label) or grade.output not in (None, row.output)


def _vote(row: ReviewRow, grade: Grade, rubric: Rubric) -> _Vote | None:
    """Return a rater's decision; None if they did not make one."""
    if grade.reject:
        return _REJECT, (), ""
    edit = _edits(row, grade.edit or {})
    if grade.after is None and not grade.gives and not edit:
        return None
    effect = rubric.effect_of(grade.after)
    # A person who edits a row keeps it; only a text that is bad in itself is removed with any
    # label.
    relabels = relabelled(row, grade) and not (rubric.is_of_labels and effect == "leaves")
    if effect != "stays" and not edit and not relabels:
        return _REJECT, (), ""
    # Behind a sign, since a label may be called "reject".
    label = f"={grade.label if grade.label is not None else row.label or ''}"
    return label, edit, as_key(row.output if grade.output is None else grade.output)


def _edits(row: ReviewRow, edit: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in edit.items() if v != row.fields.get(k)))


def said_of(verdict: Verdict) -> Sequence[Mapping[str, object]]:
    """Return what each rater said of a row, for the records of a new version."""
    kept = {"row", "digest", "seconds"}
    return [
        {"rater": name, **grade.model_dump(mode="json", exclude=kept)}
        for name, grade in verdict.grades.items()
    ]
