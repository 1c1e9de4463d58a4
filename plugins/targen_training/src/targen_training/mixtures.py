"""Mixtures: rows of several tasks for one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_training.trainers import Decision


def grouped(datasets: Sequence[Dataset]) -> dict[str, list[Dataset]]:
    """The datasets of each task, in the order in which they were given.

    Raises:
        UsageError: two different tasks have the same name.
    """
    by_task: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        theirs = by_task.setdefault(dataset.task.name, [])
        if theirs and _identity(theirs[0]) != _identity(dataset):
            raise UsageError(
                f"{theirs[0].name} and {dataset.name} belong to different tasks that have the "
                f"same name, {dataset.task.name}",
                hint="to read all rows as one task's, pass its file with --task FILE; if they "
                "are two tasks, rename one: set `name:` in its file",
            )
        theirs.append(dataset)
    return by_task


def _identity(dataset: Dataset) -> tuple[str, ...]:
    task = dataset.task
    return task.version, task.description, *(label.name for label in task.labels)


def labelled(task: str, label: str) -> str:
    """Return the name of a task's label in a mixture."""
    return f"{task}/{label}"


def mixed(known: Mapping[str, Sequence[Decision]]) -> list[Decision]:
    """The decisions of all tasks, with rows counted on from one task to the next."""
    decisions: list[Decision] = []
    first = 0
    for task, theirs in known.items():
        decisions += [of_task(task, decision, first=first) for decision in theirs]
        first += 1 + max((decision.row for decision in theirs), default=0)
    return decisions


def of_task(task: str, decision: Decision, *, first: int = 0) -> Decision:
    """A decision as one of several tasks has it; its row is counted from `first`."""
    label = decision.label and labelled(task, decision.label)
    return replace(decision, label=label, row=first + decision.row, task=task)
