"""Excluded datasets of a run: read, known by their digests, and indexed in the user's cache.

A run keeps the name, the digest and the number of rows of each, and none of its texts.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import folders
from targen_core.engine.exclusion.comparing import plain_words, texts_of
from targen_core.errors import (
    MissingDependency,
    RunConflict,
    RunDirectoryError,
    TargenError,
    UsageError,
    WriteFailed,
)
from targen_core.origin import Typed, is_trusting
from targen_core.plugins.register import MEMORY
from targen_core.reading import read_jsonl
from targen_core.runs.records.lock import ExcludedPlan
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_core.wording import ANOTHER_OUT, Action, Blank, Either, Option

if TYPE_CHECKING:  # with numpy, 12 MB that a command which only reads rows does not need
    from targen_core.engine.exclusion.filter import ExclusionFilter
    from targen_core.engine.exclusion.index import ExclusionIndex

__all__ = [
    "ExcludedSource",
    "UnreadSource",
    "exclusion_filter",
    "kept_source",
    "open_excluded",
    "refuse_itself",
    "remember_sources",
    "require_known_sources",
    "require_same_excluded",
    "source_counts",
]

_log = logging.getLogger("targen.run")

_OPEN = "targen_core.dataset.source"  # above this room, so by its name
_HUB = "hf:"
_OBJECT = f"{MEMORY}:"  # before the file that stands for rows of a program
_SAID_EVERY = 200_000  # rows


class UnreadSource(UsageError):
    """An excluded dataset that cannot be read, or holds nothing to compare.

    Attributes:
        hub: whether its hint takes the name for one of a hub, which it cannot be in a resumed run.
    """

    hub = False


@dataclass(frozen=True, slots=True)
class ExcludedSource:
    """An excluded dataset, read and ready to be searched."""

    plan: ExcludedPlan
    index: ExclusionIndex


_digests: dict[tuple[str, ...], ExcludedPlan] = {}  # by file, of this process


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


def _told_apart(plan: ExcludedPlan, number: int) -> ExcludedPlan:
    """The plan of one of several sources of the same name."""
    return plan.model_copy(update={"source": f"{plan.source} ({number})"})


def _open(source: str, task: Task[Any, Any]) -> ExcludedSource:
    columns = tuple(task.schema.model_fields)
    rows = _Rows(source, task, columns)
    known = (source, *rows.state, *columns) if rows.state else ()
    plan = _digests.get(known) if known else None
    if plan is None:
        plan = rows.plan()
        if known:
            _digests[known] = plan
    return ExcludedSource(plan, _index(plan, rows))


class _Rows:
    """The rows of a source, read anew each time they are asked for."""

    def __init__(self, source: str, task: Task[Any, Any], columns: Sequence[str]) -> None:
        self.named = _named(source)
        if source.startswith(_OBJECT) and not Path(source.removeprefix(_OBJECT)).is_absolute():
            raise UnreadSource(
                f"this run excludes {self.named}, which are not in any file",
                hint="hand them over again: targen_core.resume(RUN, exclude=[...])"
                + Either(
                    ", or " + Option("exclude", Blank("FILE")) + " with the very same rows", ""
                ),
            )
        path = source.removeprefix(_OBJECT)
        try:  # an order: a run's own sources have come by `require_known_sources`
            self._source = importlib.import_module(_OPEN).open_source(Typed(path))
        except MissingDependency:
            raise
        except TargenError as error:
            hint = error.hint
            if isinstance(error, RunDirectoryError) and Path(path).expanduser().is_dir():
                hint = "give a run, a file of rows, or a folder that holds one dataset"
            unread = UnreadSource(Option("exclude") + f": {error}", hint=hint)
            if not path.startswith(_HUB) and path.count("/") == 1 and not Path(path).suffix:
                unread.hint = "for a dataset of a hub: " + Option("exclude", f"{_HUB}{path}")
                unread.hub = True
            raise unread from error
        self.state = _state(path, Path(self._source.place))
        self._task, self._columns = task, columns

    def __iter__(self) -> Iterator[dict[str, list[str]]]:
        number = 0
        try:
            for number, (place, row) in enumerate(self._source.each(self._task), 1):
                if isinstance(row, ValueError):
                    raise self._source.no_row(place, row) from row
                if number % _SAID_EVERY == 0:
                    _log.warning(
                        "reading %s, which is excluded: %s rows", self.named, f"{number:,}"
                    )
                yield texts_of(row, self._columns)
            if not number:
                self._source.none()
        except UnreadSource:
            raise
        except UsageError as error:
            raise UnreadSource(Option("exclude") + f": {error}", hint=error.hint) from error

    def plan(self) -> ExcludedPlan:
        """What the run keeps of it.

        Raises:
            UnreadSource: it has no column, or no text, that could be compared.
        """
        digest = hashlib.sha256()
        columns: dict[str, None] = {}
        count, comparable = 0, False
        for texts in self:
            count += 1
            columns.update(dict.fromkeys(texts))
            digest.update(_line(texts))
            comparable = comparable or any(map(plain_words, chain(*texts.values())))
        if not comparable:
            _, first = next(iter(self._source.each(None)))
            there = ", ".join(map(str, first)) if isinstance(first, Mapping) else "none"
            mine = ", ".join(name for name in self._columns if name not in ("idx", "label"))
            raise UnreadSource(
                Option("exclude")
                + f": {self.named} has no text in a column that rows of {self._task.name} "
                f"have: its columns are {there}; those of the task: {mine}",
                hint="rename its columns to those that hold the same in the task",
            )
        return ExcludedPlan(
            source=self.named,
            rows=count,
            digest=digest.hexdigest()[:32],
            columns=tuple(name for name in self._columns if name in columns),
        )


def _named(source: str) -> str:
    """What a source is called where its path is nobody's business."""
    if source.startswith(_OBJECT):
        return Path(source.removeprefix(_OBJECT)).stem
    return source if source.startswith(_HUB) else Path(source).expanduser().resolve().name


def _state(source: str, place: Path) -> tuple[str, ...]:
    """What tells a file from what it is when it was changed; empty of what is no file."""
    if source.startswith(_HUB):
        return ("hub",)
    try:
        status = place.stat()
    except OSError:
        return ()
    if not place.is_file():
        return ()
    return str(place.resolve()), str(status.st_mtime_ns), str(status.st_size)


def _index(plan: ExcludedPlan, rows: _Rows) -> ExclusionIndex:
    """The index of a source: the one in the user's cache, or a new one there.

    Raises:
        UnreadSource: the source was changed meanwhile.
        WriteFailed: the index can be written nowhere.
    """
    from targen_core.engine.exclusion.files import FORMAT
    from targen_core.engine.exclusion.index import ExclusionIndex

    folder = folders.cache_folder() / "excluded" / f"{plan.digest}-{FORMAT}"
    damaged = (OSError, ValueError, KeyError, TypeError, AttributeError)
    with contextlib.suppress(*damaged):
        return ExclusionIndex(folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        return _built(plan, rows, folder)
    except damaged:  # a cache is no condition of a run
        pass
    try:
        # Open files outlive their names.
        with tempfile.TemporaryDirectory(prefix="targen-", ignore_cleanup_errors=True) as other:
            return _built(plan, rows, Path(other) / "excluded")
    except OSError as error:
        raise WriteFailed(
            f"cannot write the index of {plan.source}, which is excluded: {error.strerror}",
            hint=f"choose another folder for the cache: {folders.CACHE_VARIABLE}=FOLDER",
        ) from error


def _built(plan: ExcludedPlan, rows: _Rows, folder: Path) -> ExclusionIndex:
    from targen_core.engine.exclusion.building import build_index
    from targen_core.engine.exclusion.index import ExclusionIndex

    digest = hashlib.sha256()

    def texts() -> Iterator[list[str]]:
        for row in rows:
            digest.update(_line(row))
            yield [text for column in row.values() for text in column]

    build_index(texts(), folder)
    if digest.hexdigest()[: len(plan.digest)] != plan.digest:
        shutil.rmtree(folder, ignore_errors=True)
        raise UnreadSource(
            Option("exclude") + f": {plan.source} was changed while it was read",
            hint="wait until nobody writes to it",
        )
    return ExclusionIndex(folder)


def _line(texts: Mapping[str, Sequence[str]]) -> bytes:
    """A row as the digest takes it in."""
    return json.dumps(texts).encode() + b"\n"


def exclusion_filter(
    plans: Sequence[ExcludedPlan], sources: Sequence[ExcludedSource], similarity: float
) -> ExclusionFilter:
    """The filter of a run, whose files call the sources as `plans` do, wherever they are now."""
    from targen_core.engine.exclusion.filter import Excluded, ExclusionFilter

    indexes = [source.index for source in sources]  # both are in the order of their digests
    return ExclusionFilter(
        [
            Excluded(plan.source, plan.columns, index)
            for plan, index in zip(plans, indexes, strict=True)
        ],
        similarity,
    )


def kept_source(source: str) -> str:
    """A source as a manifest has it: of rows of a program their name."""
    return f"{_OBJECT}{_named(source)}" if source.startswith(_OBJECT) else source


def refuse_itself(sources: Iterable[str], run: Path) -> None:
    """Refuse a run that is to exclude its own rows.

    Raises:
        UsageError: it is among `sources`, by its folder or its file.
    """
    own = {run.resolve(), (run / "dataset.jsonl").resolve()}
    for source in sources:
        if Path(source).expanduser().resolve() in own:
            raise UsageError(
                Option("exclude") + f": {source} is the run itself",
                hint="exclude another dataset, or " + ANOTHER_OUT,
            )


def remember_sources(sources: Iterable[str]) -> None:
    """Note sources as named by this user."""
    for source in sources:
        folders.make_known("excluded", _mark(source))


def require_known_sources(sources: Iterable[str], run: Path) -> None:
    """Refuse sources that only a manifest names: it may come from anybody.

    Raises:
        UsageError: with what to type.
    """
    for source in sources:
        known = is_trusting() or folders.is_known("excluded", _mark(source))
        if not source.startswith(_OBJECT) and not known:
            raise UsageError(
                f"this run excludes {source}, which has not been used on this machine before; a "
                "run from someone else may name any file or dataset",
                hint="if it is the right one: " + Action("resume", run, exclude=source),
            )


def _mark(source: str) -> str:
    if not source.startswith(_HUB):
        source = str(Path(source).expanduser().resolve())
    return hashlib.sha256(source.encode("utf-8", "backslashreplace")).hexdigest()


def require_same_excluded(
    there: Sequence[ExcludedPlan], now: Sequence[ExcludedPlan], run: Path
) -> None:
    """See that what a run was begun without is what it goes on without.

    Raises:
        RunConflict: naming what was changed, and what to do.
    """
    before, after = (Counter(plan.digest for plan in plans) for plans in (there, now))
    if before == after:
        return
    gone = [plan for plan in there if before[plan.digest] > after[plan.digest]]
    come = [plan for plan in now if after[plan.digest] > before[plan.digest]]
    if not there:
        raise RunConflict(
            f"{run} excludes nothing, and its rows may be in {come[0].source}",
            hint="generate a new run with "
            + Option("exclude", ...)
            + " and another "
            + Option("out", ...),
        )
    if not gone:
        raise RunConflict(
            f"{run} was not begun with {come[0].source} excluded",
            hint="generate a new run with another " + Option("out", ...),
        )
    words = [f"{plan.source} with {_size(plan)}" for plan in gone]
    said = f"{run} excludes {' and '.join(words)}"
    said += f", and not {come[0].source} with {_size(come[0])}" if come else ""
    raise RunConflict(
        said,
        hint="put the file back as it was; or name all that it excludes, where it is now: "
        + Action("resume", run, exclude=Blank("SOURCE"))
        + "; or generate a new run",
    )


def _size(plan: ExcludedPlan) -> str:
    return f"{plural(plan.rows, 'row')} (digest {plan.digest[:12]})"


def source_counts(plans: Sequence[ExcludedPlan], rejects: Path) -> list[dict[str, Any]]:
    """What reports say of each excluded dataset: what was refused for it, by test."""
    if not plans:
        return []
    from targen_core.engine.exclusion.filter import REASONS

    tests = {reason: test for test, reason in REASONS.items()}
    counts: Counter[tuple[str, str]] = Counter()
    with contextlib.suppress(TargenError, OSError):
        for record in read_jsonl(rejects):
            if (test := tests.get(str(record.get("reason")))) is not None:
                notes = record.get("notes") or {}
                counts[str(notes.get("excluded_source")), test] += 1
    return [
        {
            **plan.model_dump(mode="json"),
            "refused": {test: counts[plan.source, test] for test in REASONS},
        }
        for plan in plans
    ]
