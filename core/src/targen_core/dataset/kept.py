"""Files of rows, for options that name one: rows that are in none are written into the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Set
from os import PathLike
from pathlib import Path
from typing import Any

from targen_core import folders
from targen_core.api.request import as_path
from targen_core.dataset.model import Dataset
from targen_core.dataset.source import IN_MEMORY, open_source
from targen_core.errors import UsageError
from targen_core.origin import HUB, Typed
from targen_core.outputs import write_file

_UNNAMED = "rows"

_FOLDERS_OF_ROWS = ("manifest.json", "correction.json", "state.json", "dataset.jsonl")


def file_of_rows(rows: Any) -> Path:
    """The file that rows are in; those that are in none yet are written into one in the cache.

    A run copies it later, and a command may read it until it ends.

    Raises:
        UsageError: they are not a dataset.
    """
    if isinstance(rows, str | PathLike):
        path = as_path(rows)
        if not str(rows).startswith(HUB) and not path.is_dir():
            return path  # its reader reports the problem
        if path.is_dir() and not any((path / name).exists() for name in _FOLDERS_OF_ROWS):
            files = sorted(each for each in path.iterdir() if each.suffix in (".csv", ".jsonl"))
            raise UsageError(
                f"{path} is a folder, not a file of rows",
                hint=f"give one file{f', such as {files[0]}' if files else ''}",
            )
        rows = Typed(rows)
    if isinstance(made := getattr(rows, "dataset", None), Dataset):  # of a run
        rows = made
    if getattr(rows, "ndim", 0) == 1:  # a column of a data frame, or an array
        rows = rows.tolist()
    if isinstance(rows, Set):
        rows = sorted(rows, key=str)  # its own order differs in each process
    elif isinstance(rows, Iterator):
        rows = list(rows)
    name = _UNNAMED
    if _are_texts(rows):
        of = ({"text": row} for row in rows)
    else:
        source = open_source(rows)
        name = source.name if isinstance(rows, str | Dataset) else _UNNAMED
        of = (dict(row) for row in source.rows())
    text = "".join(f"{json.dumps(row, default=str)}\n" for row in of)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = _folder() / digest / f"{name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(file, text)
    return file


def called(file: Path) -> str:
    """Return what messages call rows that `file_of_rows` wrote into a file; "" if it did not."""
    if file.parent.parent != _folder():
        return ""
    return IN_MEMORY if file.stem == _UNNAMED else file.stem


def _folder() -> Path:
    return folders.cache_folder() / "rows"


def _are_texts(rows: Any) -> bool:
    """Return whether rows are a list of texts.

    Raises:
        UsageError: some are texts, and some are not.
    """
    if not isinstance(rows, list | tuple) or not any(isinstance(row, str) for row in rows):
        return False
    for number, row in enumerate(rows, 1):
        if not isinstance(row, str):
            raise UsageError(
                f"{IN_MEMORY}, row {number}: {repr(row)[:80]} is not text, but other rows are",
                hint='pass a list of texts, or of mappings such as {"text": …, "label": …}',
            )
    return True
