"""Agreement of two raters on outputs: per type of span, per label, within a score's tolerance.

Questions of an output define the comparison; which output it is, does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_review.agreement import Figure, cohen_kappa, f1, share, spearman
from targen_review.grades import Grade
from targen_review.rows import ReviewRow
from targen_review.rubric import Rubric
from targen_standard.task_files.outputs import Output, Question

_Pair = tuple[Question, Question]


@dataclass(frozen=True, slots=True)
class OutputAgreement:
    """The agreement of two raters on a part of the output of rows that both answered.

    Attributes:
        raters: the two.
        dataset: of the rows.
        of: the question, and the type or label if it is of one.
        rows: answered by both.
        same: the share with the same answer; of numbers and texts, of answers that the output
            counts as the same.
        f1: of spans and of several labels, F1.
        kappa: Cohen's kappa of what is chosen.
        spearman: of numbers, Spearman's r.
    """

    raters: tuple[str, ...]
    dataset: str
    of: str
    rows: int
    same: Figure
    f1: Figure | None = None
    kappa: Figure | None = None
    spearman: Figure | None = None


def output_of(row: ReviewRow, grade: Grade, rubric: Rubric) -> Mapping[str, Any] | None:
    """Return the output of a row according to a rater; None if they did not give one."""
    if grade.reject or row.output is None:
        return None
    if grade.output is not None:
        return grade.output
    right = grade.after in rubric.acceptable and rubric.effect_of(grade.after) == "stays"
    return row.output if right else None


def output_agreement(
    raters: tuple[str, ...],
    dataset: str,
    output: Output,
    pairs: Sequence[tuple[ReviewRow, Grade, Grade]],
    rubric: Rubric,
) -> Iterator[OutputAgreement]:
    """Yield how far two raters agree on the rows that both answered, of the same texts."""
    asked: dict[str, list[_Pair]] = {}
    alike = []
    for row, *grades in pairs:
        one, other = (output_of(row, grade, rubric) for grade in grades)
        if one is None or other is None or grades[0].edit != grades[1].edit:
            continue
        first, second = (row.with_changes(grades[0].edit, said) for said in (one, other))
        alike.append(output.agrees(first, other) and output.agrees(second, one))
        for pair in zip(output.questions(first), output.questions(second), strict=True):
            asked.setdefault(pair[0].name, []).append(pair)
    for name, answers in asked.items():
        for of, figures in _COMPARED[answers[0][0].kind](answers, alike):
            yield OutputAgreement(
                raters, dataset, f"{name}: {of}" if of else name, len(answers), **figures
            )


_Figures = Iterator[tuple[str, dict[str, Figure]]]


def _sets(
    pairs: Sequence[_Pair], items: Callable[[Question], Sequence[tuple[str, Hashable]]]
) -> _Figures:
    """Group the finds of a row, as (type, what), by type and together."""
    for kind in (*pairs[0][0].options, ""):
        found = [
            tuple([item for item in items(each) if kind in ("", item[0])] for each in pair)
            for pair in pairs
        ]
        same = sum({*one} == {*other} for one, other in found)
        figures = {"same": share(same, len(found)), "f1": f1([(a, b) for a, b in found])}
        yield kind, figures


def _spans(pairs: Sequence[_Pair], alike: Sequence[bool]) -> _Figures:
    return _sets(pairs, lambda asked: [(s["type"], (s["start"], s["end"])) for s in asked.value])


def _several(pairs: Sequence[_Pair], alike: Sequence[bool]) -> _Figures:
    for name, figures in _sets(pairs, lambda asked: [(each, None) for each in asked.value]):
        if name:
            one, other = ([name in pair[side].value for pair in pairs] for side in (0, 1))
            figures = {**figures, "kappa": cohen_kappa(one, other)}
        yield name, figures


def _one(pairs: Sequence[_Pair], alike: Sequence[bool]) -> _Figures:
    one, other = ([pair[side].value for pair in pairs] for side in (0, 1))
    same = sum(a == b for a, b in zip(one, other, strict=True))
    yield "", {"same": share(same, len(pairs)), "kappa": cohen_kappa(one, other)}


def _number(pairs: Sequence[_Pair], alike: Sequence[bool]) -> _Figures:
    one, other = ([float(pair[side].value) for pair in pairs] for side in (0, 1))
    yield "", {"same": share(sum(alike), len(alike)), "spearman": spearman(one, other)}


def _text(pairs: Sequence[_Pair], alike: Sequence[bool]) -> _Figures:
    yield "", {"same": share(sum(alike), len(alike))}


_COMPARED: Mapping[str, Callable[[Sequence[_Pair], Sequence[bool]], _Figures]] = {
    "one": _one,
    "several": _several,
    "spans": _spans,
    "number": _number,
    "text": _text,
    "pair": _one,
}
