"""Rows out of `.jsonl` and `.csv` files, as they stand there."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.runs.official import content_of

__all__ = ["read_rows"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_rows(
    path: Path, *, encoding: str = "utf-8", may_be_torn: bool = False
) -> list[Mapping[str, Any]]:
    """The rows of a file, in order; CSV by its name, JSON lines otherwise.

    A byte order mark says the encoding, whatever `encoding` is. Lines of JSON
    end at a line feed alone; blank ones are passed over. A last line without
    an end is left out where it `may_be_torn`, as in a run that is going on.

    Raises:
        UsageError: the file does not read, is in another encoding, holds a
            line that is no JSON object, or holds no row.
    """
    text = _text(path, encoding)
    rows = _table(path, text) if path.suffix.lower() == ".csv" else _lines(path, text, may_be_torn)
    if not rows:
        raise UsageError(f"{path} holds no row")
    return rows


def _text(path: Path, encoding: str) -> str:
    data = content_of(path)
    for mark, marked in _MARKS:
        if data.startswith(mark):
            data, encoding = data.removeprefix(mark), marked
            break
    try:
        return data.decode(encoding)
    except LookupError:
        raise UsageError(
            f"there is no encoding {encoding!r}", hint="--encoding latin-1, for example"
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is no {encoding}",
            hint="--encoding latin-1, or whatever the file is in",
        ) from error


def _lines(path: Path, text: str, may_be_torn: bool) -> list[Mapping[str, Any]]:
    lines = text.split("\n")
    if may_be_torn:
        lines.pop()  # "" where the file ends as it should
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"{path}, line {number} is no JSON: {error}",
                hint="a row is one JSON object on a line of its own; other tables: name it .csv",
            ) from error
        if not isinstance(row, dict):
            raise UsageError(f"{path}, line {number} is no JSON object")
        rows.append(row)
    return rows


def _table(path: Path, text: str) -> list[Mapping[str, Any]]:
    csv.field_size_limit(sys.maxsize)  # a cell may be a whole book
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Mapping[str, Any]] = []
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise UsageError(f"{path} has two columns of the same name: {', '.join(header)}")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise UsageError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells, "
                    f"the header has {len(header)}"
                )
            rows.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from error
    return rows
