"""Records, which every form gives, and reading one as a row of a task."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from targen_core.reading import json_of
from targen_core.tasks.model import Task

Record = bytes | Mapping[str, Any] | ValueError
"""A line of JSON, values by their columns, or why it cannot be read."""

_ROW: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def _same(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    return row


@dataclass(frozen=True, slots=True)
class Form:
    """A dataset in one form.

    Attributes:
        records: its records in order, each with its place, from 1.
        place: what such a place is called.
        typed: converts values of the format to those of the task's rows, or of rows of no known
            task.
    """

    records: Callable[[], Iterator[tuple[int, Record]]]
    place: str = "line"
    typed: Callable[[Mapping[str, Any], Task[Any, Any] | None], Mapping[str, Any]] = _same


def official_row(record: Record, form: Form, task: Task[Any, Any]) -> Mapping[str, Any]:
    """Return the row of a record, which the task's schema accepts: `"true"` is not a truth value.

    Raises:
        ValueError: it does not; see `problem_in`.
    """
    if isinstance(record, ValueError):
        raise record
    if isinstance(record, bytes) and task.rows.from_file is None:
        _decode(record)
        _validate(record, task)
        parsed: dict[str, Any] = json_of(record)
        json.dumps(parsed, ensure_ascii=False).encode()  # fails for half of a surrogate pair
        return parsed
    row = as_it_is(record, form, task)
    if task.rows.from_file is not None:
        row = task.rows.from_file(row)
    try:
        line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except TypeError as error:  # a date, an image
        raise ValueError(str(error)) from error
    _validate(line, task)
    return row


def _validate(line: bytes, task: Task[Any, Any]) -> None:
    """Raise a ValueError if the schema does not accept a row."""
    try:
        task.schema.model_validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] != "extra_forbidden" or len(first["loc"]) > 1:
            raise
        fields = [field.alias or name for name, field in task.schema.model_fields.items()]
        absent = [name for name in fields if name != "idx" and name not in json_of(line)]
        column = first["loc"][0]
        words = f"{column}: unknown column"
        if len(absent) == 1:
            words = f"{absent[0]}: no such column; if {column} contains it, rename that column"
        raise ValueError(words) from error


def as_it_is(record: Record, form: Form, task: Task[Any, Any] | None = None) -> Mapping[str, Any]:
    """The row of a record, whether or not a schema would accept it.

    Raises:
        ValueError: it is not an object.
    """
    if isinstance(record, ValueError):
        raise record
    if not isinstance(record, bytes):
        return form.typed(record, task)
    _decode(record)
    try:
        row = json_of(record, strict=False)
    except ValueError:
        row = None
    return row if isinstance(row, dict) else _ROW.validate_json(record)


def _decode(line: bytes) -> None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise UnicodeError(f"byte 0x{line[error.start]:02x} is not valid UTF-8") from error
