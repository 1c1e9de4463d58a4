"""The user's own contexts and seeds, in place of steps 1 and 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from targen_core.errors import Rejected, UsageError
from targen_core.plain import refuse_waiting
from targen_core.tasks.steps import ListStep

__all__ = ["read_items"]

_LARGEST = 256 << 20  # bytes


def read_items(path: Path, source: ListStep[Any], what: str) -> tuple[Any, ...]:
    """Items of a file, checked as the task's type.

    A `.jsonl` file holds one JSON value a line; any other file one item a
    line, for items that are texts or have one field. Blank lines are passed
    over.

    Raises:
        UsageError: naming the file, the line, and what is wrong with it.
    """
    try:
        refuse_waiting(path)
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{what} file {path} is larger than {_LARGEST >> 20:,} MiB")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{what} file {path}: {reason}") from error
    items = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = _item(line.strip(), source.item, as_json=path.suffix == ".jsonl")
            if source.check is not None:
                source.check(item)
        except (ValueError, Rejected, RecursionError) as error:
            raise UsageError(f"{what} file {path}, line {number}: {_words(error)}") from error
        items.append(item)
    if not items:
        raise UsageError(f"{what} file {path} is empty")
    return tuple(items)


def _item(line: str, kind: type[Any], *, as_json: bool) -> Any:
    value: Any = json.loads(line) if as_json else line
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
