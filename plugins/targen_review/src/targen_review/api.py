"""`review` and `apply_review`: grades of people, and the dataset that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

from targen_core import read_dataset
from targen_core.api.kinds import exported
from targen_core.api.run import Folder
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.pages import table
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.text import with_article
from targen_review.apply import new_version
from targen_review.grades import Grade, GradeBook, Rater, check_name
from targen_review.planning import planned
from targen_review.rubric import Effect
from targen_standard.given import task_of


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """The result of a review: the rows of a dataset as people changed them.

    Attributes:
        task: the task's name.
        outcomes: rows by what became of them, such as "relabelled" and "rejected".
        before: rows by label when the review began.
        after: rows by label in the new version.
        raw: all of `report.json` that is of the review.
    """

    task: str
    outcomes: Mapping[str, int]
    before: Mapping[str, int]
    after: Mapping[str, int]
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def summary(self) -> str:
        """The report in one line."""
        return ", ".join(f"{count:,} {name}" for name, count in self.outcomes.items() if count)

    def __repr__(self) -> str:
        return f"<ReviewReport of {self.task}: {self.summary}>"

    def _repr_html_(self) -> str:
        rows = [(name, count, self.after.get(name, 0)) for name, count in self.before.items()]
        return table(f"{self.task}: {self.summary}", ("label", "before", "after"), rows)


class Reviewed(Folder[ReviewReport]):
    """A version of a dataset that people made; it is the sequence of its rows.

    Attributes:
        path: its directory.
        report: what became of the rows.
        dataset: the rows with their task.
    """

    def __init__(self, path: Path, report: ReviewReport, registry: Registry) -> None:
        super().__init__(path, report)
        self.registry = registry

    @cached_property
    def dataset(self) -> Dataset:
        """The rows with their task, read on first access."""
        return read_dataset(self.path, registry=self.registry)


@exported
def review(
    data: Folder[Any] | str | PathLike[str],
    *,
    relabel: Mapping[int, str] | None = None,
    bad: Iterable[int] = (),
    right: Iterable[int] = (),
    rater: str = "me",
    out: str | PathLike[str] | None = None,
    task: str | PathLike[str] | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Say of rows whether they are right, as the page of `targen review` writes it down.

    Rows are named by their numbers from 0, as `targen show` prints them. The last word on a row
    counts. `apply_review` makes a new version of the data.

    Args:
        data: a run, or the path of one or of a dataset.
        relabel: the right labels of rows whose label is wrong; a row that has this label is right.
        bad: rows that should not be in the dataset.
        right: rows that are right; rows that are not named stay also.
        rater: who says it.
        out: the folder of the review; by default the data's name with `.review`.
        task: the name or file of the task of rows in a file; a run knows.
        encoding: of text files without a byte order mark.

    Returns:
        The folder of the review.

    Raises:
        UsageError: unknown row or label, a row is named twice, or the review asks for
            other grades.
        RunDirectoryError: the folder cannot be written.
    """
    decisions = _decisions(relabel, bad=bad, right=right)
    place = _place(data)
    named = task_of(task)
    if named is not None and not isinstance(named, str):  # a review outlives the program
        raise UsageError(
            f"task: {type(task).__name__} is not the name or file of a task",
            hint="pass the path of a task file",
        )
    folder, plan, opened = planned(
        str(place),
        out=None if out is None else Path(out),
        task=named,
        encoding=encoding,
        quiet=True,
    )
    if not plan.rubric.is_of_labels:
        raise UsageError(
            f"the rubric {plan.rubric.name} of {folder} does not ask whether labels are right",
            hint="grade it on the page of targen review, or choose a different out",
        )
    grades: list[Grade] = []
    for row in opened.rows():
        if row.number not in decisions:
            continue
        effect, label = decisions.pop(row.number)
        if label is not None and label not in opened.labels:
            raise UsageError(
                f"row {row.number}: unknown label {label!r}",
                hint=did_you_mean(label, opened.labels, "labels"),
            )
        if label is not None and label == row.label:
            effect, label = "stays", None
        grades.append(
            Grade(
                row=row.id,
                digest=row.digest,
                after=plan.rubric.letter_for(effect),
                label=label,
                reject=effect == "leaves",
            )
        )
    if decisions:
        raise UsageError(f"{place} has no row {min(decisions)}", hint="rows are counted from 0")
    with GradeBook(folder, Rater(rater=check_name(rater))) as book:
        for grade in grades:
            book.append(grade)
    return folder


def _place(data: object) -> Path:
    """Where data is.

    Raises:
        UsageError: it is neither a run nor a path.
    """
    if isinstance(data, Folder):
        return data.path
    if isinstance(data, str | PathLike):
        return Path(data).expanduser()
    hint = "pass a run, or the path of a run or of a file with rows"
    raise UsageError(
        f"data is {with_article(type(data).__name__)}, but targen stores a review next to its data",
        hint=hint,
    )


def _decisions(
    relabel: Mapping[int, str] | None, **rows: Iterable[int]
) -> dict[int, tuple[Effect, str | None]]:
    """Return what becomes of rows by their numbers, and their right labels.

    Raises:
        UsageError: an invalid number or label, or two decisions on one row.
    """
    effects: dict[str, Effect] = {"relabel": "changes", "bad": "leaves", "right": "stays"}
    # A Series of labels by row has `items`, but is no Mapping and has no truth value.
    labels: Any = {} if relabel is None else relabel
    labels = dict(labels.items()) if hasattr(labels, "items") else labels
    found: dict[int, tuple[str, str | None]] = {}
    for name, given in {"relabel": labels, **rows}.items():
        is_right_kind = isinstance(given, Mapping if name == "relabel" else Iterable)
        numbers: list[Any] = list(given) if is_right_kind else [None]
        for number in numbers:
            label = labels[number] if name == "relabel" and is_right_kind else None
            # A mask of True and False, also numpy's, does not name rows.
            is_number = isinstance(number, Integral) and not isinstance(number, bool)
            if not is_number or not isinstance(label, str if name == "relabel" else type(None)):
                example = 'relabel={3: "LABEL"}' if name == "relabel" else f"{name}=[3]"
                hint = f"pass row numbers, such as {example} or df.index[mask]"
                raise UsageError(f"{name} is {repr(given)[:80]}", hint=hint)
            if found.setdefault(int(number), (name, label))[0] != name:
                raise UsageError(
                    f"row {number} is in both {found[number][0]} and {name}",
                    hint="pass it in only one of them",
                )
    return {number: (effects[name], label) for number, (name, label) in found.items()}


@exported
def apply_review(
    data: Folder[Any] | str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    registry: Registry | None = None,
) -> Reviewed:
    """Make a new version of a dataset from what people said of its rows, as `targen review apply`.

    Right rows stay, rows with a wrong label get the one that people gave, and bad ones leave. The
    data itself is not touched. An earlier version of the same rows in `out` is replaced.
    `targen_review.api.apply_review` is this function.

    Args:
        data: the data, or the folder of its review.
        out: the directory; by default the data's name with `-reviewed`.
        registry: finds the task; by default what is installed.

    Raises:
        UsageError: the review has no grades.
        RunConflict: `out` holds something else than an earlier version of these rows.
    """
    place = _place(data)
    version = new_version(place, None if out is None else Path(out))
    path, report = version.write(again=True), version.report
    name = version.source.task.name if version.source.task else version.source.task_id
    return Reviewed(
        path,
        ReviewReport(name, report["outcomes"], report["requested"], report["rows"], report),
        load_registry() if registry is None else registry,
    )
