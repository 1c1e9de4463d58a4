"""Columns of nested rows: `target.span1_text`, through objects and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from targen_core.tasks.fields import NO_TEXTS, text_at

_PLACE = re.compile(r"\{([\w.]+)(:upper)?\}")


def text_columns(rows: Sequence[Mapping[str, Any]], label: str) -> tuple[str, ...]:
    """The columns that hold text, in the order in which they first occur.

    Identifiers and the label do not count, nor does a column whose texts all look like numbers, as
    in a CSV file.
    """
    wordy: dict[str, bool] = {}
    for row in rows:
        for path, text in _texts(row, ""):
            name = path.rpartition(".")[2]
            if name in NO_TEXTS or path == label:
                continue
            wordy[path] = wordy.get(path, False) or any(map(str.isalpha, text))
    return tuple(path for path, words in wordy.items() if words)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, path)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{path}.{name}" if path else str(name))


def filled(template: str, row: Mapping[str, Any]) -> str:
    """A template with a row's texts in its places."""
    return _PLACE.sub(lambda place: _filling(place, row), template)


def bare(template: str, row: Mapping[str, Any]) -> str:
    """Return what a template shows of a row, without its own words and line feeds."""
    return " ".join(_filling(place, row) for place in _PLACE.finditer(template))


def _filling(place: re.Match[str], row: Mapping[str, Any]) -> str:
    text = text_at(row, place[1])
    return text.upper() if place[2] else text
