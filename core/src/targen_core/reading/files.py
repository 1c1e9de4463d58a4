"""Whole files of text or JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from targen_core.errors import UnreadableFile
from targen_core.plain import content_of
from targen_core.reading.encodings import as_utf_8
from targen_core.reading.values import Malformed, json_of

WHOLE = 2 << 30
"""The most bytes of a dataset's file that is read whole: a list of JSON, or CSV."""

_DATA = 64 << 20  # bytes of a JSON file


def read_text(path: Path, max_bytes: int = _DATA, *, inside: Path | None = None) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Args:
        path: the file; it may be a link unless `inside` is given.
        max_bytes: the most bytes that it may have.
        inside: the folder that holds it, if that may come from a stranger: links out of the folder
            are refused.

    Raises:
        UnreadableFile: it is missing, not a regular file, too large, or not UTF-8.
    """
    data = content_of(path, max_bytes, inside=inside)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"it is not UTF-8 text: {error.reason}"
        raise UnreadableFile(path, reason, line, hint=as_utf_8(path, data)) from None


def read_json(
    path: Path,
    max_bytes: int = _DATA,
    *,
    inside: Path | None = None,
) -> Any:
    """Return the value of a JSON file.

    Args:
        path: the file; it may be a link unless `inside` is given.
        max_bytes: the most bytes that it may have.
        inside: the folder that holds it, if that may come from a stranger.

    Raises:
        UnreadableFile: it cannot be read, is not JSON, or is nested too deeply.
    """
    return value_in(path, read_text(path, max_bytes, inside=inside), json_of)


def value_in(path: Path, text: str, parsed: Callable[..., Any], **how: Any) -> Any:
    """Return what `parsed` makes of the text of a file.

    Raises:
        UnreadableFile: it raised `Malformed`; names the file and the line.
    """
    try:
        return parsed(text, **how)
    except Malformed as error:
        raise UnreadableFile(path, error.reason, error.line) from None
