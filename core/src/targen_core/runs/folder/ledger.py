"""The ledger: every verdict of a run, so that a resumed one need not judge again.

It only improves speed: repeating the run from its journal gives the same contents. A ledger that is
missing, torn, or of other code or files costs only time.

The file holds frames, each written with one unbuffered write. A frame has the sizes of its two
parts and a CRC32 over them (12 bytes, little-endian), a JSON value, and its bytes. The first frame
names the owner of the ledger. Then come targets, verdicts, results of lists and, now and then, the
sums of the calls. Each records the length of the journal at that time, with its check sum. Verdicts
and targets also record the lengths of the outputs.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO, get_args
from zlib import crc32

from targen_core.calls.journal import Mark
from targen_core.engine.events import Commit, Contradicted, Grown, Ledger, Target, Verdict
from targen_core.plain import open_plain, write_failed
from targen_core.reading.lines import json_line

FORMAT = 1

_HEAD = Struct("<III")
_LARGEST = 1 << 24  # bytes of a part; far more than a run ever writes
_BLOCK = 1 << 18  # bytes that are read at once
_SUMS_EVERY = 1000  # commits
_SUMS, _LIST, _TARGET = b'["sums"', b'["list"', b'["target"'
_ASIDE = (_SUMS, _LIST)
_FILES = 4  # journal, dataset, provenance and rejects
_VERDICTS = get_args(Verdict)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode

_Marks = tuple[Mark, ...]
_Frame = tuple[bytes, bytes, int]


@dataclass(frozen=True, slots=True)
class Past:
    """A run's history from its ledger: see the attributes of `LedgerFile`, and its verdicts.

    `commits` raises `Contradicted` if a verdict does not read.
    """

    marks: _Marks
    sums: tuple[Mark, Mapping[str, Any]] | None
    commits: Iterator[Commit]


class LedgerFile(Ledger):
    """A run's ledger: read from its start, and appended to behind its end.

    Attributes:
        marks: lengths of journal, dataset, provenance and rejects at the last verdict or target,
            if there was one.
        sums: how far the journal went when the sums of the calls were written
            down last, and these sums.
        outlasts_journal: whether the journal has lost records that a verdict depends on.
    """

    def __init__(self, path: Path, digest: str, solid: Sequence[int] | None = None) -> None:
        """Open or create the file; what does not belong to `digest` is dropped.

        Frames beyond the `solid` bytes of journal, dataset, provenance and rejects are also
        dropped: a power failure loses the end of some files.

        Raises:
            RunDirectoryError: it cannot be opened.
        """
        self.path = path
        self.marks: _Marks | None = None
        self.sums: tuple[Mark, Mapping[str, Any]] | None = None
        self.outlasts_journal = False
        self._blank = False  # whether it existed without content, as after a power cut
        self._first = {"format": FORMAT, "digest": digest}
        self._where: Callable[[], _Marks] = tuple
        self._snapshot: Callable[[], Mapping[str, Any]] = dict
        self._since_sums = 0
        self._grown: dict[str, Grown] = {}
        was_there = path.exists()  # if somebody deleted it, it cannot show what was lost
        try:
            self._fd = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, alone=True)
            # Not a copy of the descriptor: that would share its place in the file.
            self._file: BinaryIO = os.fdopen(open_plain(path, os.O_RDONLY), "rb")
        except OSError as error:
            raise write_failed(path, error, "open") from error
        self._end = self._left = 0
        self._frames: Iterator[_Frame] = iter(())
        self._next: _Frame | None = None
        try:
            self._scan(solid)
            self._blank = self._blank and was_there
        except OSError as error:
            raise write_failed(path, error) from error

    def _scan(self, solid: Sequence[int] | None) -> None:
        """Find the end of what is whole and has its bytes, and what was true there."""
        scanned = _scan(self._file)
        if scanned and solid and not _fits(scanned.marks, solid):
            self.outlasts_journal = scanned.first == self._first and scanned.marks[0][0] > solid[0]
            end = _fitting(self._file, scanned, solid)
            os.ftruncate(self._fd, end)
            self._file.seek(0, os.SEEK_END)  # drops what was read ahead
            scanned = _scan(self._file)
        if scanned is None or scanned.first != self._first:
            self._blank = scanned is None and _owner(self._file) in (None, self._first)
            self.forget()
            return
        os.ftruncate(self._fd, scanned.end)
        self._end, self.marks, self.sums = scanned.end, scanned.marks, scanned.sums
        self._file.seek(scanned.behind)
        self._frames = _frames(self._file, scanned.end, checked=True)
        self._left = scanned.count
        try:
            self._advance()
        except Contradicted:
            self.forget()

    @property
    def settled(self) -> _Marks | None:
        """Return the lengths of the outputs at the last verdict or target; None if unknown."""
        if self.marks is not None:
            return self.marks[1:]
        return ((0, 0),) * (_FILES - 1) if self._blank else None

    def start(self, where: Callable[[], _Marks], snapshot: Callable[[], Mapping[str, Any]]) -> None:
        """Say what tells how far journal and outputs are, and the sums of the calls."""
        self._where = where
        self._snapshot = snapshot

    def forget(self) -> None:
        """Empty the ledger, without adopting earlier verdicts."""
        os.ftruncate(self._fd, 0)
        self._end = self._left = 0
        self._next = self.marks = self.sums = None
        self._grown = {}
        self._append(self._first)

    # --- the engine's side ---

    @property
    def pending(self) -> bool:
        """See `Ledger.pending`."""
        return self._next is not None

    def aim(self, target: Target) -> None:
        """See `Ledger.aim`."""
        asked = {**asdict(target), "quotas": dict(target.quotas)}
        if self._next is None:
            self.marks = self._where()
            self._append(["target", asked, self.marks])
            return
        value = _read(self._next[0])
        if not isinstance(value, list) or value[:2] != ["target", asked]:
            raise Contradicted
        self._advance()

    def recall(self, candidate: str) -> Commit:
        """See `Ledger.recall`."""
        assert self._next is not None
        commit = _commit(*self._next[:2])
        if commit.id != candidate:
            raise Contradicted
        self._advance()
        return commit

    def keep(self, commit: Commit) -> None:
        """See `Ledger.keep`."""
        self.marks = self._where()
        self._append(
            [
                commit.id,
                commit.verdict,
                commit.quota,
                commit.corrected,
                commit.ending,
                commit.stage,
                commit.reason,
                commit.rows,
                commit.calls,
                self.marks,
            ],
            commit.entry,
        )
        self._since_sums += 1
        if self._since_sums >= _SUMS_EVERY:
            self._since_sums = 0
            self._append(["sums", self._snapshot(), self.marks[:1]])

    def grown(self, place: str) -> Grown | None:
        """See `Ledger.grown`."""
        return self._grown.pop(place, None)

    def keep_grown(self, place: str, grown: Grown) -> None:
        """See `Ledger.keep_grown`."""
        refused = [[number, *why] for number, why in grown.refused.items()]
        self._append(
            ["list", place, grown.items, grown.keys, refused, grown.failed, self._where()[:1]]
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        os.close(self._fd)

    def _advance(self) -> None:
        """Go to the next frame that the engine asks for; note lists on the way.

        A list comes before the verdicts on its items, so those that are not used yet are few.

        Raises:
            Contradicted: a list does not read, or the file changed since it was read to its end.
        """
        self._next = None
        for frame in self._frames:
            if not frame[0].startswith(_ASIDE):
                self._next = frame
                break
            if frame[0].startswith(_LIST):
                self._note_list(frame[0])
        if (self._next is None) != (self._left == 0):
            raise Contradicted
        self._left -= self._next is not None

    def _note_list(self, text: bytes) -> None:
        try:
            _, place, *parts, _ = _read(text)
            self._grown[place] = _grown(*parts)
        except (ValueError, TypeError) as error:
            raise Contradicted from error

    def _append(self, value: Any, data: bytes = b"") -> None:
        text = _encode(value).encode()
        frame = _HEAD.pack(len(text), len(data), crc32(data, crc32(text))) + text + data
        try:
            if os.write(self._fd, frame) != len(frame):
                raise OSError(28, "No space left on device")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise write_failed(self.path, error) from error
        self._end += len(frame)


@contextlib.contextmanager
def read_past(path: Path) -> Iterator[Past | None]:
    """Yield a run's history from its ledger, even while it runs; None if it is unreadable."""
    try:
        fd = open_plain(path, os.O_RDONLY)
    except OSError:
        yield None
        return
    with os.fdopen(fd, "rb") as file:
        scanned = _scan(file)
        if scanned is None or scanned.first.get("format") != FORMAT:
            yield None
            return
        file.seek(scanned.behind)
        yield Past(scanned.marks, scanned.sums, _commits(file, scanned.end))


def _commits(file: BinaryIO, end: int) -> Iterator[Commit]:
    for text, entry, _ in _frames(file, end):  # others were written since
        if not text.startswith((*_ASIDE, _TARGET)):
            yield _commit(text, entry)


@dataclass(frozen=True, slots=True)
class _Found:
    """Contents up to `end`: `count` verdicts and targets; the first frame ends at `behind`."""

    first: dict[str, Any]
    behind: int
    end: int
    count: int
    marks: _Marks
    sums: tuple[Mark, Mapping[str, Any]] | None


def _scan(file: BinaryIO) -> _Found | None:
    """Read a ledger to its end; None if it has no verdict and no target."""
    file.seek(0)
    frames = _frames(file)
    text, _, behind = next(frames, (b"", b"", 0))
    first = _read(text)
    last, sums, end, count = b"", b"", behind, 0
    for text, _, at in frames:
        end = at
        if text.startswith(_SUMS):
            sums = text
        elif not text.startswith(_LIST):
            last = text
            count += 1
    try:
        marks = (_mark(_read(text)[-1][0]), *map(_mark, _read(last)[-1][1:]))
        if len(marks) != _FILES or type(first) is not dict:
            return None
        summed = None
        if sums:
            _, counts, (mark,) = _read(sums)
            summed = _mark(mark), counts
    except (ValueError, TypeError, IndexError, KeyError):
        return None
    return _Found(first, behind, end, count, marks, summed)


def _owner(file: BinaryIO) -> Any:
    """Return the owner in the first frame; None if there is no frame."""
    file.seek(0)
    text, _, _ = next(_frames(file), (b"", b"", 0))
    return _read(text)


def _fits(marks: _Marks, solid: Sequence[int]) -> bool:
    """Return whether files of these sizes still hold everything up to these marks."""
    return all(at <= size for (at, _), size in zip(marks, solid, strict=False))


def _fitting(file: BinaryIO, scanned: _Found, solid: Sequence[int]) -> int:
    """Return the end of the last frame that does not refer to anything beyond `solid`."""
    file.seek(scanned.behind)
    end = scanned.behind
    for text, _, at in _frames(file):
        try:
            marks = tuple(map(_mark, _read(text)[-1]))
        except (ValueError, TypeError, IndexError):
            break
        if not _fits(marks, solid):
            break
        end = at
    return end


def _frames(file: BinaryIO, upto: float = math.inf, *, checked: bool = False) -> Iterator[_Frame]:
    """The whole frames behind a place, up to the first that is not: JSON, bytes, where they end.

    If this process has `checked` the file and holds its lock, the check sums are not checked again.
    """
    before, block, at = file.tell(), b"", 0  # a block's frames are not read one by one
    while before + at < upto:
        begun = end = at + _HEAD.size
        if begun <= len(block):
            size, more, crc = _HEAD.unpack_from(block, at)
            if not 0 < size <= _LARGEST or more > _LARGEST:  # 0: of zeros in place of what was lost
                return
            end += size + more
            if end <= len(block):
                text, data = block[begun : begun + size], block[begun + size : end]
                if not checked and crc32(data, crc32(text)) != crc:
                    return
                at = end
                yield text, data, before + end
                continue
        if not (further := file.read(max(_BLOCK, end - len(block)))):
            return
        before, block, at = before + at, block[at:] + further, 0


def _read(text: bytes) -> Any:
    try:
        return json_line(text)
    except ValueError:
        return None


def _mark(value: Any) -> Mark:
    """A mark as a frame holds it.

    Raises:
        ValueError or TypeError: it holds none.
    """
    at, crc = value
    if type(at) is not int or type(crc) is not int or at < 0:
        raise ValueError(value)
    return at, crc


def _grown(items: Any, keys: Any, refused: Any, failed: Any) -> Grown:
    """A list batch as a frame holds it.

    Raises:
        ValueError or TypeError: it holds none.
    """
    if not (items is None or type(items) is list):
        raise TypeError(items)
    why = {int(number): (str(word), str(words)) for number, word, words in refused}
    word, words = failed or ("", "")
    return Grown(items, tuple(map(str, keys)), why, (str(word), str(words)) if failed else None)


def _commit(text: bytes, entry: bytes) -> Commit:
    """A verdict as a frame holds it.

    Raises:
        Contradicted: it holds none.
    """
    begun, end = text.find(b'",', 2), text.rfind(b",[[")
    candidate, fared = text[2:begun], text[begun + 2 : end]
    if not text.startswith(b'["') or not 0 <= begun < end:
        raise Contradicted
    if b"\\" not in candidate:
        return Commit(candidate.decode("ascii", "replace"), *_fared(fared), entry)
    value = _read(text)  # its branch has a name with quotes, or letters that JSON escapes
    if type(value) is not list or len(value) != 10:
        raise Contradicted
    return Commit(value[0], *_fared(_encode(value[1:9]).encode()[1:-1]), entry)


@lru_cache(1 << 12)
def _fared(text: bytes) -> tuple[Verdict, str, str | None, str | None, str, str, int, int]:
    """A verdict as a frame holds it, without its candidate; most are alike, and read once.

    Raises:
        Contradicted: it holds none.
    """
    value = _read(b"[" + text + b"]")
    if type(value) is not list or len(value) != 8:
        raise Contradicted
    verdict, quota, corrected, ending, stage, reason, rows, calls = value
    for word in (quota, stage, reason, corrected or "", ending or ""):
        if type(word) is not str:
            raise Contradicted
    if verdict not in _VERDICTS or type(rows) is not int or type(calls) is not int:
        raise Contradicted
    if rows < 0 or calls < 0:
        raise Contradicted
    return verdict, quota, corrected, ending, stage, reason, rows, calls
