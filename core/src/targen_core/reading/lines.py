"""Files of lines: JSON, one value per line, and CSV."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.errors import RunDirectoryError
from targen_core.plain import open_plain
from targen_core.reading.values import unreadable_number

LINE = 16 << 20
"""Most bytes of one line of a file of records."""


def json_line(line: bytes) -> Any:
    """Return the value of one line, by the quicker of two parsers if it can read it.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    import pydantic_core  # not at start-up, which needs no lines

    try:
        return pydantic_core.from_json(line)
    except ValueError:  # half of a surrogate pair, a byte order mark
        try:
            return json.loads(line)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise unreadable_number(error, line) from None


def whole_lines(path: Path, *, start: int = 0) -> Iterator[bytes]:
    """Yield the lines of a run's file from a byte on; a torn last line is left out.

    Raises:
        RunDirectoryError: it is not a regular file, or a line is too long.
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
            if line.endswith(b"\n"):
                yield line
            elif len(line) == LINE:
                raise RunDirectoryError(f"{path}: line {number} is longer than {LINE:,} bytes")


def read_jsonl(path: Path, *, start: int = 0, skip: int = 0) -> Iterator[dict[str, Any]]:
    """Return the records of a run's file of JSON lines; a torn last line is left out.

    Args:
        path: the file, which may not be a link.
        start: the byte to begin at.
        skip: how many records to pass over unread.

    Raises:
        RunDirectoryError: it is not a regular file, or naming the line that is not a JSON object.
    """
    for number, line in enumerate(islice(whole_lines(path, start=start), skip, None), skip + 1):
        try:
            record = json_line(line)
        except ValueError as error:
            raise RunDirectoryError(f"{path}: line {number} is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise RunDirectoryError(f"{path}: line {number} is not a JSON object")
        yield record
