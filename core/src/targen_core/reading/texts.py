"""Lists of JSON, read value by value, and CSV."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from targen_core.errors import UnreadableFile
from targen_core.reading.values import (
    DEEPEST,
    Malformed,
    each_key_once,
    is_within,
    not_json,
    too_deep,
    unreadable_number,
)

COLUMNS = 10_000
"""The most columns that a table may have: errors list them, and each row repeats their names."""

_OPENS = re.compile(r"[ \t\r\n]*+\[[ \t\r\n]*+(\][ \t\r\n]*+)?")
_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?\r?\n')
_GOES_ON = re.compile(r"[ \t\r\n]*+([,\]])[ \t\r\n]*+")


def json_items(text: str, *, deepest: int = DEEPEST) -> Iterator[Any]:
    """Yield the values of a JSON list, each parsed when its turn comes; NaN and infinity may occur.

    A value can take twenty times the memory of its text, so a list of many is best not held.

    Args:
        text: the text.
        deepest: the most levels of nesting of a value.

    Raises:
        Malformed: when the iterator reaches something that is not JSON, not a list, or nested too
            deeply.
    """
    scan = json.JSONDecoder(object_pairs_hook=each_key_once).raw_decode
    if not (start := _OPENS.match(text)):
        raise Malformed("it is not a JSON list")
    at, more = start.end(), not start[1]
    while more:
        try:
            value, at = scan(text, at)
        except RecursionError:
            raise too_deep(text, deepest) from None
        except json.JSONDecodeError as error:
            raise not_json(error) from None
        except ValueError as error:  # a number of too many digits, or a key given twice
            line = text.count("\n", 0, at) + 1
            raise Malformed(unreadable_number(error, text[at:]).reason, line) from None
        if not is_within(value, deepest - 1):
            raise too_deep(text, deepest)
        yield value
        if not (mark := _GOES_ON.match(text, at)):
            raise not_json(json.JSONDecodeError("Expecting ',' delimiter", text, at))
        at, more = mark.end(), mark[1] == ","
    if at < len(text):
        raise not_json(json.JSONDecodeError("Extra data", text, at))


def refuse_binary(path: Path) -> None:
    """Refuse a workbook or an archive by its name: its bytes would be read as a broken text.

    Raises:
        UnreadableFile: it is one of these.
    """
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xls", ".xlsm", ".ods", ".numbers") and path.is_file():
        raise UnreadableFile(path, "it is a spreadsheet", hint="save the sheet as CSV (UTF-8)")
    if suffix in (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z") and path.is_file():
        raise UnreadableFile(path, "it is compressed", hint="decompress it first")


def csv_cells(
    text: str, *, delimiter: str = "", quoted: bool = True
) -> Iterator[tuple[int, list[str] | ValueError]]:
    """Return the cells of each line of a CSV text with the number of its first line.

    Cells are separated by `delimiter`. If it is "", these are commas, or, if the header has none,
    its semicolons or tabs. For Excel, a first line such as `sep=;` names the separator, and is not
    given. Nor are empty lines before the header. A line that cannot be read is given as a
    ValueError, and the next one follows. So is a line of more than `COLUMNS` cells.
    """
    import csv

    csv.field_size_limit(sys.maxsize)  # a cell may be a whole book; the file is in memory already
    header, _, _ = text.lstrip("\r\n").partition("\n")
    odd = next((mark for mark in ";\t" if mark in header and "," not in header), ",")
    if named := _SEPARATOR.match(text):
        odd = named[1]
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter or odd,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    if named:
        next(reader)
    begun = False
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            is_open = "unexpected end" in str(error)
            why = "unclosed quotation mark" if is_open else str(error)
            if first < reader.line_num:
                why += f", so lines {first:,} to {reader.line_num:,} were read as one row"
            yield first, ValueError(why)
            continue
        if cells is None:
            return
        if not (begun := begun or any(cells)):
            continue
        if len(cells) > COLUMNS:
            yield first, ValueError(f"it has more than {COLUMNS:,} columns")
        else:
            yield first, cells
