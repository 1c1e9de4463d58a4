"""Excluded datasets of a run: read, known by their digests, and indexed."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from targen_core.dataset.naming import in_columns_of
from targen_core.dataset.source import open_source
from targen_core.errors import (
    MissingDependency,
    RunDirectoryError,
    TargenError,
    UsageError,
)
from targen_core.origin import HUB, Typed
from targen_core.runs.manifest import SourcePlan
from targen_core.runs.permissions import OBJECT, UnreadSource, name_of_source
from targen_core.tasks.model import Task
from targen_core.tasks.words import plain_words
from targen_standard.filters.excluded.comparing import texts_of
from targen_standard.filters.excluded.index import ExclusionIndex

_log = logging.getLogger("targen.run")

_SAID_EVERY = 200_000  # rows


@dataclass(frozen=True, slots=True)
class ExcludedSource:
    """An excluded dataset, read and ready to be searched."""

    plan: SourcePlan
    index: ExclusionIndex


_KEPT = 4  # a run is prepared more than once, and those of a suite exclude the same
_opened: dict[tuple[str, ...], ExcludedSource] = {}  # by file, of this process


def open_excluded(sources: Sequence[str], task: Task[Any, Any]) -> tuple[ExcludedSource, ...]:
    """The excluded datasets of a run of `task`, in an order that is not that of `sources`.

    Raises:
        UnreadSource: one cannot be read, is empty, or has no text to compare with the task's.
        MissingDependency: the library that reads its form is not installed.
    """
    opened = [_open(source, task) for source in dict.fromkeys(sources)]
    names = Counter(source.plan.source for source in opened)
    unlike = [
        source
        if names[source.plan.source] == 1
        else replace(source, plan=_told_apart(source.plan, number))
        for number, source in enumerate(opened, 1)
    ]
    return tuple(sorted(unlike, key=lambda source: (source.plan.digest, source.plan.source)))


def _told_apart(plan: SourcePlan, number: int) -> SourcePlan:
    """The plan of one of several sources of the same name."""
    return plan.model_copy(update={"source": f"{plan.source} ({number})"})


def _open(source: str, task: Task[Any, Any]) -> ExcludedSource:
    columns = tuple(task.schema.model_fields)
    rows = _Rows(source, task, columns)
    known = (source, *rows.state, *columns) if rows.state else ()
    opened = _opened.get(known)
    if opened is None:
        opened = rows.read()
        if known:
            _opened[known] = opened
            while len(_opened) > _KEPT:
                del _opened[next(iter(_opened))]
    return opened


class _Rows:
    """The rows of a source, read again for each iteration."""

    def __init__(self, source: str, task: Task[Any, Any], columns: Sequence[str]) -> None:
        self.named = name_of_source(source)
        if source.startswith(OBJECT) and not Path(source.removeprefix(OBJECT)).is_absolute():
            raise _unread(
                f"this run excludes {self.named}, which was not read from a file",
                hint="pass the rows again: targen_core.resume(RUN, exclude=[...]), or --exclude "
                "FILE with exactly the same rows",
            )
        path = source.removeprefix(OBJECT)
        try:  # an order: `refuse_sources` has checked a run's own sources
            self._source, _ = in_columns_of(open_source(Typed(path)), task)
        except MissingDependency:
            raise
        except TargenError as error:
            hint = error.hint
            if isinstance(error, RunDirectoryError) and Path(path).expanduser().is_dir():
                hint = "pass a run, a file of rows, or a folder that contains one dataset"
            unread = _unread(f"--exclude: {error!s}", hint=hint)
            if not path.startswith(HUB) and path.count("/") == 1 and not Path(path).suffix:
                unread.hint = f"for a dataset on the Hugging Face Hub:  --exclude {HUB}{path}"
                unread.hub = True
            raise unread from error
        self.state = _state(path, Path(self._source.place))
        self._task, self._columns = task, columns

    @property
    def _called(self) -> str:
        """Return what a message calls the source: rows of a program have no name of their own."""
        number = re.fullmatch(r"rows-(\d+)", self.named)
        return f"dataset {number[1]}" if number else self.named

    def __iter__(self) -> Iterator[dict[str, list[str]]]:
        number = 0
        try:
            for number, (place, row) in enumerate(self._source.each(self._task), 1):
                if isinstance(row, ValueError):
                    raise self._source.no_row(place, row) from row
                if number % _SAID_EVERY == 0:
                    _log.warning(
                        "reading the rows to exclude from %s: %s rows so far",
                        self.named,
                        f"{number:,}",
                    )
                yield texts_of(row, self._columns)
            if not number:
                self._source.none()
        except UnreadSource:
            raise
        except UsageError as error:
            raise _unread(f"--exclude: {error!s}", hint=error.hint) from error

    def read(self) -> ExcludedSource:
        """Return the run's record of the dataset, with the index of its rows.

        Raises:
            UnreadSource: it has no column, or no text, that could be compared.
        """
        digest, index = hashlib.sha256(), ExclusionIndex()
        columns: dict[str, None] = {}
        count, comparable = 0, False
        for texts in self:
            count += 1
            columns.update(dict.fromkeys(texts))
            digest.update(_line(texts))
            comparable = comparable or any(map(plain_words, chain(*texts.values())))
            index.add([*chain(*texts.values())])
        if not comparable:
            _, first = next(iter(self._source.each(None)))
            there = ", ".join(map(str, first)) if isinstance(first, Mapping) else "none"
            mine = ", ".join(name for name in self._columns if name not in ("idx", "label"))
            raise _unread(
                f"--exclude: {self._called} has no text in any of the columns of "
                f"{self._task.name}. Its columns are {there}; the task's are {mine}",
                hint="rename its columns to match the task's; those of a run, in a file that "
                "targen export RUN --out FILE.jsonl writes",
            )
        plan = SourcePlan(
            source=self.named,
            rows=count,
            digest=digest.hexdigest()[:32],
            columns=tuple(name for name in self._columns if name in columns),
        )
        return ExcludedSource(plan, index)


def _state(source: str, place: Path) -> tuple[str, ...]:
    """Return a state that changes with the file; empty for other sources."""
    if source.startswith(HUB):
        return ("hub",)
    try:
        status = place.stat()
    except OSError:
        return ()
    if not place.is_file():
        return ()
    return str(place.resolve()), str(status.st_mtime_ns), str(status.st_size)


def _line(texts: Mapping[str, Sequence[str]]) -> bytes:
    """A row as the digest takes it in."""
    return json.dumps(texts).encode() + b"\n"


def _unread(message: str, *, hint: str = "") -> UnreadSource:
    error = UnreadSource(message, hint=hint)
    error.option = "exclude"
    return error
