"""Rows as tools for annotation show them, and what people answered there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.tasks.fields import text_at
from targen_outputs.exporting.rows import labelled
from targen_standard.task_files.outputs import Question, Row, output_in

ROW = "targen_row"
"""Where a tool keeps the row itself, so that its answers can be put into it."""


@dataclass(frozen=True, slots=True)
class RowQuestions:
    """A row with the questions about it.

    Attributes:
        id: its `idx` as text, or its place.
        texts: what people read, by name.
        questions: questions about them, with the row's answers.
        row: its columns; None if it has no output.
    """

    id: str
    texts: Mapping[str, str]
    questions: Sequence[Question]
    row: Row | None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of people about one row.

    Attributes:
        row: its columns as they were exported; None if something else made the project.
        texts: what they read, by name.
        said: for each person, the values of each question.
    """

    row: Row | None
    texts: Mapping[str, Any]
    said: Sequence[Mapping[str, Sequence[Any]]]


def rows_with_questions(dataset: Dataset) -> Iterator[RowQuestions]:
    """Yield the rows of a dataset with the questions of its output, or of its label.

    Raises:
        UsageError: the dataset has no rows, or the task's labels are open, so that no question can
            be asked.
    """
    task, output = dataset.task, output_in(dataset.task)
    names = tuple(label.name for label in task.labels)
    number = 0
    for number, row in enumerate(labelled(dataset), start=1):
        if output is not None:
            questions = output.questions(row.row)
        else:
            label = task.label_of(row.instance)
            questions = [Question(name="label", kind="one", value=label, options=names)]
        if not questions or not names:
            raise UsageError(
                f"rows of {task.name} do not have an answer that this format can ask for"
            )
        texts = {path.replace(".", "_"): text_at(row.row, path) for path in task.fields}
        more = {name: text for each in questions for name, text in each.shown.items()}
        idx = {} if row.idx is None else {"idx": row.idx}
        yield RowQuestions(
            str(idx.get("idx", number - 1)),
            {**texts, **more},
            questions,
            row={**row.row, **idx} if output is not None else None,
        )
    if not number:
        raise UsageError(f"{dataset.name} has no labelled rows to ask about")
