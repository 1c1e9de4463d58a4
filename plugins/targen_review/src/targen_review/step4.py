"""The share of step 4's relabels and rejects with which people agree.

Each row counts once. Where the people who graded it do not agree among themselves, it is counted
apart, and in neither share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from targen_review.grades import Grade
from targen_review.rows import ReviewRow
from targen_review.verdicts import relabelled


@dataclass(frozen=True, slots=True)
class Agreement:
    """The opinions of people on decisions of one kind.

    Attributes:
        agreed: rows on which all people who graded them agree with step 4.
        disagreed: rows on which all of them think otherwise.
        split: rows on which they do not agree with each other.
        old: of relabels, rows for which all of them would have kept the label before.
    """

    agreed: int = 0
    disagreed: int = 0
    split: int = 0
    old: int = 0

    @property
    def of(self) -> int:
        """Rows on which people agree with each other."""
        return self.agreed + self.disagreed


@dataclass(frozen=True, slots=True)
class Step4:
    """The precision of step 4 against people.

    Attributes:
        relabels: rows of the dataset to which it gave another label.
        rejects: candidates that it rejected, where such were reviewed (`--rejects`).
    """

    relabels: Agreement
    rejects: Agreement


def step4_precision(
    graded: Iterable[tuple[ReviewRow, Mapping[str, Grade]]], acceptable: Collection[str]
) -> Step4:
    """Return people's verdicts on the decisions of step 4.

    A person agrees with a relabel if the label of their own is the new one. If they gave no label,
    they agree if they find the row acceptable with it. A person also agrees with a reject if they
    find the row unacceptable or would reject it.

    Args:
        graded: rows, each with its grades by rater, only from people; rows that step 4 left
            unchanged are skipped.
        acceptable: the letters that are good enough.
    """
    kinds = {"relabels": [0, 0, 0, 0], "rejects": [0, 0, 0, 0]}
    for row, grades in graded:
        if row.official and row.is_corrected:
            kind = kinds["relabels"]
            views = [_of_relabel(row, each, acceptable) for each in grades.values()]
        elif row.stage == "correct" and not row.official:
            kind = kinds["rejects"]
            views = [_of_reject(each, acceptable) for each in grades.values()]
        else:
            continue
        said = {view for view in views if view is not None}
        if not said:
            continue
        if len(said) > 1:
            kind[2] += 1
        elif True in said:
            kind[0] += 1
        else:
            kind[1] += 1
            if kind is kinds["relabels"]:
                kind[3] += all(grade.label == row.before for grade in grades.values())
    return Step4(Agreement(*kinds["relabels"]), Agreement(*kinds["rejects"]))


def _of_relabel(row: ReviewRow, grade: Grade, acceptable: Collection[str]) -> bool | None:
    if grade.gives:
        return not relabelled(row, grade)
    if grade.reject:
        return False
    return None if grade.after is None else grade.after in acceptable


def _of_reject(grade: Grade, acceptable: Collection[str]) -> bool | None:
    if grade.reject:
        return True
    return None if grade.after is None else grade.after not in acceptable
