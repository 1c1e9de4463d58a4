"""Types of columns: what the rows hold, and the task's schema where rows leave it open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.dataset.model import Dataset
from targen_core.dataset.schema import Place, schema_of
from targen_core.errors import UsageError
from targen_core.tasks.parts import Label


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: "string", "int64", "float64", "bool", or "null" if unknown."""

    dtype: str


@dataclass(frozen=True, slots=True)
class Classes:
    """One of a closed label set, stored as its number: official value -> number."""

    names: tuple[str, ...]
    codes: Mapping[Any, int]


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Record:
    """An object."""

    fields: Mapping[str, Kind]


Kind = Scalar | Classes | Many | Record

_JSON_TYPES = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}
_PYTHON_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool"}


def column_kinds(dataset: Dataset) -> dict[str, Kind]:
    """The kind of each column that a row has, in order.

    The column `label` of a task with a closed label set is `Classes`. Official values that are
    numbers or truth values keep their number (false is 0), and texts are numbered in the order of
    the task's labels. So are the items of a list whose schema lists them, as the labels of a row
    that may have several.

    Raises:
        UsageError: a column mixes types.
    """
    top = _kind(list(dataset.rows), schema_of(dataset.task.schema), "")
    assert isinstance(top, Record)
    kinds = dict(top.fields)
    classes = _classes(dataset.task.labels)
    labels = [row["label"] for row in dataset.rows if row.get("label") is not None]
    known = bool(labels) or ("label" in kinds and not dataset.rows)  # none speaks against them
    if classes is not None and known and _are_of(classes, labels):
        kinds["label"] = classes
    return kinds


def unclassed(kind: Kind) -> Kind:
    """Return the kind of a column that holds official values in place of the numbers of classes."""
    if isinstance(kind, Classes):
        return Scalar(_PYTHON_TYPES[type(next(iter(kind.codes)))])
    if isinstance(kind, Many):
        return Many(unclassed(kind.item))
    if isinstance(kind, Record):
        return Record({name: unclassed(part) for name, part in kind.fields.items()})
    return kind


def _classes(labels: Sequence[Label]) -> Classes | None:
    """Return the labels as classes; None if they are open, or numbers with gaps."""
    values = [label.official for label in labels]
    if all(isinstance(value, str) for value in values):
        return Classes(tuple(values), {v: n for n, v in enumerate(values)}) if values else None
    if all(isinstance(value, int) for value in values) and sorted(values) == [*range(len(values))]:
        ranked = sorted(labels, key=lambda label: label.official)
        codes = {label.official: int(label.official) for label in ranked}
        return Classes(tuple(label.name for label in ranked), codes)
    return None


def _listed(place: Place, items: Sequence[Any]) -> Classes | None:
    """The values of an enumeration of texts as classes; None if items have others."""
    names = place.schema.get("enum") or [place.schema.get("const")]
    if not all(isinstance(name, str) for name in names):
        return None
    classes = Classes(tuple(names), {name: number for number, name in enumerate(names)})
    return classes if _are_of(classes, items) else None


def _are_of(classes: Classes, values: Iterable[Any]) -> bool:
    """Return whether all values are classes. Objects and lists cannot be: they have no hash."""
    return all(not isinstance(value, dict | list) and value in classes.codes for value in values)


def _kind(values: Sequence[Any], place: Place, at: str) -> Kind:
    """The kind of all `values` at one place of the rows."""
    values = [value for value in values if value is not None]
    shapes = set(map(_shape, values)) or {place.type}
    if len(shapes) > 1:
        raise _no_type(at)
    shape = shapes.pop()
    if shape == "object":
        names = dict.fromkeys(name for v in values for name in v) or dict.fromkeys(place.columns)
        if not names:
            raise _no_type(at)
        return Record(
            {
                name: _kind(
                    [v[name] for v in values if name in v],
                    place.column(name),
                    f"{at}.{name}" if at else name,
                )
                for name in names
            }
        )
    if shape == "array":
        items = [item for value in values for item in value]
        return Many(_listed(place.item, items) or _kind(items, place.item, f"{at}[]"))
    if place.type in _JSON_TYPES:
        return Scalar(_JSON_TYPES[place.type])
    types = {_PYTHON_TYPES[type(value)] for value in values}
    if types == {"int64", "float64"}:
        return Scalar("float64")
    if len(types) > 1:
        raise _no_type(at)
    return Scalar(types.pop() if types else "null")


def _shape(value: Any) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""


def _no_type(at: str) -> UsageError:
    return UsageError(
        f"column {at} mixes types, or contains empty objects",
        hint="use --as jsonl, which accepts any values",
    )
