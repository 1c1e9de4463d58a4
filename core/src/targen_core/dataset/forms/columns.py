"""Typed columns: Parquet files, and what the `datasets` library saves, loads or holds.

Classes are numbers there, and official values here: a label is looked up by the
name that the form gives to its number, as copies of a dataset number differently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from targen_core.dataset.extras import hub_without_telemetry, needs
from targen_core.dataset.forms.records import Form, Record, without_index
from targen_core.dataset.schema import schema_of
from targen_core.errors import UsageError
from targen_core.tasks.model import Task

__all__ = ["HUB", "columns_of", "from_hub", "parquet", "saved"]

HUB = "hf:"
"""What stands before the name of a dataset on a hub: `hf:OWNER/NAME[:CONFIG[:SPLIT]]`."""

_Classes = Mapping[str, Sequence[str]]


def parquet(paths: Sequence[Path]) -> Form:
    """Parquet files, one behind the other.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: one cannot be read.
    """
    with needs("Parquet", extra="parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    path = paths[0]
    try:
        files = [pq.ParquetFile(path := each) for each in paths]
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"cannot read {path}: {_first_line(error)}") from error

    def rows() -> Iterator[Mapping[str, Any]]:
        for at, file in enumerate(files):
            try:
                for batch in file.iter_batches(10_000):
                    yield from batch.to_pylist()
            except (OSError, pa.ArrowException, ValueError) as error:
                raise UsageError(f"cannot read {paths[at]}: {_first_line(error)}") from error

    noted = (files[0].schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    return _form(rows, _noted_classes(noted))


def saved(folder: Path) -> Form:
    """A folder that `datasets.Dataset.save_to_disk` made.

    Raises:
        MissingDependency: `datasets` is not installed.
        UsageError: it cannot be read.
    """
    return columns_of(_loaded(str(folder), lambda datasets: datasets.load_from_disk(str(folder))))


def from_hub(name: str) -> Form:
    """A dataset of a hub: `hf:OWNER/NAME[:CONFIG[:SPLIT]]`.

    Raises:
        MissingDependency: `datasets` is not installed.
        UsageError: there is no such dataset, or it has several splits and none is named.
    """
    parts = name.removeprefix(HUB).split(":")
    if not 1 <= len(parts) <= 3 or not parts[0]:
        raise UsageError(f"{name} is not of the form {HUB}OWNER/NAME[:CONFIG[:SPLIT]]")
    path, config, split = [*parts, "", ""][:3]
    loaded = _loaded(
        name,
        lambda datasets: datasets.load_dataset(path, config or None, split=split or None),
    )
    if isinstance(loaded, Mapping):
        if len(loaded) > 1:
            base = f"{HUB}{path}:{config}"
            raise UsageError(
                f"{name} has several splits: {', '.join(map(str, loaded))}",
                hint=f"name one, such as {base}:{next(iter(loaded))}",
            )
        (loaded,) = loaded.values()
    return columns_of(loaded)


def columns_of(dataset: Any) -> Form:
    """A `datasets.Dataset` that is there already."""
    classes = {
        name: feature.names
        for name, feature in (dataset.features or {}).items()
        if type(feature).__name__ == "ClassLabel"
    }
    return _form(lambda: iter(dataset.with_format(None)), classes)


def _loaded(name: str, load: Callable[[Any], Any]) -> Any:
    hub_without_telemetry()
    with needs(f"to read {name}", extra="datasets"):
        import datasets
    try:
        return load(datasets)
    except Exception as error:  # the library raises its own, the hub's, and the system's
        raise UsageError(f"cannot read {name}: {_first_line(error)}") from error


def _form(rows: Callable[[], Iterator[Mapping[str, Any]]], classes: _Classes) -> Form:
    def records() -> Iterator[tuple[int, Record]]:
        yield from enumerate(map(without_index, rows()), 1)

    return Form(records, place="row", typed=partial(_typed, classes))


def _noted_classes(noted: bytes) -> dict[str, list[str]]:
    """The names of classes, as the `datasets` library notes them in a Parquet file."""
    try:
        features = json.loads(noted)["info"]["features"]
        return {
            name: [str(each) for each in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _typed(
    classes: _Classes, row: Mapping[str, Any], task: Task[Any, Any] | None
) -> Mapping[str, Any]:
    values = dict(row)
    for column, names in classes.items():
        number = row.get(column)
        if isinstance(number, int):  # -1 is how test files say that there is none
            name = names[number] if 0 <= number < len(names) else None
            values[column] = _official(task, number, name) if column == "label" else name
    return dict(schema_of(task.schema).without_nulls(values)) if task is not None else values


def _official(task: Task[Any, Any] | None, number: int, name: str | None) -> Any:
    """The official value of a label that has a number and a name."""
    if task is None or name is None:
        return name
    for label in task.labels:  # as our own exports name them
        if name == (label.official if isinstance(label.official, str) else label.name):
            return label.official
    for label in task.labels:
        if name.lower() in (label.name.lower(), str(label.official).lower()):
            return label.official
    return number if any(label.official == number for label in task.labels) else name


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
