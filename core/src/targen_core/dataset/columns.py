"""Typed columns: Parquet files, and datasets of the `datasets` library.

Classes are numbers there, and official values here. A label is found by the name of its number,
since copies of a dataset number differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from targen_core.dataset.records import Form, Record
from targen_core.dataset.schema import schema_of
from targen_core.dataset.texts import without_index
from targen_core.errors import UsageError
from targen_core.extras import hub_without_telemetry, needs
from targen_core.origin import HUB
from targen_core.plain import is_inside
from targen_core.reading.tables import ParquetRows, arrow_rows
from targen_core.reading.values import json_of
from targen_core.runs.files import read_json
from targen_core.tasks.model import Task
from targen_core.text import printable

_Classes = Mapping[str, Sequence[str]]

_BATCH = 1000  # rows of a library's dataset that are held at once


def parquet(paths: Sequence[Path]) -> Form:
    """Parquet files, one behind the other.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: one cannot be read.
    """
    with needs("Parquet", extra="parquet"):
        import pyarrow.parquet  # noqa: F401
    files = list(map(ParquetRows, paths))
    try:
        info = json_of(files[0].metadata.get(b"huggingface", b"{}"))["info"]
    except (ValueError, LookupError, TypeError):
        info = None
    return _form(lambda: chain.from_iterable(files), _noted_classes(info))


def saved(folder: Path) -> Form:
    """A folder that `datasets.Dataset.save_to_disk` made.

    Its Arrow files are read here, not by the library. That would open any path that `state.json`
    names, and fetch the addresses in columns of images and sounds.

    Raises:
        MissingDependency: pyarrow is not installed.
        UsageError: it cannot be read, or names a file that is not in the folder.
    """
    with needs(f"reading {folder}", extra="parquet"):
        import pyarrow as pa  # noqa: F401
    paths = [_member_of(folder, name) for name in _saved_names(folder)]
    try:
        info = read_json(_member_of(folder, "dataset_info.json"))
    except FileNotFoundError:
        info = None
    return _form(lambda: chain.from_iterable(map(arrow_rows, paths)), _noted_classes(info))


def _saved_names(folder: Path) -> list[str]:
    """The names of a saved dataset's files, as `state.json` lists them."""
    state = read_json(_member_of(folder, "state.json"))
    try:
        names = [file["filename"] for file in state["_data_files"]]
    except (LookupError, TypeError):
        names = [None]
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"cannot read {folder}: its state.json lists no files")
    return names


def from_hub(name: str) -> Form:
    """A dataset of a hub: `hf:OWNER/NAME[:CONFIG[:SPLIT]]`.

    Raises:
        MissingDependency: `datasets` is not installed.
        UsageError: the dataset does not exist, or it has several splits but none is named.
    """
    parts = name.removeprefix(HUB).split(":")
    if not 1 <= len(parts) <= 3 or not parts[0]:
        raise UsageError(f"{name} is not of the form {HUB}OWNER/NAME[:CONFIG[:SPLIT]]")
    path, config, split = [*parts, "", ""][:3]
    if Path(path).exists():  # the library would read that, and all that its card names
        raise UsageError(
            f"{name}: the local folder {path} hides the dataset of that name on the hub",
            hint=f"run the command in a different folder, or pass a file from ./{path}",
        )
    hub_without_telemetry()
    with needs(f"reading {name}", extra="datasets"):
        import datasets
    try:
        loaded = datasets.load_dataset(path, config or None, split=split or None)
    except Exception as error:  # the library raises its own, the hub's, and the system's
        said = str(error).strip() or type(error).__name__
        raise UsageError(f"cannot read {name}: {said.splitlines()[0]}") from error
    if isinstance(loaded, Mapping):
        if len(loaded) > 1:
            base = f"{HUB}{path}:{config}"
            raise UsageError(
                f"{name} has several splits: {', '.join(map(str, loaded))}",
                hint=f"choose one, such as {base}:{next(iter(loaded))}",
            )
        (loaded,) = loaded.values()
    return columns_of(loaded)


def columns_of(dataset: Any) -> Form:
    """A `datasets.Dataset` that exists already.

    Images and sounds remain encoded: to decode one, the library fetches any address.
    """
    features = dataset.features.to_dict() if dataset.features else {}

    def rows() -> Iterator[Mapping[str, Any]]:
        for table in dataset.with_format("arrow").iter(batch_size=_BATCH):
            yield from table.to_pylist()

    return _form(rows, _noted_classes({"features": features}))


def _form(rows: Callable[[], Iterator[Mapping[str, Any]]], classes: _Classes) -> Form:
    def records() -> Iterator[tuple[int, Record]]:
        yield from enumerate(map(without_index, rows()), 1)

    return Form(records, place="row", typed=partial(_typed, classes))


def _noted_classes(info: Any) -> dict[str, list[str]]:
    """The names of classes by column, as the `datasets` library notes them.

    A column of classes has a class, or a list of them.
    """
    try:
        features = {name: _in_list(feature) for name, feature in info["features"].items()}
        return {
            name: [str(each) for each in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (LookupError, TypeError, AttributeError):
        return {}


def _in_list(feature: Any) -> Any:
    """The feature of a list's items, in the forms of the library's versions; else itself."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    if isinstance(feature, dict) and feature.get("_type") in ("List", "LargeList", "Sequence"):
        return feature.get("feature")
    return feature


def _typed(
    classes: _Classes, row: Mapping[str, Any], task: Task[Any, Any] | None
) -> Mapping[str, Any]:
    values = dict(row)
    for column, names in classes.items():
        number = row.get(column)
        if isinstance(number, list):
            values[column] = [_name(names, each) for each in number]
        elif isinstance(number, int):
            name = _name(names, number)
            values[column] = _official(task, number, name) if column == "label" else name
    return dict(schema_of(task.schema).without_nulls(values)) if task is not None else values


def _name(names: Sequence[str], number: Any) -> Any:
    """Return the name of a class; -1 in test files means that there is no label."""
    if not isinstance(number, int):
        return number
    return names[number] if 0 <= number < len(names) else None


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


def _member_of(folder: Path, name: str) -> Path:
    """Return the file that a folder's own list names, links resolved.

    Raises:
        UsageError: the name is a path, or the file lies outside the folder.
    """
    path = folder / name
    if Path(name).name != name or "\\" in name or "\0" in name or not is_inside(folder, path):
        raise UsageError(
            f"{folder} refers to a file outside the folder: {printable(name, lines=False)}",
            hint="give the path of that file, or copy it into the folder",
        )
    return path.resolve()
