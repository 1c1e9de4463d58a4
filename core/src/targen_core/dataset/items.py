"""The user's own contexts and seeds, in place of steps 1 and 2."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.dataset.lines import in_utf_8
from targen_core.errors import Rejected, UnreadableFile, UsageError
from targen_core.reading.encodings import as_utf_8
from targen_core.reading.texts import csv_cells, refuse_binary
from targen_core.reading.values import json_of
from targen_core.tasks.steps import ListStep
from targen_core.text import key_path

_LARGEST = 64 << 20  # bytes
_MOST = 200_000  # items
_LONGEST = 1 << 20  # characters of an item
_SHOWN = 3  # lines that are left out, in a message

_log = logging.getLogger("targen.run")


def read_items(
    path: Path, source: ListStep[Any], what: str, *, most: bool = False
) -> tuple[Any, ...]:
    """Items of a file, checked as the task's type.

    A `.jsonl` file has one JSON value per line. A `.csv` or `.tsv` file has a header and one item
    per line, each field in a column. Any other file has one item per line, which must be a text or
    have one field. A text may also be in a column, or under a key. Its name is `ListStep.column`,
    `text`, or the option's in the singular, such as `seed`.
    Blank lines are passed over. With `most`, for real texts with odd lines, lines that are not
    items are left out and logged, as long as most are items.

    Raises:
        UsageError: naming the file, the line, and what is wrong with it.
    """
    items: list[Any] = []
    bad: list[tuple[int, Exception]] = []
    refuse_binary(path)
    if path.suffix.lower() in (".yaml", ".yml", ".toml"):
        raise UsageError(
            f"{what} file {path}: it is a task file or a settings file, not a list",
            hint="pass a file with one item per line, such as a .txt file",
        )
    tables = path.suffix.lower() in (".csv", ".tsv")
    names = _names(source, what)
    lines = _cells(path, source, names, what) if tables else _lines(path, what)
    for number, line in lines:
        try:
            if len(items) == _MOST:
                raise ValueError(f"the file contains more than {_MOST:,} items")
            if isinstance(line, ValueError):
                raise line
            if len(line) > _LONGEST:
                raise ValueError(f"an item can have at most {_LONGEST:,} characters")
            item = _item(line.strip(), source, names, as_json=tables or path.suffix == ".jsonl")
            if source.check is not None:
                source.check(item)
        except (ValueError, Rejected, RecursionError) as error:
            if len(items) == _MOST or not most:
                raise _refused(what, path, number, error) from error
            bad.append((number, error))
            continue
        items.append(item)
    if bad and len(items) <= len(bad):
        raise _refused(what, path, *bad[0]) from bad[0][1]
    if not items:
        raise UsageError(f"{what} file {path} is empty")
    if bad:
        shown = "; ".join(f"line {number}: {_words(error)}" for number, error in bad[:_SHOWN])
        more = "; …" if len(bad) > _SHOWN else ""
        _say(
            f"{what} file {path}: skipped {len(bad):,} of {len(bad) + len(items):,} lines: "
            f"{shown}{more}"
        )
    return tuple(items)


@cache  # a run is prepared more than once
def _say(words: str) -> None:
    _log.warning("%s", words)


def _refused(what: str, path: Path, number: int, error: Exception) -> UsageError:
    return UsageError(
        f"{what} file {path}, line {number}: {_words(error)}",
        hint=as_utf_8(path) if isinstance(error, UnicodeError) else "",
    )


def _required(kind: type[Any]) -> list[str]:
    fields = kind.model_fields if issubclass(kind, BaseModel) else {}
    return [name for name, info in fields.items() if info.is_required()]


def _names(source: ListStep[Any], what: str) -> list[str]:
    """Return the names of a column or a key for an item that is a single text, best first."""
    required = _required(source.item)
    names = required[:1] if len(required) == 1 else [*filter(None, [source.column])]
    return [*names, what.removeprefix("--").removesuffix("s"), "text"]


def _lines(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, numbered from 1, each decoded when its turn comes."""
    with _content(path, what) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, line


def _content(path: Path, what: str, newline: str | None = None) -> io.TextIOWrapper:
    """The text of a file; each byte that is not UTF-8 is half of a surrogate pair."""
    try:
        data = io.BytesIO(in_utf_8(path, max_bytes=_LARGEST))
    except UnreadableFile as error:
        raise _unreadable(path, what, error) from error
    return io.TextIOWrapper(data, encoding="utf-8", errors="surrogateescape", newline=newline)


def _unreadable(path: Path, what: str, error: UnreadableFile) -> UsageError:
    hint: str = error.hint
    if error.missing and not error.hint:
        hint = "pass a file with one item per line"
    return UsageError(f"{what} file {path}: {error.reason}", hint=hint)


def _cells(
    path: Path, source: ListStep[Any], names: Sequence[str], what: str
) -> Iterator[tuple[int, str | ValueError]]:
    """The items of a table, each as JSON, with its first line; the first row is the header.

    Raises:
        UsageError: it cannot be read, or has no column for a text.
    """
    with _content(path, what, newline="") as file:
        text = file.read()
    cells = csv_cells(text, delimiter="\t" if path.suffix.lower() == ".tsv" else "")
    _, columns = next(cells, (1, []))
    try:
        if isinstance(columns, ValueError):
            raise columns
        "".join(columns).encode()
    except ValueError as error:
        raise _refused(what, path, 1, error) from error
    kind = source.item
    fields = kind.model_fields if issubclass(kind, BaseModel) else {}
    needed = _required(kind)
    only = next((name for name in names if name in columns), "")
    if len(columns) == 1:
        only = columns[0]
    if not only and len(needed) < 2:
        raise UsageError(
            f"{what} file {path}: an item is a single text, but the file has the columns "
            f"{', '.join(columns)}",
            hint=f"rename the column with the items to {names[0]}, or remove the other columns",
        )
    for number, row in cells:
        if isinstance(row, ValueError) or len(row) > len(columns):
            yield number, row if isinstance(row, ValueError) else ValueError("too many cells")
            continue
        values = {name: cell for name, cell in zip(columns, row, strict=False) if cell.strip()}
        if values:
            whole = len(needed) > 1 or (fields and not only)
            item = {n: v for n, v in values.items() if n in fields} if whole else values.get(only)
            empty = ValueError(f"the column {only} is empty")
            yield number, empty if item is None else json.dumps(item, ensure_ascii=False)


def _item(line: str, source: ListStep[Any], names: Sequence[str], *, as_json: bool) -> Any:
    kind = source.item
    value: Any = json_of(line, strict=False, once=True) if as_json else line
    json.dumps(value, ensure_ascii=False).encode()  # ValueError for half of a surrogate pair
    fields = kind.model_fields if issubclass(kind, BaseModel) else {}
    required = _required(kind)
    if isinstance(value, dict) and len(required) < 2 and not fields.keys() & value:
        value = next((value[name] for name in names if name in value), value)
    if not issubclass(kind, BaseModel):
        if not isinstance(value, kind):
            needed = f"an object needs the key {' or '.join(names)}"
            is_object = isinstance(value, dict)
            raise ValueError(needed if is_object else f"{value!r} is not of type {kind.__name__}")
        return value
    if not isinstance(value, dict):
        if len(required) != 1:
            listed = ", ".join(fields)
            raise ValueError(f"an item needs the fields {listed}, so use a .jsonl file of objects")
        value = {required[0]: value}
    return kind.model_validate(value)


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{key_path(first['loc'])}: {first['msg']}"
    return "it is not UTF-8 text" if isinstance(error, UnicodeError) else str(error)
