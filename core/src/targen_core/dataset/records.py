"""Records, which every form gives, and reading one as a row of a task."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from targen_core.dataset.schema import schema_of
from targen_core.hints import suggestions_for
from targen_core.reading.values import GivenTwice, json_of
from targen_core.tasks.model import Task
from targen_core.text import composed

Record = bytes | Mapping[str, Any] | ValueError
"""A line of JSON, values by their columns, or why it cannot be read."""

_ACCENT = re.compile(rb"\\u03[0-6]")  # escaped

_STARS = re.compile(r"(\d+)(?:\.0+)?\s*(?:stars?|/\s*\d+)", re.IGNORECASE)
_MISSING = frozenset(("", "nan", "n/a", "na", "null", "none", "unlabeled", "unlabelled", "<na>"))
_POINT_ZERO = re.compile(r"(-?\d+)\.0+")

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


def row_of(record: Record) -> Mapping[str, Any] | None:
    """Return the values of a record; None if it cannot be read."""
    if isinstance(record, bytes):
        try:
            record = json_of(record, strict=False, once=True)
        except ValueError:
            return None
    return record if isinstance(record, Mapping) else None


def first_rows(form: Form, count: int) -> list[Mapping[str, Any]]:
    """Return the first rows of a form, by which columns are distinguished."""
    records = (record for _, record in islice(form.records(), count))
    return [_typed(row, form) for row in map(row_of, records) if row is not None]


def _typed(row: Mapping[str, Any], form: Form) -> Mapping[str, Any]:
    try:
        return form.typed(row, None)
    except ValueError:  # what is wrong is said where the row is read
        return row


def changed(form: Form, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Form:
    """Return a form whose rows are changed; one that cannot be changed is an error."""

    def records() -> Iterator[tuple[int, Record]]:
        for number, record in form.records():
            row = row_of(record)
            try:
                yield number, record if row is None else change(row)
            except ValueError as error:
                yield number, error

    return replace(form, records=records)


def official_row(
    record: Record, form: Form, task: Task[Any, Any], others: dict[str, str] | None = None
) -> Mapping[str, Any]:
    """Return the row of a record, which the task's schema accepts: `"true"` is not a truth value.

    Args:
        record: what the form contains.
        form: the form.
        task: the row's task.
        others: gets the names of columns that the schema does not know. The row keeps them, unless
            JSON cannot hold their values; then the name comes with the type of one. With None, such
            a column is an error.

    Raises:
        ValueError: the schema does not accept the row; see `row_problem`. Or the row lacks a
            column, and an unknown one seems to be it.
    """
    if isinstance(record, ValueError):
        raise record
    if isinstance(record, bytes) and task.rows.from_file is None and _is_composed(record):
        _decode(record)
        line = _accepted(record, task, others)
        parsed: dict[str, Any] = json_of(line, once=True)
        json.dumps(parsed, ensure_ascii=False).encode()  # fails for half of a surrogate pair
        return parsed
    row = as_it_is(record, form, task)
    if task.rows.from_file is not None:
        row = task.rows.from_file(row)
    if others is not None:
        known = _columns(task.schema)
        odd = [name for name in row if name not in known and not _is_json(row[name])]
        others.update((name, type(row[name]).__name__) for name in odd)
        row = {name: value for name, value in row.items() if name not in odd} if odd else row
    try:
        line = _json(row)
    except TypeError as error:  # a date, an image
        raise ValueError(str(error)) from error
    except ValueError:
        json_of(json.dumps(row))  # says which value JSON does not have
        raise
    accepted = _accepted(line, task, others)
    return row if accepted is line else json_of(accepted)


def _accepted(line: bytes, task: Task[Any, Any], others: dict[str, str] | None) -> bytes:
    """Return a row that the schema accepts: as it is, or in the task's form.

    That has no nulls in place of absent values, as pandas writes them for a missing label, and the
    label as the task has it.

    Raises:
        ValueError: see `_validate`.
    """
    try:
        _validate(line, task, others)
    except ValueError:
        try:
            row = json_of(line, once=True)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise
        ours = _official_label(row, task)
        if b"null" in line:
            ours = schema_of(task.schema).without_nulls(ours)
        elif ours is row:
            raise
        filled = _json(ours)
        _validate(filled, task, others)
        return filled
    return line


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _is_json(value: Any) -> bool:
    try:
        _json(value)
    except (ValueError, TypeError):
        return False
    return True


@lru_cache  # for each row of a file
def _columns(schema: type[BaseModel]) -> Mapping[str, bool]:
    """Return the columns of a schema, and whether a row needs each."""
    fields = schema.model_fields.items()
    return {field.alias or name: field.is_required() for name, field in fields}


def _validate(line: bytes, task: Task[Any, Any], others: dict[str, str] | None) -> None:
    """Check a row against the schema; `others` gets the columns that the schema does not know.

    Raises:
        ValueError: the schema does not accept the row, or a column seems to be misnamed.
    """
    try:
        task.schema.model_validate_json(line, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        unknown = [
            str(fault["loc"][0])
            for fault in faults
            if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1
        ]
        if not unknown:
            raise
        row = json_of(line)
        if words := _misnamed(row, unknown, task):
            raise ValueError(words) from error
        if len(unknown) < len(faults):
            raise
        if others is None:
            raise ValueError(f"{unknown[0]}: unknown column") from error
        rest = {name: value for name, value in row.items() if name not in unknown}
        task.schema.model_validate_json(_json(rest), strict=True)
        for name in unknown:
            others.setdefault(name, "")


def _misnamed(row: Mapping[str, Any], unknown: Sequence[str], task: Task[Any, Any]) -> str:
    """Return which unknown column seems to be one that a row lacks, in words; or ""."""
    labels = {str(name).casefold() for each in task.labels for name in (each.name, each.official)}
    columns = _columns(task.schema)
    missing = [column for column in columns if column not in row and column != "idx"]
    for column in sorted(missing, key=columns.__getitem__, reverse=True):  # those it needs first
        needed = columns[column]
        near = suggestions_for(column, unknown)
        if column == "label":  # without it, the rows would count as unlabelled
            near += [name for name in unknown if str(row[name]).casefold() in labels]
        if near:
            rest = "" if needed else "; otherwise, remove it"
            seen = (name if name == name.strip() else repr(name) for name in dict.fromkeys(near))
            named = " or ".join(seen)
            return f"{column}: no such column; if {named} contains it, pass --map {column}=…{rest}"
        if needed:  # the schema's error names all of these
            break
    return ""


def as_it_is(record: Record, form: Form, task: Task[Any, Any] | None = None) -> Mapping[str, Any]:
    """The row of a record, whether or not a schema would accept it.

    Raises:
        ValueError: it is not an object.
    """
    if isinstance(record, ValueError):
        raise record
    if not isinstance(record, bytes):
        return _official_label(form.typed(_official_names(record, task), task), task)
    _decode(record)
    try:
        row = json_of(record, strict=False, once=True)
    except GivenTwice:
        raise
    except ValueError:
        row = None
    if not isinstance(row, dict):
        return _ROW.validate_json(record)
    named = row if _is_composed(record) else _official_names(row, task)
    return _official_label(named, task)


def _is_composed(line: bytes) -> bool:
    """Return whether names in a line can be compared as they are; its texts need not be."""
    if line.isascii():
        return _ACCENT.search(line) is None
    return unicodedata.is_normalized("NFC", line.decode(errors="replace"))


def _official_names(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    """Return a row with the names of its columns as the task has them, however composed."""
    if all(isinstance(name, str) and name.isascii() for name in row):
        return row
    known = {composed(name): name for name in (_columns(task.schema) if task else ())}
    names = {name: composed(name) if isinstance(name, str) else name for name in row}
    return {known.get(names[name], names[name]): value for name, value in row.items()}


def _official_label(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    """Return a row with its label as the task has it, however composed.

    If all labels are texts, the values 1 and true also mean those called `1` and `true`.
    """
    label = as_label(row.get("label"), task)
    if label is not row.get("label"):
        row = {**row, "label": label}
    if not isinstance(label, int) and (not isinstance(label, str) or label.isascii()):
        return row  # nearly all rows
    officials = [each.official for each in (task.labels if task else ())]
    if isinstance(label, int):
        texts = [each for each in officials if isinstance(each, str)]
        same = [each for each in texts if each.casefold() == json.dumps(label)]
        return {**row, "label": same[0]} if same and len(texts) == len(officials) else row
    known = {composed(each): each for each in officials if isinstance(each, str)}
    return {**row, "label": known.get(composed(label), composed(label))}


def as_label(label: Any, task: Task[Any, Any] | None) -> Any:
    """Return a label as a task has it, if a file says it otherwise; None for a missing one.

    1.0 is 1, as pandas writes whole numbers beside missing ones, and so are "1 star" and "1/5".
    """
    if task is None or not isinstance(label, str | float) or not task.labels:
        return label
    if any(each.official in (label, str(label)) for each in task.labels):
        return label
    said = str(label).strip()
    if said.casefold() in _MISSING:
        return None
    known = {str(each.official): each.official for each in task.labels}
    if said in known:
        return known[said]
    number = _POINT_ZERO.fullmatch(said) or _STARS.fullmatch(said)
    stars = sum(said.count(star) for star in "★⭐")
    return known.get(number[1] if number else str(stars or ""), label)


def _decode(line: bytes) -> None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise UnicodeError(f"byte 0x{line[error.start]:02x} is not valid UTF-8") from error
