"""Values of rows: as in JSON, their types in words, and shortened for display."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

NO_DESCRIPTION = "No description."
"""The start of words made from a row, for a dataset without a description."""

LEFT_OUT = "left out"
"""The start of a note on rows that cannot be read."""

_SHOWN = 300  # characters of a text
_ITEMS = 5  # of a list or an object
_DEEP = 3  # levels of a sample
_DEEPEST = 100


def plain(value: Any, deep: int = 0) -> Any:
    """Return a value as JSON has it; other types become text, as a person would write them.

    Bytes are not text: their number takes their place.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):  # half of a surrogate pair is not a character
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value):,} bytes)"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if deep >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(each, deep + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each, deep + 1) for each in value]
    if hasattr(value, "tolist"):  # of numpy
        return plain(value.tolist(), deep + 1)
    return str(value)


def cut(value: Any, deep: int = 0) -> Any:
    """A plain value, short enough to be shown."""
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else f"{value[:_SHOWN].rstrip()} …"
    if isinstance(value, dict | list) and deep >= _DEEP:
        return "…" if value else value
    if isinstance(value, dict):
        pairs = list(value.items())[:_ITEMS]
        more = {"…": f"{len(value) - _ITEMS:,} more"} if len(value) > _ITEMS else {}
        return {key[:_SHOWN]: cut(each, deep + 1) for key, each in pairs} | more
    if isinstance(value, list):
        more_items = [f"… {len(value) - _ITEMS:,} more"] if len(value) > _ITEMS else []
        return [*(cut(each, deep + 1) for each in value[:_ITEMS]), *more_items]
    return value


_TYPES = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    list: "list",
    tuple: "list",
    dict: "object",
    bytes: "binary",
    datetime: "timestamp",
    date: "date",
    time: "time",
}


class Columns:
    """Columns and the types of their values, gathered row by row."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, None]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at one more row, before its values are made plain."""
        for name, value in row.items():
            types = self._types.setdefault(str(name), {})
            if value is not None:
                types[_TYPES.get(type(value), type(value).__name__.lower())] = None

    def types(self) -> dict[str, str]:
        """Column -> type; "int or string" if there are several, "null" for no value at all."""
        return {name: " or ".join(sorted(types)) or "null" for name, types in self._types.items()}
