"""The user's own contexts and seeds, in place of steps 1 and 2."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.errors import Rejected, UnreadableFile, UsageError
from targen_core.plain import content_of
from targen_core.reading import json_of
from targen_core.tasks.steps import ListStep

__all__ = ["read_items"]

_LARGEST = 64 << 20  # bytes
_MOST = 200_000  # items
_LONGEST = 1 << 20  # characters of an item


def read_items(path: Path, source: ListStep[Any], what: str) -> tuple[Any, ...]:
    """Items of a file, checked as the task's type.

    A `.jsonl` file holds one JSON value a line; any other file one item a
    line, for items that are texts or have one field. Blank lines are passed
    over.

    Raises:
        UsageError: naming the file, the line, and what is wrong with it.
    """
    items: list[Any] = []
    for number, line in _lines(path, what):
        try:
            if len(items) == _MOST:
                raise ValueError(f"the file has more than {_MOST:,} items")
            if len(line) > _LONGEST:
                raise ValueError(f"an item has at most {_LONGEST:,} characters")
            item = _item(line.strip(), source.item, as_json=path.suffix == ".jsonl")
            if source.check is not None:
                source.check(item)
        except (ValueError, Rejected, RecursionError) as error:
            raise UsageError(f"{what} file {path}, line {number}: {_words(error)}") from error
        items.append(item)
    if not items:
        raise UsageError(f"{what} file {path} is empty")
    return tuple(items)


def _lines(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, numbered from 1, each decoded when its turn comes."""
    number = 0
    try:
        data = io.BytesIO(content_of(path, _LARGEST))
        for number, line in enumerate(io.TextIOWrapper(data, encoding="utf-8-sig"), 1):
            if line.strip():
                yield number, line
    except UnreadableFile as error:
        raise UsageError(f"{what} file {path}: {error.reason}") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{what} file {path}: it is not UTF-8 text, after line {number}: {error.reason}"
        ) from error


def _item(line: str, kind: type[Any], *, as_json: bool) -> Any:
    value: Any = json_of(line, strict=False) if as_json else line
    json.dumps(value, ensure_ascii=False).encode()  # ValueError for half of a surrogate pair
    if not issubclass(kind, BaseModel):
        if not isinstance(value, kind):
            raise ValueError(f"{value!r} is not a {kind.__name__}")
        return value
    if not isinstance(value, dict):
        required = [name for name, info in kind.model_fields.items() if info.is_required()]
        if len(required) != 1:
            fields = ", ".join(kind.model_fields)
            raise ValueError(f"an item has the fields {fields}: use a .jsonl file of objects")
        value = {required[0]: value}
    return kind.model_validate(value)


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
