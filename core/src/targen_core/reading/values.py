"""JSON: plain values, of bounded size and depth."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

DEEPEST = 64
"""Most levels of a JSON value by default."""

_PARTS = 8_000_000  # values of a JSON text: each takes up to 100 bytes in memory


class Malformed(ValueError):
    """Text or bytes that do not hold what they should; `line` is the line at fault, or 0."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class TooDeep(Malformed):
    """A value is nested too deeply."""


class GivenTwice(Malformed):
    """An object has a key twice."""


def is_within(value: Any, deepest: int) -> bool:
    """Return whether a value of JSON, YAML or TOML has at most so many levels below the first."""
    level = [value]
    for _ in range(deepest + 1):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return True
    return False


def json_of(
    text: str | bytes,
    *,
    deepest: int = DEEPEST,
    most: int = _PARTS,
    strict: bool = True,
    once: bool = False,
) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the text, or its bytes in UTF-8, UTF-16 or UTF-32.
        deepest: the most levels of nesting.
        most: about how many values it may hold.
        strict: whether NaN and infinity are refused, which JSON does not have.
        once: whether a key that is given twice is refused.

    Raises:
        GivenTwice: with `once`, an object has a key twice.
        Malformed: it is not JSON, is nested too deeply, or holds too many values.
    """
    if len(text) > 2 * most and _parts(text) > most:
        raise Malformed(f"it contains more than {most:,} values")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse if strict else None,
            object_pairs_hook=each_key_once if once else None,
        )
    except Malformed:
        raise
    except RecursionError:
        raise too_deep(text, deepest) from None
    except json.JSONDecodeError as error:
        raise not_json(error) from None
    except UnicodeDecodeError as error:
        raise Malformed(f"it is not JSON: {error}") from None
    except ValueError as error:
        raise unreadable_number(error, text) from None
    return shallow(value, text, deepest)


def not_json(error: json.JSONDecodeError) -> Malformed:
    """Return the error for what the parser refuses, with the line."""
    return Malformed(f"it is not JSON: {error.msg}, column {error.colno}", error.lineno)


def unreadable_number(error: ValueError, text: str | bytes) -> Malformed:
    """Return the error for a number that a parser refuses; Python names a setting of its own."""
    if not str(error).startswith("Exceeds the limit"):
        return Malformed(str(error))
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "replace")
    most = sys.get_int_max_str_digits()
    found = re.search(rf"(?<![\d_])(?:\d_?){{{most + 1}}}", text, re.ASCII)
    line = text.count("\n", 0, found.start()) + 1 if found else 0
    return Malformed(f"it contains a number of more than {most:,} digits", line)


def _parts(text: str | bytes) -> int:
    """Return about how many values a JSON text holds; marks inside texts also count."""
    if isinstance(text, str):
        return sum(map(text.count, ",[{"))
    return sum(map(text.count, (b",", b"[", b"{")))


def too_deep(text: str | bytes, deepest: int) -> TooDeep:
    """Return the error for a text that is nested too deeply, with the line."""
    return TooDeep(f"nested more than {deepest} levels deep", _deep_line(text, deepest))


def shallow(value: Any, text: str | bytes, deepest: int) -> Any:
    """Return a value that is not nested too deeply.

    Raises:
        TooDeep: it is; names the line of `text`.
    """
    if not is_within(value, deepest):
        raise too_deep(text, deepest)
    return value


def _deep_line(text: str | bytes, deepest: int) -> int:
    """Return the line in which JSON or TOML is nested too deeply, as brackets and dots show it."""
    depth = 0
    shown = text if isinstance(text, str) else text.decode(errors="replace")
    for number, line in enumerate(shown.splitlines(), 1):
        for sign in line:
            depth += (sign in "[{") - (sign in "]}")
            if depth > deepest:
                return number
        if line.partition("=")[0].count(".") >= deepest:
            return number
    return 0


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not valid JSON")


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs.

    Raises:
        GivenTwice: two have the same key.
    """
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        key = next(key for key in keys if keys.count(key) > 1)
        raise GivenTwice(f"the key {key!r} is given twice")
    return mapping
