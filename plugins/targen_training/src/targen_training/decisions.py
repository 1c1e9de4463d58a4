"""From a dataset to the decisions that a model learns from or is asked to take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from targen_core import Case, Dataset, Task
from targen_core.errors import UsageError
from targen_core.training.model import Decision

__all__ = ["decisions_of", "digest"]


def decisions_of(dataset: Dataset) -> list[Decision]:
    """The decisions of a dataset's rows, in order; those without a label have "".

    What a row decides is what its task says (`Rows.cases`): its label, or of
    each option whether it is right. A task that says nothing decides a row's
    label from its texts.

    Raises:
        UsageError: rows that hold no instance of the task, naming the first.
    """
    return list(_decisions(dataset))


def _decisions(dataset: Dataset) -> Iterator[Decision]:
    task, row = dataset.task, 0
    for unit in dataset.units():
        instances = unit.instances
        own = task.label_of(instances[0]) if len(instances) == 1 else ""
        for official in unit.rows:
            for case in _cases(task, official, dataset.name, row):
                yield Decision(dict(case.texts), case.label or own, row, case.question)
            row += 1


def _cases(task: Task[Any, Any], row: Mapping[str, Any], name: str, number: int) -> Sequence[Case]:
    if task.rows.cases is not None:
        try:
            return task.rows.cases(row)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{name}, row {number + 1}: {task.name} does not say what it decides: {error}"
            ) from error
    return [Case(texts=dict(zip(task.fields, _texts(task, row), strict=True)))]


def _texts(task: Task[Any, Any], row: Mapping[str, Any]) -> tuple[str, ...]:
    (texts,) = Dataset("", task, [row]).texts
    return texts


def digest(decision: Decision) -> int:
    """What two decisions share whose texts are the same but for case and spaces."""
    words = "\n".join(" ".join(text.casefold().split()) for text in decision.texts.values())
    known = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(known.digest())
