"""From a review to a sheet for another tool, and from answers to grades on disk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from targen_core.errors import UsageError
from targen_review.apply import reviewed_data
from targen_review.forms import argilla, labelstudio
from targen_review.forms.sheet import Answer, Item, Sheet, read_records
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.plan import Plan
from targen_review.rows import blind_fields
from targen_review.rubric import Rubric


def sheet_of(plan: Plan, folder: Path, name: str | None = None, rater: str | None = None) -> Sheet:
    """The rows of a review as another tool shows them.

    Args:
        plan: of the review.
        folder: where it is.
        name: which dataset, in a review of several.
        rater: whose rows; None for all.

    Raises:
        UsageError: unknown dataset or rater, no dataset is named although there are several, or the
            rows have an output.
    """
    names = [each.name for each in plan.data]
    if name is None and len(names) > 1:
        raise UsageError(
            f"the review covers {', '.join(names)}, but an export contains only one dataset",
            hint=f"--data {names[0]}",
        )
    if name is not None and name not in names:
        raise UsageError(
            f"the review does not cover the dataset {name!r}", hint=f"it covers {', '.join(names)}"
        )
    ids = plan.ids if rater is None else plan.rows_of(rater)
    place = {row: at for at, row in enumerate(ids)}
    known, data, prefix = next(
        each for each in reviewed_data(plan, folder) if name in (None, each[0].name)
    )
    if data.output is not None:
        raise UsageError(
            f"rows of {known.name} have an output, but these formats support only a label",
            hint="use the page of targen review, or targen export --as label-studio or "
            "--as argilla, which write the rows with their outputs as suggestions",
        )
    rows = [row for row in data.rows() if prefix + row.id in place]
    if plan.rejects:
        rows += [row for row in data.rejects(stage="correct") if prefix + row.id in place]
    rows.sort(key=lambda row: place[prefix + row.id])
    if not rows:
        raise UsageError(f"none of the rows of {known.path} are in this review")
    task = data.task
    shown = [blind_fields(task, row) if plan.blind else row.fields for row in rows]
    said = [] if task is None else [task.description or task.summary]
    return Sheet(
        name=known.name,
        instruction="\n\n".join(filter(None, [*said, plan.rubric.question])),
        labels={} if task is None else {each.name: each.summary for each in task.labels},
        grades={
            plan.rubric.word(each.letter): each.meaning
            if plan.rubric.is_of_labels
            else ": ".join(filter(None, (each.title, each.meaning)))
            for each in plan.rubric.grades
        },
        items=[
            Item(
                prefix + row.id,
                row.digest,
                texts,
                row.label,
                None if plan.rubric.is_of_labels else row.before,
            )
            for row, texts in zip(rows, shown, strict=True)
        ],
        editable=frozenset(
            path
            for row, texts in zip(rows, shown, strict=True)
            for path in row.editable
            if path in texts
        ),
        blind=plan.blind,
        reasons={each.name: each.meaning for each in plan.rubric.reasons},
        secret=plan.secret,
    )


def read_answers(path: Path, sheet: Sheet, raters: Mapping[str, str]) -> list[Answer]:
    """Return what people said in another tool.

    Args:
        path: a JSON or JSON-MIN export of Label Studio; a folder of Argilla's `Dataset.to_disk`, or
            a file of `dataset.records.to_json`.
        sheet: what went out.
        raters: their names for people -> ours.

    Raises:
        UsageError: it cannot be read, or is not of this sheet.
    """
    file = path / "records.json" if path.is_dir() else path
    records = read_records(file)
    is_argilla = bool(records) and argilla.is_record(records[0])
    read = argilla.read if is_argilla else labelstudio.read
    return read(file, records, sheet, raters)


def take(folder: Path, answers: Sequence[Answer], rubric: Rubric) -> list[tuple[str, Counter[str]]]:
    """Write answers as grades, by the rubric of the review, into the files of their raters.

    Returns:
        By rater, how many were "new", already "known", or "older" than the rater's own grades.

    Raises:
        RunDirectoryError: a rater's name is that of a model.
    """
    letters = {rubric.word(letter): letter for letter in rubric.letters}
    by_rater: defaultdict[str, list[Grade]] = defaultdict(list)
    for answer in answers:
        given = {side: letters.get(getattr(answer.grade, side)) for side in ("before", "after")}
        by_rater[answer.rater].append(answer.grade.model_copy(update=given))
    taken = []
    for name in sorted(by_rater):
        counts: Counter[str] = Counter()
        with GradeBook(folder, Rater(rater=name)) as book:
            for grade in by_rater[name]:
                there = book.grades.get(grade.row)
                if there is not None and there.says_as(grade):
                    counts["known"] += 1
                elif there is not None and grade.at and grade.at < there.at:
                    counts["older"] += 1
                elif there is None and grade.is_empty:
                    counts["known"] += 1
                else:
                    book.append(grade)
                    counts["new"] += 1
        taken.append((name, counts))
    return taken
