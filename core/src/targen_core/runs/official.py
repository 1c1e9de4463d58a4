r"""Official rows in a file: read, validated, and turned into a task's instances.

Validation is strict: `"true"` is no truth value. Lines end at `\n` alone, as
JSON lines do; a byte order mark and blank lines are passed over.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from targen_core.engine.guard import refused
from targen_core.errors import Rejected, UsageError
from targen_core.plain import refuse_waiting
from targen_core.tasks.model import Task

__all__ = [
    "Labelled",
    "Problem",
    "RowFile",
    "content_of",
    "lines_of",
    "official_row",
    "problem_in",
    "scan",
]

_LARGEST = 8 << 30  # bytes: a file is read whole


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: its line from 1, its `idx` if it has one, and why."""

    line: int
    idx: Any
    message: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled instance of a file.

    Attributes:
        idx: of the row, or the first of the rows, that holds it.
        instance: the instance.
        rows: those rows, where they hold it alone.
    """

    idx: Any
    instance: Any
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of official rows, as it was found.

    Attributes:
        rows: the rows that are as they should be.
        instances: what those with labels hold.
        problems: what is wrong with the others.
        unlabelled: rows that lack the label, as in test files.
    """

    rows: Sequence[Mapping[str, Any]]
    instances: Sequence[Labelled]
    problems: Sequence[Problem]
    unlabelled: int


def scan(path: Path, task: Task[Any, Any]) -> RowFile:
    """Read a file of a task's official rows and validate each.

    Raises:
        UsageError: the file cannot be read, or holds no row.
    """
    rows: list[tuple[int, Mapping[str, Any] | None]] = []  # None where the row is bad
    problems: list[Problem] = []
    lines: dict[Any, int] = {}
    for number, line in lines_of(path):
        try:
            row = official_row(line, task)
        except ValueError as error:
            problems.append(Problem(number, _idx(line), problem_in(error)))
            rows.append((number, None))
            continue
        idx = row.get("idx")
        rows.append((number, row))
        if idx in lines:
            problems.append(Problem(number, idx, f"idx {idx} stands in line {lines[idx]} already"))
        lines.setdefault(idx, number)
    if not rows:
        raise UsageError(f"{path} holds no row")
    instances: list[Labelled] = []
    unlabelled = 0
    for start in range(0, len(rows), task.unit):
        number = rows[start][0]
        group = [row for _, row in rows[start : start + task.unit] if row is not None]
        if len(group) < min(task.unit, len(rows) - start):
            continue  # one of it is bad: said above
        try:
            if len(group) < task.unit:
                raise ValueError(f"rows come in groups of {task.unit}; the last has {len(group)}")
            found = task.instances_of(group)
        except (ValueError, LookupError, TypeError, Rejected) as error:
            problems.append(Problem(number, group[0].get("idx"), problem_in(error)))
            continue
        unlabelled += 0 if found else len(group)
        alone = tuple(group) if len(found) == 1 else ()
        instances += [Labelled(group[0].get("idx"), instance, alone) for instance in found]
    problems.sort(key=lambda problem: problem.line)
    return RowFile([row for _, row in rows if row is not None], instances, problems, unlabelled)


def official_row(line: bytes, task: Task[Any, Any]) -> dict[str, Any]:
    """The row of one line, as it stands there.

    Raises:
        ValueError: the task's schema does not accept it; see `problem_in`.
    """
    task.schema.model_validate_json(line, strict=True)
    row: dict[str, Any] = json.loads(line, parse_constant=_refuse)
    json.dumps(row, ensure_ascii=False).encode()  # fails for half of a surrogate pair
    return row


def problem_in(error: Exception) -> str:
    """The first problem of a row, with its column, in one line."""
    if isinstance(error, ValidationError):
        return refused(error)
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r}"
    return str(error) or type(error).__name__


def content_of(path: Path, most: int = _LARGEST) -> bytes:
    """What stands in a file that a user names, of at most `most` bytes.

    Raises:
        UsageError: the file cannot be read, or is larger.
    """
    try:
        refuse_waiting(path)
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > most:
                raise UsageError(f"{path} is larger than {most >> 20:,} MiB")
            return file.read()
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers.

    Raises:
        UsageError: the file cannot be read.
    """
    for number, line in enumerate(content_of(path).removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        if line.strip():
            yield number, line


def _idx(line: bytes) -> Any:
    """The `idx` of a line that may be anything."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row.get("idx") if isinstance(row, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
