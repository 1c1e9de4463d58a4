"""Files of text that are not JSON lines: a JSON list, and CSV."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.dataset.layout import Layout
from targen_core.dataset.lines import content_in, decoded, lines, suffix_of, whole
from targen_core.dataset.records import Form, Record
from targen_core.dataset.schema import schema_of
from targen_core.errors import UnreadableFile, UsageError
from targen_core.reading.texts import csv_cells, json_items
from targen_core.reading.values import Malformed
from targen_core.tasks.model import Task
from targen_core.text import plural

_log = logging.getLogger("targen.dataset")
_UNNAMED = "column "  # and its number
_INDEX = frozenset({"", "Unnamed: 0", "__index_level_0__"})
"""Columns that pandas makes of a frame's index."""


def refuse_table(path: Path, first: str) -> None:
    """Refuse lines of texts whose first line is the header of a tab-separated table.

    Raises:
        UsageError: it has several cells, which are names of columns, and one is that of a text or
            label.
    """
    cells = [cell.strip().lower() for cell in first.split("\t")]
    if len(cells) > 1 and all(map(str.isidentifier, cells)) and {"text", "label"} & {*cells}:
        raise UsageError(
            f"{path} is a tab-separated table, but its name says that each line is a text",
            hint=f"rename it to {path.stem}.tsv",
        )


def document(path: Path, encoding: str = "utf-8") -> Form:
    """A file that is one JSON list of records, or of JSON lines after all.

    Raises:
        UsageError: the file cannot be read, or is in another encoding.
    """
    data, marked = content_in(path, encoding)
    if not data.lstrip().startswith(b"["):
        return lines(path, encoding)
    text = decoded(path, data, marked)
    try:  # what is wrong is said before a row is used
        deque(json_items(text), maxlen=0)
    except Malformed as error:
        raise UnreadableFile(path, error.reason, error.line) from None

    def records() -> Iterator[tuple[int, Record]]:
        for number, item in enumerate(json_items(text), 1):
            row = of_pair(item)
            bad = ValueError("Input should be an object")
            yield number, row if isinstance(row, dict) else bad

    return Form(records, place="row")


def table(path: Path, encoding: str = "utf-8", layout: Layout | None = None) -> Form:
    """A CSV file with a header, or one with tabs; empty rows, and empty columns at its end, go.

    Raises:
        UsageError: the file cannot be read, is in another encoding, or names a column twice.
    """
    text = whole(path, encoding)
    layout = layout or Layout()
    mark = layout.delimiter or ("\t" if suffix_of(path) == ".tsv" else "")
    is_bare = layout.quoting is None and mark == "\t" and _has_bare_quotes(text)
    quoted = not is_bare if layout.quoting is None else layout.quoting

    def cells() -> Iterator[tuple[int, list[str] | ValueError]]:
        return csv_cells(text, delimiter=mark, quoted=quoted)

    header = _header(path, cells, named=layout.header)
    width = len(header)
    if any(map(is_unnamed, header)):
        _warn_of_overflow(path, header, cells())

    def records() -> Iterator[tuple[int, Record]]:
        for line, row in islice(cells(), int(layout.header), None):
            if isinstance(row, ValueError):
                yield line, row
            elif len(row) == width or (len(row) > width and not any(row[width:])):
                if any(row):  # a spreadsheet leaves rows and columns that somebody emptied
                    yield line, without_index(dict(zip(header, row, strict=False)))
            elif any(row):
                some = plural(len(row), "cell")
                yield line, ValueError(f"{some}, but the {_FIRST[layout.header]} has {width}")

    return Form(records, typed=typed_cells)


_FIRST = {True: "header", False: "first line"}


def _has_bare_quotes(text: str) -> bool:
    """Return whether quotation marks of a table with tabs are part of its texts.

    Then reading them as quotes fails, and each line has the same number of tabs.
    """
    rows = (cells for _, cells in csv_cells(text, delimiter="\t"))
    if not any(isinstance(row, ValueError) or any("\t" in cell for cell in row) for row in rows):
        return False
    return len({line.count("\t") for line in text.splitlines() if line.strip()}) == 1


def _header(
    path: Path, cells: Callable[[], Iterator[tuple[int, list[str] | ValueError]]], *, named: bool
) -> list[str]:
    """Return the names of a table's columns: those of its first line, or 1, 2, …."""
    line, header = next(cells(), (1, []))
    if isinstance(header, ValueError):
        raise UnreadableFile(path, str(header), line)
    if not named:
        return [str(number) for number in range(1, len(header) + 1)]
    last = len(header)
    while last and not header[last - 1]:
        last -= 1
    if last < len(header):
        rows = islice(cells(), 1, None)
        if not any(any(row[last:]) for _, row in rows if not isinstance(row, ValueError)):
            header = header[:last]
    # pandas leaves the first column without a name, which is an index.
    header = [name or (f"{_UNNAMED}{at}" if at > 1 else "") for at, name in enumerate(header, 1)]
    require_distinct(str(path), header)
    return header


def is_unnamed(column: str) -> bool:
    """Return whether a table's header has no name for a column."""
    return column.startswith(_UNNAMED)


def _warn_of_overflow(
    path: Path, header: Sequence[str], cells: Iterable[tuple[int, list[str] | ValueError]]
) -> None:
    """Report rows with cells in columns without a name, such as texts with commas."""
    named = sum(not is_unnamed(name) for name in header)
    places = [line for line, row in cells if not isinstance(row, ValueError) and any(row[named:])]
    if places:
        where = f"{plural(len(places), 'row')} with more cells than named columns"
        _log.warning("%s: %s, the first on line %d; these are left out", path, where, places[0])


def require_distinct(place: str, names: Sequence[str]) -> None:
    """Check that a table names no column twice.

    Raises:
        UsageError: it does.
    """
    if len(set(names)) < len(names):
        raise UsageError(f"{place} has two columns with the same name: {', '.join(names)}")


def typed_cells(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    """Cells as the task's schema types their columns; a column that it lacks stays text."""
    if task is None:
        return row
    root = schema_of(task.schema)
    values = {
        name: root.column(name).parsed(cell) if isinstance(cell, str) else cell
        for name, cell in row.items()
        # An empty cell of the task's own is missing, and not an empty text.
        if cell != "" or name in root.required or name not in root.columns
    }
    for label in task.labels:
        if row.get("label") == json.dumps(label.official):  # numbers, if the schema names none
            values["label"] = label.official
    return values


def without_index(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row without what pandas made of an index."""
    if _INDEX.isdisjoint(row):
        return row
    return {name: value for name, value in row.items() if name not in _INDEX}


Row = dict[str, Any]


def of_pair(row: Any) -> Any:
    """Return a pair as a row; anything else is unchanged."""
    match row:
        case [str(text), str() | int() as label]:
            return {"text": text, "label": label}
        case [str(text), {"entities": [*spans]}]:
            return {"text": text, "spans": as_spans(spans)}
        case [str(text), {"cats": dict(scores)}]:
            return of_scores({"text": text, "cats": scores})
    return row


def as_spans(spans: Iterable[Sequence[Any]]) -> list[Row]:
    """Return spans `[start, end, label]` as mappings."""
    return [{"start": start, "end": end, "label": name} for start, end, name, *_ in spans]


def of_scores(row: Row) -> Row:
    """Return spaCy's categories as a label: the one whose score is highest, if it is above half."""
    scores = row.pop("cats")
    best = max(scores, key=scores.get, default=None)
    is_clear = best is not None and scores[best] > 0.5
    return {**row, "label": best} if is_clear else row
