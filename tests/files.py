"""Files of rows in tests: a JSON value on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def lines(path: str | Path) -> list[dict[str, Any]]:
    """Return the values of a file."""
    text = Path(path).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")] if text else []


def write_lines(path: str | Path, rows: Iterable[Any]) -> Path:
    """Write values to a file, below folders that are made where they lack."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@contextmanager
def changed(path: str | Path) -> Iterator[list[dict[str, Any]]]:
    """Write the values of a file back as they are when the context ends."""
    rows = lines(path)
    yield rows
    write_lines(path, rows)
