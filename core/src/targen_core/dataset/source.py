"""Where a dataset is, and how it is opened: as a run, by a reader, or in a common form."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from targen_core.api.run import Folder
from targen_core.dataset import forms
from targen_core.dataset.columns import columns_of, from_hub, parquet, saved
from targen_core.dataset.layout import Layout, current
from targen_core.dataset.lines import lines, suffix_of
from targen_core.dataset.model import Dataset
from targen_core.dataset.problems import row_problem
from targen_core.dataset.records import Form, Record, as_it_is
from targen_core.dataset.texts import document, require_distinct, table
from targen_core.errors import RunDirectoryError, TargenError, UsageError, no_such_file
from targen_core.hints import quoted
from targen_core.origin import HUB, order_of
from targen_core.plain import is_inside, require_possible
from targen_core.plugins.loader import installed, load_registry
from targen_core.reading.archives import PACKED
from targen_core.reading.encodings import as_utf_8
from targen_core.reading.lines import read_jsonl
from targen_core.reading.texts import refuse_binary
from targen_core.runs.manifest import Manifest, StepPlan, backend_name, model_name
from targen_core.runs.reporters import CARD, card_in, cited_in
from targen_core.tasks.model import Task
from targen_core.tasks.parts import unwrapped
from targen_core.text import plural

MOST_TOLD = 1_000
"""Rows that do not fit a task, after the first, that are counted."""

_NAMED = 5  # of them

IN_MEMORY = "the given data"
"""The name of rows that a program passes."""

_log = logging.getLogger("targen")
_of_data = logging.getLogger("targen.dataset")  # a command says each of its messages once

"""Where a card cites the rows of its folder."""

_JSON = (".json", ".jsonl", ".ndjson")
_FORMS = "pass a run directory, or a .jsonl, .csv or .parquet file"


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset in one of its formats, before a task reads its rows.

    Attributes:
        place: the file or the like that holds the rows, for people.
        name: what the dataset is called.
        form: how its rows are read.
        run: the run directory that it is.
        version: the version of the task that made a run's rows.
        task: finds the name of the task that a folder says it is of.
        variants: of that task.
        of: that task itself, if the rows are of a `Dataset`.
        card: the dataset card, or "".
        provenance: where a run's instances are from.
        then: what is done to the dataset once its rows are read, such as weighing them.
        encoding: the one that was given for its text.
        laid_out: opens it again with a layout, if it is a file.
        columns: the columns of a person's file with the task's name of each; {} if they are equal.
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
    encoding: str = "utf-8"
    laid_out: Callable[[Layout], Source] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> Mapping[str, str]:
        """Return the options with which other commands read it."""
        return {} if self.encoding == "utf-8" else {"encoding": self.encoding}

    def rows(self, task: Task[Any, Any] | None = None) -> list[Mapping[str, Any]]:
        """Return the rows unchanged: of any schema, as values of `task` if it is given.

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
        """Yield the unchanged rows: the place of each from 1, and the row or its problem."""
        for number, record in self.form.records():
            try:
                row: Mapping[str, Any] | ValueError = as_it_is(record, self.form, task)
            except ValueError as error:
                row = error
            yield number, row

    def no_row(
        self,
        number: int,
        error: Exception,
        of: str = "",
        hint: str = "",
        others: Sequence[int] = (),
    ) -> UsageError:
        """Return the error that describes the problem of a row, with the places of `others`."""
        what = f"does not fit the task {of}" if of else "is not a valid row"
        more = ""
        if others:
            some = ", ".join([*map(str, others[:_NAMED]), *["…"] * (len(others) > _NAMED)])
            count = "at least " if len(others) == MOST_TOLD else ""
            count += plural(len(others), f"more {self.form.place}")
            more = f" ({count} {'does' if len(others) == 1 else 'do'} not fit: {some})"
        return UsageError(
            f"{self.place}, {self.form.place} {number} {what}: {row_problem(error)}{more}",
            hint=as_utf_8(Path(self.place))
            if isinstance(error, UnicodeError)
            else getattr(error, "hint", "") or hint,
        )

    def none(self, hint: str = "") -> NoReturn:
        """Refuse a dataset without rows.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.place} has no rows", hint=hint)


class DatasetReader:
    """Opens datasets in a form of its own; each method returns None if it is not that form."""

    def folder(self, path: Path) -> Source | None:
        """Open a folder that is not a run directory."""
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
        path = require_possible(Path(source).expanduser())
        if (path / "manifest.json").exists():
            return run_source(path)

        def laid_out(layout: Layout) -> Source:
            opened = _of_a_file(path, encoding, layout)
            form = layout.applied(opened.form, opened.place)
            own = layout.renamed(opened.form) or opened.columns
            return replace(opened, form=form, encoding=encoding, laid_out=laid_out, columns=own)

        return laid_out(current())
    return replace(_common(source, encoding), encoding=encoding)


def _of_a_file(path: Path, encoding: str, layout: Layout) -> Source:
    if (form := forms.recognized(path, encoding, layout)) is not None:
        return Source(str(path), path.stem, form)
    if layout.is_table:
        return _common(path, encoding, layout)
    return _by_a_reader(path, encoding) or _common(path, encoding, layout)


def _by_a_reader(path: Path, encoding: str) -> Source | None:
    """Return the source of the first reader that knows the file.

    Every reader sees every file, so one that breaks must not stop the others.
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
        RunDirectoryError: the folder is not a run.
    """
    manifest = Manifest.load(run / "manifest.json")
    rows = run / "dataset.jsonl"
    return Source(
        str(rows),
        run.resolve().name,
        _checked(lines(rows, may_be_torn=True), rows),
        run=run,
        version=manifest.task.version,
        task=lambda: manifest.task_name(run),
        variants=tuple(manifest.task.variants),
        card=_without_addresses(card_in(run), manifest.steps.values()),
        provenance=RecordsOf(run / "provenance.jsonl"),
    )


def written(run: Path | None) -> tuple[int, int] | None:
    """Return what distinguishes one report of a run from the next; None without a report."""
    if run is None:
        return None
    try:
        there = (run / "report.json").stat()
    except OSError:
        return None
    return there.st_ino, there.st_mtime_ns


def _checked(form: Form, rows: Path) -> Form:
    """A run's rows, with a warning at their end if they are not those that its card cites.

    They are hashed as they are read, so that a large file is not read twice for it.
    """

    def records() -> Iterator[tuple[int, Record]]:
        ended, read = written(rows.parent), hashlib.sha256()
        for number, record in form.records():
            if isinstance(record, bytes):
                read.update(record + b"\n")
            yield number, record
        cited = cited_in(card_in(rows.parent))
        # While a run continues, its card still cites the rows of an earlier end.
        if ended is None or written(rows.parent) != ended or not cited:
            return
        if cited != read.hexdigest():
            _of_data.warning("%s", changed_words(rows))

    return replace(form, records=records)


def changed_words(rows: Path) -> str:
    """Return the warning that the rows of a run are not those that its card cites."""
    return (
        f"{rows} was changed after the run ended: its SHA-256 is not the one in {CARD}. The run's "
        "report and traces are those of the original rows"
    )


def _without_addresses(text: str, plans: Iterable[StepPlan]) -> str:
    """`text` with names in place of what tells where a run's models were found.

    A card may hold a service's words.
    """
    hidden: dict[str, str] = {}
    for plan in plans:
        name = model_name(plan) or backend_name(plan)
        if ":" in plan.identity:
            hidden[plan.identity] = name
        for value in plan.options.values():
            if isinstance(value, str) and ("://" in value or value.startswith(("/", "~/", "\\\\"))):
                hidden[value] = name
                if host := urlsplit(value).netloc:
                    hidden[host] = "the service"
    for address in sorted(hidden, key=len, reverse=True):
        text = text.replace(address, hidden[address])
    return text


@dataclass(frozen=True, slots=True)
class RecordsOf:
    """The records of a jsonl file, read again for each iteration."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path.absolute())  # a program may change its folder

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return read_jsonl(self.path)


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


def _common(source: Any, encoding: str, layout: Layout | None = None) -> Source:
    """Open a dataset without a reader of its own: a file, a folder, a hub's, or rows in memory.

    Args:
        source: a path, `hf:OWNER/NAME[:CONFIG[:SPLIT]]`, or what holds rows.
        encoding: of text files without a byte order mark.
        layout: what the person says of its columns.

    Raises:
        UsageError: the source does not exist or cannot be read.
        RunDirectoryError: the folder contains no dataset.
        MissingDependency: the library that reads this form is not installed.
    """
    if not isinstance(source, str | PathLike):
        return _in_memory(source)
    if str(source).startswith(HUB):
        named = str(source).removeprefix(HUB).replace("/", "-").replace(":", "-")
        return Source(str(source), named, from_hub(str(source)))
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise no_such_file(path, hint=_of_a_task(str(source)) or _FORMS)
    suffix = suffix_of(path)
    if path.is_file() and suffix in (".yaml", ".yml", ".toml", ".py"):
        raise UsageError(
            f"{path} is a task file, not a dataset",
            hint=f"{_FORMS}; pass the task with --task {quoted(path)}",
        )
    if path.suffix.lower() not in PACKED:
        refuse_binary(path)
    if suffix == ".parquet":
        form = parquet([path])
    elif suffix in (".csv", ".tsv") or (layout and layout.is_table and suffix not in _JSON):
        form = table(path, encoding, layout)
    elif suffix == ".json":
        form = document(path, encoding)
    else:
        form = lines(path, encoding)
    return Source(str(path), path.stem, forms.annotated(form))


def _folder(path: Path) -> Source:
    name = path.resolve().name
    if (path / "state.json").is_file():
        return Source(str(path), name, saved(path))
    if (path / "dataset_dict.json").is_file():
        splits = sorted(each for each in path.iterdir() if (each / "state.json").is_file())
        _refuse_outside(path, splits)
        return open_source(splits[0]) if len(splits) == 1 else _several(path, splits)
    tables = sorted([*path.glob("*.parquet"), *path.glob("data/*.parquet")])
    if files := [each for each in tables if each.is_file()]:
        _refuse_outside(path, files)
        if len({_split(each) for each in files}) > 1:
            _several(path, files)
        return Source(str(path), name, parquet(files))
    if not (path / "manifest.json").is_symlink() and not (path / "manifest.json").exists():
        raise RunDirectoryError(f"{path} is a folder that does not contain a dataset", hint=_FORMS)
    return run_source(path)  # which raises the right error


def _of_a_task(name: str) -> str:
    """Return the hint if someone named an installed task in place of a dataset; or ""."""
    if name not in {item.name for item in load_registry().all("task")}:
        return ""
    return f"{name} is a task; to generate rows: targen generate {quoted(name)} -n 100"


def _refuse_outside(folder: Path, members: Iterable[Path]) -> None:
    """Refuse links that point outside a folder, which may be from anybody."""
    for member in members:
        if not is_inside(folder, member):
            raise UsageError(
                f"{member} is a link that points outside {folder}",
                hint="give the path of its target, or copy the target into the folder",
            )


def _split(path: Path) -> str:
    """The split whose rows a file of an export or a hub holds: `train-00000-of-00001.parquet`."""
    return path.stem.partition("-")[0].lstrip("0123456789")


def _several(path: Path, parts: Sequence[Path]) -> NoReturn:
    if not parts:
        raise UsageError(f"{path} does not contain a readable dataset")
    raise UsageError(
        f"{path} contains several datasets: {', '.join(part.name for part in parts)}",
        hint=f"choose one, such as {parts[0]}",
    )


def _require_names(frame: Any) -> None:
    """Check that each column of a data frame of pandas has one name, which no other has.

    Raises:
        UsageError: a name has several levels, or two columns have the same name.
    """
    names = list(frame.columns)
    if any(isinstance(name, tuple) for name in names):
        raise UsageError(
            f"{IN_MEMORY}: the columns have names of several levels: {', '.join(map(str, names))}",
            hint='give each column one name, as in frame.columns = ["text", "label"]',
        )
    require_distinct(IN_MEMORY, list(map(str, names)))


def require_one(source: Any) -> None:
    """Check that a program did not pass a list of datasets in place of one.

    Raises:
        UsageError: it did.
    """
    if isinstance(source, list | tuple) and any(map(_is_dataset, source)):
        raise UsageError(
            f"a list of datasets ({len(source)}) was passed where one dataset is expected",
            hint="pass one of them",
        )


def _is_dataset(item: Any) -> bool:
    """Return whether an item of a list is not a row, but a dataset of its own."""
    if isinstance(item, Mapping):
        return False
    if isinstance(item, str):
        try:
            return item.startswith(HUB) or Path(item).expanduser().exists()
        except (OSError, RuntimeError):  # a long text, or `~` with an unknown user
            return False
    if isinstance(item, list | tuple):
        return bool(item) and all(isinstance(row, Mapping) for row in item)
    return (
        isinstance(item, Dataset | Folder | PathLike)
        or hasattr(item, "columns")  # a data frame
        or hasattr(item, "features")  # one of the library `datasets`
    )


def _plain(value: Any) -> Any:
    """Return a value of a row, with the texts of labels that are members of an enum."""
    return [*map(_plain, value)] if isinstance(value, list | tuple) else unwrapped(value)


def _in_memory(source: Any) -> Source:
    """Rows that are in memory."""
    if hasattr(source, "features") and hasattr(source, "with_format"):
        return Source(IN_MEMORY, "dataset", columns_of(source))
    if hasattr(source, "to_dicts"):  # a data frame of polars
        source = source.to_dicts()
    elif hasattr(source, "to_dict") and hasattr(source, "columns"):  # one of pandas
        _require_names(source)
        source = source.astype(object).where(source.notna(), None).to_dict("records")
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise UsageError(f"{type(source).__name__} is not a dataset: pass a path or rows")
    rows = list(source)
    require_one(rows)
    if rows and all(isinstance(row, str) for row in rows):
        raise UsageError(
            f"{IN_MEMORY} is a list of texts, not of rows",
            hint='name the column, as in [{"text": text} for text in texts]',
        )

    def records() -> Iterator[tuple[int, Record]]:
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                yield number, ValueError(f"{type(row).__name__} is not a row")
            else:  # the columns of a frame without a header have numbers
                yield number, {str(unwrapped(name)): _plain(row[name]) for name in row}

    return Source(IN_MEMORY, "dataset", Form(records, place="row"))
