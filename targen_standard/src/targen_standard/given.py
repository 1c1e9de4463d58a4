"""Datasets that a program hands over: whose rows they are, and what finds their task."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, TypeAlias

from targen_core.api.request import Request, TaskLike
from targen_core.api.run import Folder
from targen_core.dataset import read
from targen_core.dataset.model import Dataset, Problem
from targen_core.dataset.source import Source, open_source
from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task
from targen_core.wording import Action

__all__ = ["Data", "DataLike", "TaskLike", "given_data", "task_of"]

DataLike: TypeAlias = "Folder[Any] | Dataset | str | PathLike[str] | Iterable[Mapping[str, Any]]"
"""A run, a `Dataset`, the path of either, or rows, a data frame or a `datasets.Dataset`."""

_log = logging.getLogger("targen.run")


@dataclass(frozen=True, slots=True)
class Data:
    """What was handed over, and whose rows it holds."""

    source: Any
    task: TaskLike
    variants: tuple[str, ...]
    registry: Registry | None

    def rows_of(self, request: Request) -> Dataset:
        """The rows that are the task's; others are left out, and logged.

        Raises:
            UsageError: there is no such dataset, or no row in it, or it is another task's.
        """
        spec, registry = request.spec, request.registry
        dataset = read.read_dataset(
            self.source, spec.task, variants=spec.variants, registry=registry, strict=False
        )
        bad = [problem for problem in dataset.problems if problem.left_out]
        if bad:
            _log.warning("%s", _left_out(dataset, bad, self.source))
        return dataset


def _left_out(dataset: Dataset, bad: Sequence[Problem], source: Any) -> str:
    """What is said of rows that are none of the task's."""
    read = isinstance(source, Source)
    word, count = source.form.place if read else "row", len({problem.line for problem in bad})
    some = f"1 {word}" if count == 1 else f"{count:,} {word}s"
    first = f"the first is {word} {bad[0].line}: {bad[0].message}"
    see = f"; see: {Action('validate', source.place, task=dataset.task.name)}" if read else ""
    return f"{some} of {dataset.source} skipped; {first}{see}"


def task_of(task: TaskLike | None) -> Task[Any, Any] | str | None:
    """Return a task as datasets are read for it: a Task, or what finds one.

    Raises:
        UsageError: it is neither, nor a path, nor a Declaration.
    """
    if isinstance(task, Task | str) or task is None:
        return task
    if isinstance(task, PathLike):
        return Typed(task)
    made = getattr(task, "task", None)  # of a Declaration
    if not callable(made) or not isinstance(whose := made(), Task):
        raise UsageError(
            f"task: {type(task).__name__} is not a task",
            hint="a name, a file's path, a Task or a Declaration",
        )
    return whose


def given_data(
    source: DataLike,
    task: TaskLike | None,
    variants: str | Iterable[str] | None = None,
    registry: Registry | None = None,
    *,
    encoding: str = "utf-8",
) -> Data:
    """What is handed over; a run, what was made of one, and a `Dataset` know their task.

    Raises:
        UsageError: nobody says whose rows they are.
    """
    if isinstance(source, Folder) and registry is None:
        registry = source.registry
    made: Any = source.dataset if isinstance(source, Folder) else source
    folder = None
    if isinstance(made, str | PathLike):
        folder = made = open_source(made, encoding=encoding)
    elif isinstance(made, Dataset) and made.run is not None and made.run.exists():
        folder = open_source(made.run)
    chosen = (variants,) if isinstance(variants, str) else tuple(variants or ())
    if folder is not None and folder.task is not None:
        known = folder.task() if task is None else task
        return Data(made, known, chosen or folder.variants, registry)
    if task is None and isinstance(source, Folder) and source.finds_task is not None:
        name, own = source.finds_task
        return Data(made, name, tuple(own), registry)
    if task is None and isinstance(made, Dataset):
        return Data(made, made.task, (), registry)
    if task is None and isinstance(made, Source):
        raise read.of_no_task(made)
    if task is None:
        raise UsageError("whose rows are these?", hint=read.NAME_THE_TASK)
    return Data(made, task, chosen, registry)
