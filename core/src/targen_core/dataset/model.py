"""`Dataset`: official rows of a task, with what they hold."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from targen_core.errors import Rejected, TargenError, UsageError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.register import MEMORY
from targen_core.runs.manifest import Manifest
from targen_core.runs.tasks import find_task
from targen_core.tasks.fields import text_at
from targen_core.tasks.model import Task
from targen_core.text import plural, problem_in, row_name

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_NAMED = 12  # labels that a summary names


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a row.

    Attributes:
        line: its line, or its place in a form without lines, from 1.
        idx: its `idx`, if it has one.
        message: why.
        left_out: whether the row is not in the dataset for it.
        known: where the original data has that very row, or "".
    """

    line: int
    idx: Any
    message: str
    left_out: bool = True
    known: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that belong together, and what they hold.

    Attributes:
        number: the place of the first row, from 1.
        rows: the rows, `Task.rows_per_instance` of them.
        instances: the labelled instances: one for most tasks, several where a
            row nests them, none if the label is absent, as in test files.
    """

    number: int
    rows: tuple[Mapping[str, Any], ...]
    instances: Sequence[Any]

    @property
    def idx(self) -> Any:
        """The `idx` of the first row."""
        return self.rows[0].get("idx")


@dataclass(frozen=True)
class Dataset(Sequence[Mapping[str, Any]]):
    """Official rows of a task, in order, each valid by `task.schema`.

    Rows of a person's file may also have columns that the schema does not know.

    A dataset is the sequence of its rows: `len`, iteration, `dataset[3]`, and
    `dataset[:100]`, which is a dataset again. Rows are returned as copies, so
    changing one does not change the dataset. Datasets are equal if their tasks
    and rows are.

    Attributes:
        name: its name, usable as a file or folder name.
        task: whose rows they are.
        rows: the rows.
        card: the dataset card (Markdown), or "".
        license: the licence, by its name on hubs ("cc-by-4.0"), or "".
        source: where it was read from, for people, or "".
        run: the run directory it belongs to, if any.
        provenance: where it is known, the origin of each instance: one record each, with the `idx`
            of its first row. It is read again for each iteration, so pass it to `list` to count it.
        weights: how much each row counts in training; () if all count the same. Rows that belong
            together have the same weight.
        problems: problems with rows that were read with `strict=False`, and known oddities in the
            original data.
        report: for a run, its report at the moment when its rows were read; otherwise empty.
        finds_task: the file of the task and its variants, if it was read for a task in a file.
        columns: the columns of a person's file with the task's name of each; {} if they are equal.
    """

    name: str = field(compare=False)
    task: Task[Any, Any]
    rows: Sequence[Mapping[str, Any]]
    card: str = field(default="", compare=False)
    license: str = field(default="", compare=False)
    source: str = field(default="", compare=False)
    run: Path | None = field(default=None, compare=False)
    provenance: Iterable[Mapping[str, Any]] = field(default=(), compare=False)
    weights: Sequence[float] = field(default=(), compare=False)
    problems: Sequence[Problem] = field(default=(), compare=False)
    report: Mapping[str, Any] = field(default_factory=dict, compare=False)
    finds_task: tuple[str, tuple[str, ...]] | None = field(default=None, compare=False)
    columns: Mapping[str, str] = field(default_factory=dict, compare=False)

    __hash__ = None  # type: ignore[assignment]  # its rows have none

    def __post_init__(self) -> None:
        if not isinstance(self.task, Task):
            raise UsageError(
                f"task is {repr(self.task)[:80]}, not a Task",
                hint="for the name, the file or the declaration of a task: "
                "read_dataset(ROWS, task=TASK)",
            )

    def __getstate__(self) -> dict[str, Any]:
        """All but the task, which is code: what is kept is where to find it again."""
        return {**vars(self), "task": _pickled_task(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        _, task = find_task(load_registry(), *state["task"])
        vars(self).update(state, task=task)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return map(copied, self.rows)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Dataset:
        if not isinstance(index, slice):
            row: Mapping[str, Any] = copied(self.rows[index])
            return row
        unit = self.task.rows_per_instance
        start, stop, step = index.indices(len(self))
        if unit > 1 and (step != 1 or start % unit or stop % unit):
            raise UsageError(
                f"rows of {self.task.name} come in groups of {unit}, and [{start}:{stop}] "
                "splits a group"
            )
        weights = self.weights[index]
        rows = self.rows[index]
        origins = origins_of(self.provenance, rows)
        return replace(self, rows=rows, weights=weights, provenance=origins, problems=())

    def units(self) -> Iterator[Unit]:
        """The rows in groups that must stay together, each with its instances.

        Instances are created on demand and not kept.

        Raises:
            UsageError: some rows are not an instance of the task; names the
                first.
        """
        task = self.task
        for start in range(0, len(self.rows), task.rows_per_instance):
            rows = tuple(self.rows[start : start + task.rows_per_instance])
            if len(rows) < task.rows_per_instance:
                raise UsageError(
                    f"{self.name} ends with an incomplete group: rows of {task.name} come in "
                    f"groups of {task.rows_per_instance}"
                )
            try:
                instances = task.from_rows(rows)
            except (ValueError, LookupError, TypeError, Rejected) as error:
                raise UsageError(
                    f"{self.name}, {row_name(start)} is not a labelled row of {task.name}: "
                    f"{problem_in(error)}"
                ) from error
            yield Unit(start + 1, rows, instances)

    @property
    def instances(self) -> Iterator[Any]:
        """The labelled instances in order, however many rows each of them takes.

        Rows without a label, as in test files, give none.

        Raises:
            UsageError: some rows are not an instance of the task; names the
                first.
        """
        for unit in self.units():
            yield from unit.instances

    @property
    def own_rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield the rows in the columns of the file that they are from."""
        if not self.columns:
            yield from self.rows
            return
        for row in self.rows:
            yield {own: row[name] for own, name in self.columns.items() if name in row}

    @property
    def texts(self) -> Iterator[tuple[str, ...]]:
        """Yield the text of each of `task.fields` per row; "" if the row lacks it."""
        fields = self.task.fields
        for row in self.rows:
            yield tuple(text_at(row, path) for path in fields)

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """Rows by label, as quotas count them, in the order of the task's labels.

        An official row that nests several instances counts for each.
        """
        task = self.task
        rows = Counter(task.label_of(instance) for instance in self.instances)
        order = dict.fromkeys([*(label.name for label in task.labels), *sorted(rows)])
        return {name: rows[name] * task.rows_per_instance for name in order if rows[name]}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows, independent of the format they were read from.

        Neither the order of keys nor whether a missing value is absent or null
        matters.
        """
        known = hashlib.sha256()
        for row in self.rows:
            known.update(_canonical_bytes(row) + b"\n")
        return known.hexdigest()

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a data frame.

        Raises:
            MissingDependency: pandas is not installed.
        """
        from targen_core.dataset.frames import to_pandas

        return to_pandas(self)

    def to_hf(self) -> datasets.Dataset:
        """The rows as a `datasets.Dataset`, typed; a closed label set is a `ClassLabel`.

        Raises:
            MissingDependency: `datasets` is not installed.
            UsageError: a column mixes types.
        """
        from targen_core.dataset.frames import to_hf

        return to_hf(self)

    def __repr__(self) -> str:
        return f"<Dataset {self.summary}>"

    def _repr_html_(self) -> str:
        from targen_core.dataset.frames import as_html

        return as_html(self)

    @property
    def summary(self) -> str:
        """Name, rows, task and labels in one line."""
        try:
            labels = [f"{name} {count:,}" for name, count in self.labels.items()]
        except TargenError:
            labels = []  # rows that were never checked
        of = f" ({', '.join(labels)})" if 0 < len(labels) <= _NAMED else ""
        return f"{self.name}: {plural(len(self), 'row')} of {self.task.name}{of}"


@dataclass(frozen=True, slots=True)
class _Origins:
    """The records of some rows; each iteration reads all records again, which may be many."""

    records: Iterable[Mapping[str, Any]]
    numbers: frozenset[str]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.records if str(each.get("idx")) in self.numbers)


def origins_of(
    records: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]
) -> Iterable[Mapping[str, Any]]:
    """The records of a provenance that are those of some rows, by `idx`."""
    if not records:
        return ()
    return _Origins(records, frozenset(str(row["idx"]) for row in rows if "idx" in row))


def _pickled_task(dataset: Dataset) -> tuple[str, tuple[str, ...]]:
    """Return what finds a dataset's task in another process, and its variants.

    Raises:
        TypeError: the task cannot be found there.
    """
    if dataset.run is not None and (dataset.run / "manifest.json").exists():
        manifest = Manifest.load(dataset.run / "manifest.json")
        if not manifest.task.id.startswith(f"{MEMORY}:"):
            return manifest.task_name(dataset.run), manifest.task.variants
    if dataset.finds_task is not None:
        return dataset.finds_task
    registry, name = load_registry(), dataset.task.name
    for item in registry.all("task"):
        if item.name == name and registry.resolve(item) is dataset.task:
            return item.id, ()
    raise TypeError(
        f"cannot pickle {dataset!r}: its task exists only in this program; pickle its rows instead"
    )


def copied(value: Any) -> Any:
    """Return a value with the types of json, with its own copies of mappings and lists.

    It knows no more kinds than these, so that it is much faster than `copy.deepcopy`.
    """
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list):
        return [copied(part) for part in value]
    return value


def row_digest(row: Mapping[str, Any]) -> str:
    """Half of the SHA-256 of a row, in hexadecimal: the same in whatever form it was read."""
    return hashlib.sha256(_canonical_bytes(row)).hexdigest()[:32]


def _canonical_bytes(row: Mapping[str, Any]) -> bytes:
    text = json.dumps(_canonical(row), ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
