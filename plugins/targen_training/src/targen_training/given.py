"""Datasets of a program for a comparison, which finds its datasets and task by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path

from targen_core import Task
from targen_core.api.request import TaskLike
from targen_core.api.run import Folder
from targen_core.dataset.kept import file_of_rows
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_standard.given import DataLike, given_data, registry_of, task_of
from targen_training.asked import names_its_task


def datasets_in(data: DataLike | Sequence[DataLike]) -> Sequence[DataLike]:
    """Return the datasets in a list of them; anything else, such as a list of rows, is one."""
    if isinstance(data, list | tuple) and not all(isinstance(one, Mapping) for one in data):
        return data
    return [data]


def _names_its_task(data: DataLike) -> bool:
    return isinstance(data, Folder) or (
        isinstance(data, str | PathLike) and names_its_task(fspath(data))
    )


def shared_task(data: Sequence[DataLike]) -> TaskLike | None:
    """Return the task of datasets that state theirs; None if they do not, or have several."""
    stating = (each for each in data if isinstance(each, Dataset) or _names_its_task(each))
    tasks = [given_data(each, None).task for each in stating]
    return tasks[0] if tasks and all(task == tasks[0] for task in tasks) else None


class Given:
    """The names of a program's datasets and of their task.

    Attributes:
        registry: finds the task, also if it is an object of the program.
        task: what finds the task; None if a dataset names it.
    """

    def __init__(
        self, registry: Registry | None, task: TaskLike | None, data: Sequence[DataLike]
    ) -> None:
        """Find the task.

        Raises:
            UsageError: it is not a task.
        """
        registry = registry_of(data) if registry is None else registry
        whose = task_of(task)
        own = next((each.dataset.task for each in data if isinstance(each, Folder)), None)
        if isinstance(whose, Task) and own is not None and own.version == whose.version:
            whose = None  # the run's, which also finds it
        if whose is None and not any(map(_names_its_task, data)):
            whose = next((each.task for each in data if isinstance(each, Dataset)), None)
        self.registry, self.task = registry, whose if isinstance(whose, str) else None
        if isinstance(whose, Task):
            known = (item for item in registry.all("task") if item.name == whose.name)
            self.task = next((item.id for item in known if registry.resolve(item) is whose), None)
            if self.task is None:
                self.registry = registry.including(tasks={whose.name: whose})
                self.task = f"memory:{whose.name}"

    def file(self, data: DataLike) -> str:
        """Return the path of a dataset, or its name on a hub; rows are written into the cache.

        Raises:
            UsageError: it is not a dataset.
        """
        if isinstance(data, Folder):
            return str(data.path)
        if isinstance(data, str | PathLike):
            name = fspath(data)
            return str(Path(name).expanduser()) if name.startswith("~") else name
        if isinstance(data, Dataset) and data.weights:
            raise UsageError(
                f"{data.name} has weights, which would be lost", hint="pass its path instead"
            )
        return str(file_of_rows(data))
