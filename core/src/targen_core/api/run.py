"""`Run`: a run directory, as programs and notebooks use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload

from targen_core.api.report import Report
from targen_core.dataset.model import Dataset
from targen_core.dataset.read import read_dataset
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import read_report
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task


class _Report(Protocol):
    """The report of a directory with rows."""

    @property
    def task(self) -> str: ...
    @property
    def summary(self) -> str: ...
    def _repr_html_(self) -> str: ...


ReportT = TypeVar("ReportT", bound=_Report)

_READ_AGAIN = ("dataset", "task")


class Folder(Sequence[Mapping[str, Any]], Generic[ReportT]):
    """A directory with rows and a report; it is the sequence of its rows."""

    report: ReportT
    registry: Registry
    finds_task: tuple[str, Sequence[str]] | None = None
    """The name and variants of its task, where neither its rows nor its files tell them."""

    def __init__(self, path: Path, report: ReportT) -> None:
        self._path = path
        self._from = Path() if path.is_absolute() else Path.cwd()
        self.report = report

    @property
    def path(self) -> Path:
        """The directory, as it was named; in full if the program is in another folder by now."""
        if self._path.is_absolute() or Path.cwd() == self._from:
            return self._path
        return self._from / self._path

    @cached_property
    def dataset(self) -> Dataset:
        """The rows with their task, read on first access."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.dataset)

    def __len__(self) -> int:
        return len(self.dataset.rows)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Dataset:
        return self.dataset[index]

    def __bool__(self) -> bool:
        return True  # a run without a row is a run

    def __getstate__(self) -> dict[str, Any]:
        """All but rows and task: they are read again, and no pickle holds code."""
        return {name: value for name, value in vars(self).items() if name not in _READ_AGAIN}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}: {self.report.task}, {self.report.summary}>"

    def _repr_html_(self) -> str:
        from targen_core.api.notebooks import run_html

        return run_html(self)


class Run(Folder[Report]):
    """A run: its directory, its report, and its rows.

    A `Run` is the sequence of its rows: `len(run)`, `run[0]`, `for row in run`;
    rows are returned as copies.

    Attributes:
        path: the run directory.
        report: the outcome of the run.
        registry: resolves its parts, including objects of this program.
    """

    def __init__(self, path: Path, report: Report, registry: Registry) -> None:
        super().__init__(path, report)
        self.registry = registry

    @cached_property
    def dataset(self) -> Dataset:
        """The rows with their task, read on first access.

        Raises:
            UsageError: the task of the run cannot be found.
        """
        if any(True for _ in read_jsonl(self.path / "dataset.jsonl")):
            return read_dataset(self.path, registry=self.registry)
        manifest = Manifest.load(self.path / "manifest.json")
        name, variants = manifest.task_name(self.path), manifest.task.variants
        with manifest.telling_what_to_install():
            _, task = find_task(self.registry, name, variants)
        return Dataset(self.path.name, task, [], run=self.path.absolute())

    def refresh(self) -> None:
        """Read the report again, and the rows on next access; `resume` does so for its run.

        Raises:
            RunDirectoryError: the directory can no longer be read.
        """
        self.report = Report.of(read_report(self.path))
        vars(self).pop("dataset", None)

    @property
    def task(self) -> Task[Any, Any]:
        """The task of the rows, with the run's variants."""
        return self.dataset.task

    @property
    def provenance(self) -> Sequence[dict[str, Any]]:
        """The origin of each accepted instance, in the order of the rows."""
        return list(self._records("provenance.jsonl"))

    @property
    def rejects(self) -> Sequence[dict[str, Any]]:
        """Rejected candidates and list items, each with its reason.

        For duplicates and surplus rows the reason is their verdict; `detail` explains it.
        """
        return [
            {**record, "reason": record.get("reason") or record["verdict"]}
            for record in self._records("rejects.jsonl")
        ]

    def _records(self, name: str) -> Iterator[dict[str, Any]]:
        """The records of one of its files, which a run without any need not have.

        Raises:
            UsageError: the whole directory no longer exists.
        """
        Manifest.load(self.path / "manifest.json")
        return read_jsonl(self.path / name)
