"""Mixtures: rows of several tasks for one model."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_training.trainers import Decision

Mix = Literal["proportional", "equal", "temperature"]


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


def mix_said(mix: Mix, temperature: float) -> str:
    """A mix as `model.json` has it."""
    return f"temperature {temperature:g}" if mix == "temperature" else mix


def mixed(
    known: Mapping[str, Sequence[Decision]], mix: Mix, *, temperature: float, seed: int
) -> list[Decision]:
    """The decisions of a mixture: about as many as there are, whatever the mix.

    "proportional" uses all rows. "equal" takes as many of each task. "temperature" is in
    between: in proportion to their number to the power 1/temperature (Raffel et al. 2020, section
    3.5.2). A small task's questions repeat equally often, except for the last round; a large task's
    are sampled. All the options of a question are taken together.
    """
    power = {"proportional": 1.0, "equal": 0.0, "temperature": 1 / temperature}[mix]
    questions = {task: _questions(theirs) for task, theirs in known.items()}
    total = sum(map(len, questions.values()))
    weights = {task: len(theirs) ** power for task, theirs in questions.items()}
    rng = random.Random(seed)
    decisions: list[Decision] = []
    first = 0
    for task, theirs in questions.items():
        share = max(1, round(total * weights[task] / sum(weights.values())))
        rounds, rest = divmod(share, len(theirs))
        drawn = theirs * rounds + sorted(rng.sample(theirs, rest), key=_place)
        decisions += [of_task(task, each, first=first) for question in drawn for each in question]
        first += 1 + max(each.row for question in theirs for each in question)
    return decisions


def _questions(decisions: Sequence[Decision]) -> list[list[Decision]]:
    by_question: dict[tuple[int, int, str], list[Decision]] = {}
    for decision in decisions:
        # Rows of two datasets have the same numbers: their contents distinguish them.
        asked = decision.asked.prompt if decision.asked else ""
        by_question.setdefault((decision.row, decision.question, asked), []).append(decision)
    return list(by_question.values())


def _place(question: Sequence[Decision]) -> tuple[int, int]:
    return question[0].row, question[0].question


def of_task(task: str, decision: Decision, *, first: int = 0) -> Decision:
    """A decision as one of several tasks has it; its row is counted from `first`."""
    label = decision.label and labelled(task, decision.label)
    return replace(decision, label=label, row=first + decision.row, task=task)
