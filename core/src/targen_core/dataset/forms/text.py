r"""Files of text: JSON lines, a list of JSON, and CSV.

Lines of JSON end at `\n` alone; blank ones are passed over. A byte order mark
says the encoding, whatever was said.
"""

from __future__ import annotations

import codecs
import io
import json
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.dataset.forms.records import Form, NotUtf8, Record, without_index
from targen_core.dataset.schema import schema_of
from targen_core.errors import UnreadableFile, UsageError
from targen_core.plain import WHOLE, content_of
from targen_core.reading import Malformed, csv_cells, json_items
from targen_core.reading.lines import LINE
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_core.wording import Option

__all__ = ["document", "lines", "table", "whole"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_LARGE = 4 << 20  # bytes of a file that is streamed


def lines(path: Path, encoding: str = "utf-8", *, may_be_torn: bool = False) -> Form:
    """A file of JSON lines; its last may be torn where a run is going on.

    Raises:
        UsageError: the file cannot be read, or is in another encoding.
    """
    is_streamed = _is_streamed(path, encoding)
    data = b""
    if not is_streamed:
        data, encoding = _content(path, encoding)
        if codecs.lookup(encoding).name != "utf-8":
            data = _decoded(path, data, encoding).encode()

    def records() -> Iterator[tuple[int, Record]]:
        with open(path, "rb") if is_streamed else io.BytesIO(data) as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE), b""), 1):
                if len(line) == LINE and not line.endswith(b"\n"):
                    # No file of records: to look for the line's end may take as long as it likes.
                    more = f"a line of more than {LINE >> 20} MiB; nothing behind it is read"
                    yield number, ValueError(more)
                    return
                elif line.strip() and not (may_be_torn and not line.endswith(b"\n")):
                    yield number, line.removesuffix(b"\n")

    return Form(records)


def _is_streamed(path: Path, encoding: str) -> bool:
    """Whether lines are read one by one, anew each time: of a large file that is UTF-8."""
    try:
        if not path.is_file() or path.stat().st_size < _LARGE:
            return False
        with open(path, "rb") as file:
            start = file.read(4)
        return codecs.lookup(encoding).name == "utf-8" and not any(
            start.startswith(mark) for mark, _ in _MARKS
        )
    except (OSError, LookupError):
        return False  # who reads it says why not


def document(path: Path, encoding: str = "utf-8") -> Form:
    """A file that is one JSON list of records, or of JSON lines after all.

    Raises:
        UsageError: the file cannot be read, or is in another encoding.
    """
    data, marked = _content(path, encoding)
    if not data.lstrip().startswith(b"["):
        return lines(path, encoding)
    text = _decoded(path, data, marked)
    try:  # what is wrong is said before a row is used
        deque(json_items(text), maxlen=0)
    except Malformed as error:
        raise UnreadableFile(path, error.reason, error.line) from None

    def records() -> Iterator[tuple[int, Record]]:
        for number, row in enumerate(json_items(text), 1):
            bad = ValueError("Input should be an object")
            yield number, row if isinstance(row, dict) else bad

    return Form(records, place="row")


def table(path: Path, encoding: str = "utf-8") -> Form:
    """A CSV file with a header, or one with tabs.

    Raises:
        UsageError: the file cannot be read, is in another encoding, or names a column twice.
    """
    text = whole(path, encoding)
    tabs = path.suffix.lower() == ".tsv"
    header = _header(path, text, tabs=tabs)

    def records() -> Iterator[tuple[int, Record]]:
        for line, cells in islice(csv_cells(text, tabs=tabs), 1, None):
            if isinstance(cells, ValueError):
                yield line, cells
            elif len(cells) == len(header):
                yield line, without_index(dict(zip(header, cells, strict=True)))
            elif cells:
                some = plural(len(cells), "cell")
                yield line, ValueError(f"{some}, but the header has {len(header)}")

    return Form(records, typed=_typed)


def _header(path: Path, text: str, *, tabs: bool) -> list[str]:
    line, header = next(csv_cells(text, tabs=tabs), (1, []))
    if isinstance(header, ValueError):
        raise UnreadableFile(path, str(header), line)
    if len(set(header)) < len(header):
        raise UsageError(f"{path} has two columns of the same name: {', '.join(header)}")
    return header


def _typed(row: Mapping[str, Any], task: Task[Any, Any] | None) -> Mapping[str, Any]:
    """Cells as the task's schema types their columns; a column that it lacks stays text."""
    if task is None:
        return row
    root = schema_of(task.schema)
    values = {
        name: root.column(name).parsed(cell) if isinstance(cell, str) else cell
        for name, cell in row.items()
        if cell != "" or name in root.required  # else it is missing, and not an empty text
    }
    for label in task.labels:
        if row.get("label") == json.dumps(label.official):  # numbers, where the schema names none
            values["label"] = label.official
    return values


def whole(path: Path, encoding: str = "utf-8") -> str:
    """The text of a file.

    Raises:
        UsageError: the file cannot be read, or is in another encoding.
    """
    return _decoded(path, *_content(path, encoding))


def _content(path: Path, encoding: str) -> tuple[bytes, str]:
    data = content_of(path, WHOLE)
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data.removeprefix(mark), marked
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UsageError(
            f"unknown encoding {encoding!r}", hint="for example " + Option("encoding", "latin-1")
        ) from None
    return data, encoding


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not valid {encoding}",
            hint=NotUtf8.hint,
        ) from error
