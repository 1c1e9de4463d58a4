"""Rows as tools for annotation show them: texts, and questions with the answers of the row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.tasks.fields import text_at
from targen_outputs.exporting.rows import labelled
from targen_standard.task_files.outputs import Question, output_in

__all__ = ["Asked", "asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One row.

    Attributes:
        id: its `idx` as text, or its place.
        texts: what people read, by name.
        questions: what they are asked, with the row's answers.
    """

    id: str
    texts: Mapping[str, str]
    questions: Sequence[Question]


def asked(dataset: Dataset) -> Iterator[Asked]:
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
            raise UsageError(f"rows of {task.name} have no answer that this form could ask for")
        texts = {path.replace(".", "_"): text_at(row.row, path) for path in task.fields}
        more = {name: text for each in questions for name, text in each.shown.items()}
        yield Asked(str(number - 1 if row.idx is None else row.idx), {**texts, **more}, questions)
    if not number:
        raise UsageError(f"{dataset.name} has no labelled row to ask about")
