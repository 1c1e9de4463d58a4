"""Files of lines: JSON, one value per line, and CSV."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from targen_core.errors import RunDirectoryError, UnreadableFile
from targen_core.plain import open_plain

LINE = 16 << 20
"""Most bytes of one line of a file of records."""


def json_line(line: bytes) -> Any:
    """Return the value of one line, by the quicker of two parsers where it can read it.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    from pydantic_core import from_json  # not at start-up, which needs no lines

    try:
        return from_json(line)
    except ValueError:  # half of a surrogate pair, a byte order mark
        try:
            return json.loads(line)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def read_jsonl(path: Path, *, start: int = 0, skip: int = 0) -> Iterator[dict[str, Any]]:
    """Return the records of a run's file of JSON lines; a torn last line is left out.

    Args:
        path: the file, which may not be a link.
        start: the byte to begin at.
        skip: how many records to pass over unread.

    Raises:
        RunDirectoryError: it is not a regular file, or naming the line that is not a JSON object.
    """
    try:
        descriptor = open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        file.seek(start)
        for number, line in enumerate(iter(partial(file.readline, LINE), b""), 1):
            if not line.endswith(b"\n"):
                if len(line) == LINE:
                    raise RunDirectoryError(f"{path}: line {number} is longer than {LINE:,} bytes")
                return
            if number <= skip:
                continue
            try:
                record = json_line(line)
            except ValueError as error:
                raise RunDirectoryError(f"{path}: line {number} is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise RunDirectoryError(f"{path}: line {number} is not a JSON object")
            yield record


def refuse_spreadsheet(path: Path) -> None:
    """Refuse a workbook by its name: its bytes would be read as a broken text.

    Raises:
        UnreadableFile: it is one.
    """
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".ods", ".numbers") and path.is_file():
        raise UnreadableFile(path, "it is a spreadsheet", hint="save its sheet as CSV (UTF-8)")


def csv_cells(text: str, *, tabs: bool = False) -> Iterator[tuple[int, list[str] | ValueError]]:
    """Return the cells of each line of a CSV text with the number of the line that ends it.

    Cells are divided by commas, or, if the header has none, by its semicolons or tabs. Spreadsheets
    write semicolons if the comma is for decimals. A line that cannot be read is given as a
    ValueError, and the next one follows.
    """
    import csv

    csv.field_size_limit(sys.maxsize)  # a cell may be a whole book; the file is in memory already
    header, _, _ = text.lstrip("\r\n").partition("\n")
    odd = next((mark for mark in ";\t" if mark in header and "," not in header), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else odd, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            is_open = "unexpected end" in str(error)
            why = "a quote is opened and not closed" if is_open else str(error)
            yield reader.line_num, ValueError(why)
            continue
        if cells is None:
            return
        yield reader.line_num, cells
