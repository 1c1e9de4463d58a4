"""What several raters together say of a row, by a rule that does not depend on who comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from targen_core.errors import UsageError
from targen_core.suggestions import did_you_mean
from targen_review.grades import Grade, Graded
from targen_review.rows import ReviewRow
from targen_review.rubric import PAPER, Effect, Rubric

__all__ = [
    "EFFECTS",
    "RULES",
    "Outcome",
    "Verdict",
    "check_rule",
    "effect_of",
    "people",
    "said_of",
    "verdict_of",
]

RULES = ("agree", "majority")
"""The rules beside a rater's name."""

Outcome: TypeAlias = Literal[
    "confirmed", "doubted", "relabelled", "edited", "rejected", "disagreed", "unseen"
]
"""What became of a row: as it is and acceptable, as it is though not acceptable, with another
label, with other texts, gone, as it is since raters want different things, as it is since nobody
said anything."""

EFFECTS: Mapping[str, Effect] = {
    "relabelled": "changes",
    "edited": "changes",
    "rejected": "leaves",
    "surplus": "leaves",
}
"""Outcome -> what happens to the row; a row of any other outcome stays as it is."""

_REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What raters together say of a row.

    Attributes:
        outcome: what becomes of it.
        label: its new label; None where it keeps the one that it has.
        edit: field -> new text.
        acceptable: whether the row, as it then is, is good enough; None where nobody graded it, or
            raters do not agree.
        by: the raters who decided, in alphabetical order.
        grades: what each rater said, by name.
    """

    outcome: Outcome
    grades: Mapping[str, Grade]
    by: tuple[str, ...] = ()
    label: str | None = None
    edit: tuple[tuple[str, str], ...] = ()
    acceptable: bool | None = None

    @property
    def at(self) -> str:
        """When the last of those who decided did so; "" where nobody did."""
        return max((self.grades[name].at for name in self.by), default="")


_Vote: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""The label and the edits that a rater wants, or `_REJECT`."""


def people(graded: Mapping[str, Graded]) -> dict[str, Graded]:
    """The raters who are people, in alphabetical order."""
    return {name: graded[name] for name in sorted(graded) if graded[name].rater.kind == "person"}


def check_rule(rule: str, raters: Collection[str]) -> str:
    """A rule that can be followed.

    Raises:
        UsageError: it is neither a rule nor a rater of the review.
    """
    if rule in RULES or rule in raters:
        return rule
    known = [*RULES, *sorted(raters)]
    raise UsageError(
        f"--resolve {rule!r} is neither a rule nor a rater of this review",
        hint=did_you_mean(rule, known, "known are"),
    )


def verdict_of(
    row: ReviewRow, grades: Mapping[str, Grade], rule: str, rubric: Rubric = PAPER
) -> Verdict:
    """What raters say of a row.

    Raters differ if they want different things done: one has the row leave and one keeps it, or
    they give it other labels or other texts. Grades alone are no difference.

    Args:
        row: the row, as all of them saw it.
        grades: by rater; the order does not matter.
        rule: "agree": what all want who graded the row. "majority": what more than half of them
            want. A rater's name: what that rater wants, and where they said nothing, what all
            want.
        rubric: what the grades mean.
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
    choice, count = Counter(votes.values()).most_common(1)[0]
    if count < needed:
        return Verdict("disagreed", grades, tuple(votes))
    by = tuple(name for name, vote in votes.items() if vote == choice)
    label, edit = choice
    if label == _REJECT and not edit:
        return Verdict("rejected", grades, by, acceptable=False)
    changed = label[1:] if label[1:] != (row.label or "") else None
    if edit or changed is not None:
        # Whoever mended a row vouches for it: their grade was of the row before.
        outcome: Outcome = "edited" if edit else "relabelled"
        return Verdict(outcome, grades, by, changed, edit, acceptable=True)
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
    """Say what `targen review apply` does with a row if one rater alone decides; "" of no grade."""
    vote = _vote(row, grade, rubric)
    if vote is None:
        return ""
    label, edit = vote
    if label == _REJECT and not edit:
        return "leaves"
    changes = [] if label[1:] == (row.label or "") else [f"changes its label to {label[1:]}"]
    changes += ["changes its text"] if edit else []
    return " and ".join(changes) or "stays"


def _vote(row: ReviewRow, grade: Grade, rubric: Rubric) -> _Vote | None:
    """What a rater wants done; None where they said nothing that decides."""
    if grade.reject:
        return _REJECT, ()
    edit = _edits(row, grade.edit or {})
    if grade.after is None and grade.label is None and not edit:
        return None
    effect = rubric.effect_of(grade.after)
    # Whoever mends a row keeps it; only a text that is bad in itself leaves with any label.
    relabels = grade.label not in (None, row.label) and not (
        rubric.is_of_labels and effect == "leaves"
    )
    if effect != "stays" and not edit and not relabels:
        return _REJECT, ()
    # Behind a sign, since a label may be called "reject".
    return f"={grade.label if grade.label is not None else row.label or ''}", edit


def _edits(row: ReviewRow, edit: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in edit.items() if v != row.fields.get(k)))


def said_of(verdict: Verdict) -> Sequence[Mapping[str, object]]:
    """What each rater said of a row, for the records of a new version."""
    kept = {"row", "digest", "seconds"}
    return [
        {"rater": name, **grade.model_dump(mode="json", exclude=kept)}
        for name, grade in verdict.grades.items()
    ]
