"""The ledger: every verdict of a run, so that a resumed one need not judge again.

It only improves speed: repeating the run from its journal gives the same contents. A ledger that is
missing, torn, or of other code or files costs only time: 100,000 rows take minutes to judge.

Its lines have the form of the journal's. The first names the owner of the ledger. Then come
targets, verdicts and results of lists. Each records the length of the journal at that time, with
its check sum. Verdicts and targets also record the lengths of the outputs.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import math
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, get_args

from importlib_metadata import Distribution, PackageNotFoundError
from pydantic_core import from_json

from targen_core.calls.journal import Mark, checked, compact, unchecked
from targen_core.engine.events import Commit, Grown, Target, Verdict
from targen_core.plain import open_plain, write_failed
from targen_core.plugins.hookspecs import API_GROUP
from targen_core.plugins.register import FILE
from targen_core.reading.lines import LINE

FORMAT = 2

_LIST = b'["list"'
_FILES = 4  # journal, dataset, provenance and rejects
_VERDICTS = get_args(Verdict)

Marks = tuple[Mark, ...]


class Contradicted(Exception):
    """The ledger tells of another run than this one: replay it all."""


class Ledger:
    """The verdicts of earlier processes, in commit order, and of this one.

    Attributes:
        marks: lengths of journal, dataset, provenance and rejects at the last verdict or target,
            if there was one.
        is_blank: whether it existed without a verdict, as after a power cut.
    """

    def __init__(self, path: Path, digest: str | None) -> None:
        """Open or create the file; what does not belong to `digest` is dropped: all, for None.

        Raises:
            RunDirectoryError: it cannot be opened.
        """
        self.path = path
        self.marks: Marks | None = None
        self.is_blank = False
        self._first = {"format": FORMAT, "digest": digest}
        self._where: Callable[[], Marks] = tuple
        self._grown: dict[str, Grown] = {}
        self._end = self._left = 0
        self._next: bytes | None = None
        self._ahead: Iterator[bytes] = iter(())
        was_there = path.exists()  # if somebody deleted it, it cannot show what was lost
        try:
            self._fd = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, alone=True)
            # Not a copy of the descriptor: that would share its place in the file.
            self._file = os.fdopen(open_plain(path, os.O_RDONLY), "rb")
            self._scan(was_there)
        except OSError as error:
            raise write_failed(path, error, "open") from error

    def _scan(self, was_there: bool) -> None:
        """Find the end of what is whole, and what was true there."""
        first, text, last = _read(next(self._lines(), b"")), b"", b""
        for text in self._lines():
            if not text.startswith(_LIST):
                last = text
                self._left += 1
        try:
            # A list may rest on more of the journal than the last verdict.
            marks = (_mark(_read(text)[-1][0]), *map(_mark, _read(last)[-1][1:]))
        except (ValueError, TypeError, IndexError, KeyError):
            marks = ()
        is_whole = len(marks) == _FILES
        if not is_whole or first != self._first or self._first["digest"] is None:
            self.is_blank = was_there and not is_whole and first in (None, self._first)
            self.forget()
            return
        os.ftruncate(self._fd, self._end)
        self.marks = marks
        self._file.seek(0)
        self._ahead = self._lines(self._end)
        next(self._ahead)
        try:
            self._advance()
        except Contradicted:
            self.forget()

    def _lines(self, end: float = math.inf) -> Iterator[bytes]:
        """The JSON of the lines from here to an end, or to the first that is not whole."""
        for line in iter(partial(self._file.readline, LINE), b""):
            at = self._file.tell()
            if at > end or not line.endswith(b"\n"):
                return
            try:
                text = unchecked(line[:-1])
            except ValueError:
                return
            self._end = max(self._end, at)
            yield text

    def start(self, where: Callable[[], Marks]) -> None:
        """Say what tells how far journal and outputs are."""
        self._where = where

    def forget(self) -> None:
        """Empty the ledger, without adopting earlier verdicts."""
        os.ftruncate(self._fd, 0)
        self._end = self._left = 0
        self._next = self.marks = None
        self._grown = {}
        self._append(self._first)

    @property
    def pending(self) -> bool:
        """Return whether a verdict has not been repeated yet."""
        return self._next is not None

    def aim(self, target: Target) -> None:
        """Begin a target: find it there, or write it.

        Raises:
            Contradicted: something else comes now.
        """
        asked = {**asdict(target), "quotas": dict(target.quotas)}
        if self._next is None:
            self._append(["target", asked, self._where()])
            return
        value = _read(self._next)
        if not isinstance(value, list) or value[:2] != ["target", asked]:
            raise Contradicted
        self._advance()

    def recall(self, candidate: str) -> Commit:
        """Return the earlier verdict on the candidate, while some are pending.

        Raises:
            Contradicted: another candidate comes now.
        """
        assert self._next is not None
        commit = _commit(_read(self._next))
        if commit.id != candidate:
            raise Contradicted
        self._advance()
        return commit

    def keep(self, commit: Commit) -> None:
        """Write a verdict down, after its outputs."""
        self._append([*commit[:-1], b64encode(commit.entry).decode(), self._where()])

    def grown(self, place: str) -> Grown | None:
        """Return the result of a list batch; None if it is unknown."""
        return self._grown.pop(place, None)

    def keep_grown(self, place: str, grown: Grown) -> None:
        """Write down what a list batch gave."""
        refused = [[number, *why] for number, why in grown.refused.items()]
        self._append(
            ["list", place, grown.items, grown.keys, refused, grown.failed, self._where()[:1]]
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        os.close(self._fd)

    def _advance(self) -> None:
        """Go to the next line that the engine asks for; note lists on the way.

        A list comes before the verdicts on its items, so those that are not used yet are few.

        Raises:
            Contradicted: a list does not read, or the file changed since it was read to its end.
        """
        self._next = None
        for text in self._ahead:
            if not text.startswith(_LIST):
                self._next = text
                break
            try:
                _, place, *parts, _ = _read(text)
                self._grown[place] = _grown(*parts)
            except (ValueError, TypeError) as error:
                raise Contradicted from error
        if (self._next is None) != (self._left == 0):
            raise Contradicted
        self._left -= self._next is not None

    def _append(self, value: Any) -> None:
        line = checked(compact(value)) + b"\n"
        try:
            if os.write(self._fd, line) != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise write_failed(self.path, error) from error
        self._end += len(line)


def _read(text: bytes) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None


def _mark(value: Any) -> Mark:
    """A mark as a line holds it.

    Raises:
        ValueError or TypeError: it holds none.
    """
    at, crc = value
    if type(at) is not int or type(crc) is not int or at < 0:
        raise ValueError(value)
    return at, crc


def _grown(items: Any, keys: Any, refused: Any, failed: Any) -> Grown:
    """A list batch as a line holds it.

    Raises:
        ValueError or TypeError: it holds none.
    """
    if not (items is None or type(items) is list):
        raise TypeError(items)
    why = {int(number): (str(word), str(words)) for number, word, words in refused}
    word, words = failed or ("", "")
    return Grown(items, tuple(map(str, keys)), why, (str(word), str(words)) if failed else None)


def _commit(value: Any) -> Commit:
    """A verdict as a line holds it.

    Raises:
        Contradicted: it holds none.
    """
    if type(value) is not list or len(value) != len(Commit._fields) + 1:
        raise Contradicted
    *fields, entry, _ = value
    try:
        commit = Commit._make((*fields, b64decode(entry, validate=True)))
    except (TypeError, ValueError) as error:
        raise Contradicted from error
    labels = commit.corrected or "", commit.ending or ""
    words = commit.id, commit.quota, commit.stage, commit.reason, *labels
    if (
        commit.verdict not in _VERDICTS
        or not all(type(word) is str for word in words)
        or not all(type(count) is int and count >= 0 for count in (commit.rows, commit.calls))
    ):
        raise Contradicted
    return commit


known: dict[str, str] = {}
"""The digests of the code that this process has read, by distribution."""


def code_digest(distributions: Iterable[str]) -> str | None:
    """Return a digest of the code of distributions and of Python; None if one is not installed.

    It takes in their versions, and the files of those with plugins. The text of a task's file is
    part of the task's version. A task that exists only in memory has no digest.
    """
    names = {"targen-core", *distributions} - {FILE}
    digest = hashlib.sha256(sys.version.encode())
    try:
        for name in sorted(names):
            digest.update(code_of(name).encode())
    except (PackageNotFoundError, ImportError, OSError, ValueError):
        return None
    return digest.hexdigest()[:32]


def code_of(name: str) -> str:
    """Return a digest of a distribution's name, version and code, read once per process.

    Raises:
        PackageNotFoundError, ImportError, OSError, ValueError: its code is unknown.
    """
    if name not in known:
        distribution = Distribution.from_name(name)
        digest = hashlib.sha256(f"{name} {distribution.version}".encode())
        points = distribution.entry_points.select(group=API_GROUP)
        packages = {point.module.partition(".")[0] for point in points}
        if name == "targen-core":
            packages.add("targen_core")
        for path in (path for package in sorted(packages) for path in _files(package)):
            code = path.read_bytes()
            digest.update(f"\n{path.name} {len(code)}\n".encode() + code)
        known[name] = digest.hexdigest()
    return known[name]


def _files(package: str) -> Iterator[Path]:
    """Yield the files of a package, which may change while its version stays."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ImportError(package)
    if not spec.submodule_search_locations and spec.origin:
        yield Path(spec.origin)
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
                yield path
