"""Datasets that a program hands over: whose rows they are, and what finds their task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from targen_core.api.request import Request, TaskLike, given_task
from targen_core.api.run import Folder
from targen_core.dataset.model import Dataset
from targen_core.dataset.reading import NAME_THE_TASK, of_no_task, read_dataset
from targen_core.dataset.source import Source, open_source, require_one
from targen_core.errors import UsageError
from targen_core.options import several
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.tasks.model import Task
from targen_core.text import plural

DataLike: TypeAlias = "Folder[Any] | Dataset | str | PathLike[str] | Iterable[Any]"
"""A run, a `Dataset`, the path of either, or rows, a data frame or a `datasets.Dataset`."""

_NAMED = 3  # reasons, and rows of each


@dataclass(frozen=True, slots=True)
class Data:
    """Data that were passed, and their task."""

    source: Any
    task: TaskLike
    variants: tuple[str, ...]
    registry: Registry | None

    def rows_of(self, request: Request) -> Dataset:
        """The rows.

        Raises:
            UsageError: the dataset does not exist, has no rows, or one is not the task's.
        """
        config, registry = request.config, request.registry
        return read_dataset(self.source, config.task, variants=config.variants, registry=registry)


def left_out(dataset: Dataset, source: object = None) -> str:
    """Return which rows of a source were left out of its dataset, and why, in words; or ""."""
    place = source.form.place if isinstance(source, Source) else "row"
    bad: dict[str, list[int]] = {}
    for problem in dataset.problems:
        if problem.left_out:
            bad.setdefault(problem.message, []).append(problem.line)
    if not bad:
        return ""
    several = [
        f"{place}{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:_NAMED]))}"
        f"{', …' if len(lines) > _NAMED else ''}: {why}"
        for why, lines in islice(bad.items(), _NAMED)
    ]
    count = len({line for lines in bad.values() for line in lines})
    more = "; …" if len(bad) > _NAMED else ""
    name = source.place if isinstance(source, Source) else dataset.name
    return f"{name}: {plural(count, place)} skipped; {'; '.join(several)}{more}"


def unfinished_note(dataset: Dataset, run: Path, doing: str) -> str:
    """Return what people should know if a run did not generate all its rows, or "".

    Args:
        dataset: the rows.
        run: the run that generated them.
        doing: their use, such as "exporting".
    """
    from targen_core.runs.report import read_report

    report = dataset.report or read_report(run)  # which says why it cannot be read
    if report["status"] == "complete":
        return ""
    why = f"because this run is {report['status']}: {report['problem']}"
    return f"note: {doing} only the rows generated so far, {why}"


def registry_of(data: Iterable[object]) -> Registry:
    """Return the registry of the first run in some data, or else of what is installed.

    That of a run also knows objects of the program.
    """
    made = (each.registry for each in data if isinstance(each, Folder))
    return next(made, None) or load_registry()


def task_of(task: TaskLike | None) -> Task[Any, Any] | str | None:
    """Return a task as datasets are read for it: a Task, or what finds one.

    Raises:
        UsageError: it is not a task.
    """
    return None if task is None else given_task(task)


def given_data(
    source: DataLike,
    task: TaskLike | None,
    variants: str | Iterable[str] | None = None,
    registry: Registry | None = None,
    *,
    encoding: str = "utf-8",
) -> Data:
    """Return the passed data; a run, its derivatives, and a `Dataset` know their task.

    Raises:
        UsageError: the task of the rows is unknown.
    """
    require_one(source)
    if isinstance(source, Folder) and registry is None:
        registry = source.registry
    made: Any = source.dataset if isinstance(source, Folder) else source
    folder = None
    if isinstance(made, str | PathLike):
        folder = made = open_source(made, encoding=encoding)
    elif isinstance(made, Dataset) and made.run is not None and made.run.exists():
        folder = open_source(made.run)
    chosen: tuple[str, ...] = several(variants)
    if folder is not None and folder.task is not None:
        known = folder.task() if task is None else task
        return Data(made, known, chosen or folder.variants, registry)
    for each in (source, made):
        if task is None and isinstance(each, Folder | Dataset) and each.finds_task is not None:
            name, own = each.finds_task
            return Data(made, name, tuple(own), registry)
    if task is None and isinstance(made, Dataset):
        return Data(made, made.task, (), registry)
    if task is None and isinstance(made, Source):
        raise of_no_task(made)
    if task is None:
        raise UsageError("the task of these rows is unknown", hint=NAME_THE_TASK)
    return Data(made, task, chosen, registry)
