"""Datasets that a program hands over: whose rows they are, and what finds their task."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, TypeAlias

from targen_core.api.request import Asked, TaskLike, as_path
from targen_core.api.run import Corrected, Run
from targen_core.api.words import in_python
from targen_core.dataset import read
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.register import FILE, MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.manifest import Manifest
from targen_core.runs.plan import find_task

__all__ = ["Data", "DataLike", "given_data", "read_dataset"]

DataLike: TypeAlias = (
    "Run | Corrected | Dataset | str | PathLike[str] | Iterable[Mapping[str, Any]]"
)
"""A run, a `Dataset`, the path of either, or rows, a data frame or a `datasets.Dataset`."""

read_dataset = in_python()(read.read_dataset)

_log = logging.getLogger("targen.run")


@dataclass(frozen=True, slots=True)
class Data:
    """What was handed over, and whose rows it holds."""

    source: Any
    task: TaskLike
    variants: tuple[str, ...]
    registry: Registry | None

    def rows_of(self, request: Asked) -> Dataset:
        """The rows that are the task's; others are left out, and logged.

        Raises:
            UsageError: there is no such dataset, or no row in it.
        """
        spec = request.spec
        _, task = find_task(request.registry, spec.task, spec.variants)
        dataset = read.read_dataset(self.source, task, registry=request.registry, strict=False)
        bad = [problem for problem in dataset.problems if problem.left_out]
        if bad:
            _log.warning(
                "%d rows of %s are left out, the first is row %d: %s",
                *(len(bad), dataset.name, bad[0].line, bad[0].message),
            )
        return dataset


def given_data(
    source: DataLike,
    task: TaskLike | None,
    variants: str | Iterable[str],
    registry: Registry | None,
) -> Data:
    """What a program hands over; a run and a `Dataset` know their task.

    Raises:
        UsageError: nobody says whose rows they are.
    """
    if isinstance(source, Run | Corrected) and registry is None:
        registry = source.registry
    made: Any = source.dataset if isinstance(source, Run | Corrected) else source
    if isinstance(made, str | PathLike) and not str(made).startswith("hf:"):
        made = as_path(made)
    run = made.run if isinstance(made, Dataset) else made if isinstance(made, PathLike) else None
    if task is None and run is not None and (as_path(run) / "manifest.json").exists():
        manifest = Manifest.load(as_path(run) / "manifest.json")
        return Data(made, manifest.task_name(as_path(run)), manifest.task.variants, registry)
    if task is None and isinstance(source, Corrected) and not _is_object(source.report.task):
        return Data(made, source.report.task, source.report.raw["variants"], registry)
    if task is None and isinstance(made, Dataset):
        return Data(made, made.task, (), registry)
    if task is None:
        raise UsageError("whose rows are these?", hint='say it: task="rte"')
    chosen = (variants,) if isinstance(variants, str) else tuple(variants)
    return Data(made, task, chosen, registry)


def _is_object(task: str) -> bool:
    """Whether a task's id is of a file or an object, which nothing finds again by it."""
    return task.partition(":")[0] in (FILE, MEMORY)
