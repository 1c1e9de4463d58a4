"""Where a dataset is: a run, or what a reader or targen-standard opens.

The kernel reads what runs write. All other forms are readers', or those of the function
`dataset-source`, which targen-standard registers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from targen_core.dataset.lines import lines
from targen_core.dataset.model import Dataset, problem_in
from targen_core.dataset.records import Form, as_it_is
from targen_core.errors import RunDirectoryError, TargenError, UsageError
from targen_core.origin import order_of
from targen_core.plain import read_plain
from targen_core.plugins.loader import installed, load_registry
from targen_core.reading import read_jsonl
from targen_core.runs.folder.reporters import CARD
from targen_core.runs.preparing.sources import HUB
from targen_core.runs.records.manifest import Manifest
from targen_core.runs.records.model_names import without_addresses
from targen_core.runs.records.reading import SMALL
from targen_core.suggestions import as_utf_8
from targen_core.tasks.model import Task
from targen_core.wording import Words

__all__ = ["DatasetReader", "Form", "RecordsOf", "Source", "card_in", "open_source", "run_source"]

_log = logging.getLogger("targen")


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset in one of its forms, before any task is asked about its rows.

    Attributes:
        place: the file or the like that holds the rows, for people.
        name: what the dataset is called.
        form: how its rows are read.
        run: the run directory that it is.
        version: the version of the task that made a run's rows.
        task: finds the name of the task that a folder says it is of.
        variants: of that task.
        of: that task itself, where the rows are of a `Dataset`.
        card: the dataset card, or "".
        provenance: where a run's instances are from.
        then: what is done to the dataset once its rows are read, such as weighing them.
    """

    place: str
    name: str
    form: Form
    run: Path | None = None
    version: str = ""
    task: Callable[[], str] | None = None
    variants: tuple[str, ...] = ()
    of: Task[Any, Any] | None = None
    card: str = ""
    provenance: Iterable[Mapping[str, Any]] = ()
    then: Callable[[Dataset], Dataset] | None = None

    def rows(self, task: Task[Any, Any] | None = None) -> list[Mapping[str, Any]]:
        """The rows as they are: of any schema, in values of `task` where it is given.

        Raises:
            UsageError: there are no rows, or one is not a row, with its place.
        """
        rows: list[Mapping[str, Any]] = []
        for number, row in self.each(task):
            if isinstance(row, ValueError):
                raise self.no_row(number, row) from row
            rows.append(row)
        return rows or self.none()

    def each(
        self, task: Task[Any, Any] | None = None
    ) -> Iterator[tuple[int, Mapping[str, Any] | ValueError]]:
        """The rows as they are, one by one: the place of each from 1, and it or why it is none."""
        for number, record in self.form.records():
            try:
                row: Mapping[str, Any] | ValueError = as_it_is(record, self.form, task)
            except ValueError as error:
                row = error
            yield number, row

    def no_row(self, number: int, error: Exception, of: str = "", hint: Words = "") -> UsageError:
        """The error that says what is wrong with a row."""
        whose = f" of {of}" if of else ""
        return UsageError(
            f"{self.place}, {self.form.place} {number} is not a row{whose}: {problem_in(error)}",
            hint=as_utf_8(Path(self.place))
            if isinstance(error, UnicodeError)
            else getattr(error, "hint", "") or hint,
        )

    def none(self, hint: Words = "") -> NoReturn:
        """Refuse a dataset without rows.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.place} has no rows", hint=hint)


class DatasetReader:
    """Opens datasets in a form of its own; each method returns None if it is not that form."""

    def folder(self, path: Path) -> Source | None:
        """Open a folder that is no run directory."""
        return None

    def file(self, path: Path, encoding: str) -> Source | None:
        """Open a file, whose text is in `encoding` unless a byte order mark says otherwise."""
        return None


def open_source(source: Any, *, encoding: str = "utf-8") -> Source:
    """A dataset, wherever and in whatever form it is.

    Args:
        source: see `read_dataset`.
        encoding: of text files without a byte order mark.

    Raises:
        UsageError: the source does not exist or cannot be read.
        RunDirectoryError: the folder contains no dataset.
        MissingDependency: the library that reads this form is not installed.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, Dataset):
        return _of_dataset(source)
    if isinstance(source, str):
        source = order_of(source)
    if isinstance(source, str | PathLike) and not str(source).startswith(HUB):
        path = Path(source).expanduser()
        if (path / "manifest.json").exists():
            return run_source(path)
        if (opened := _by_a_reader(path, encoding)) is not None:
            return opened
    common: Source = load_registry().function("dataset-source", of="a dataset that is not a run")(
        source, encoding
    )
    return common


def _by_a_reader(path: Path, encoding: str) -> Source | None:
    """Return the source of the first reader that knows the file.

    Every reader is asked about every file, so one that breaks must not stop the others.
    """
    reader: DatasetReader
    for name, reader in installed("dataset-reader"):
        try:
            source = reader.folder(path) if path.is_dir() else reader.file(path, encoding)
        except TargenError:
            raise  # its own form, with something wrong in it
        except Exception as error:  # of a plugin's code
            _log.warning("dataset reader %s failed: %s: %s", name, type(error).__name__, error)
            continue
        if source is not None:
            return source
    return None


def run_source(run: Path) -> Source:
    """Open a run directory; `Manifest.load` guards all reading.

    Raises:
        RunDirectoryError: the folder is none.
    """
    manifest = Manifest.load(run / "manifest.json")
    rows = run / "dataset.jsonl"
    return Source(
        str(rows),
        run.resolve().name,
        lines(rows, may_be_torn=True),
        run=run,
        version=manifest.task.version,
        task=lambda: manifest.task_name(run),
        variants=tuple(manifest.task.variants),
        card=without_addresses(card_in(run), manifest.steps.values()),
        provenance=RecordsOf(run / "provenance.jsonl"),
    )


@dataclass(frozen=True, slots=True)
class RecordsOf:
    """The records of a jsonl file, read anew each time they are asked for."""

    path: Path

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return read_jsonl(self.path)


def card_in(folder: Path) -> str:
    """Return the dataset card in a folder, such as a run's, or "".

    Raises:
        RunDirectoryError: it cannot be read.
    """
    path = folder / CARD
    try:
        return read_plain(path, SMALL).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error


def _of_dataset(dataset: Dataset) -> Source:
    return Source(
        dataset.source or dataset.name,
        dataset.name,
        Form(lambda: enumerate(dataset.rows, 1), place="row"),
        run=dataset.run,
        of=dataset.task,
        card=dataset.card,
        provenance=dataset.provenance,
    )
