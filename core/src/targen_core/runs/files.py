"""Files of a run directory: appended by one process."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from targen_core.calls.journal import Mark, check_sum
from targen_core.errors import RunConflict, RunDirectoryError
from targen_core.plain import (
    content_of,
    kind_of,
    open_plain,
    read_at,
    read_plain,
    replace_plain,
    way_out,
    why_not,
    write_at,
    write_failed,
)
from targen_core.reading.values import json_of

SMALL = 64 << 20
"""Most bytes of a file that is read whole: manifest, report, card, declaration, given items."""

MAX_SECONDS = 10**9
"""Most seconds that a run is believed to have taken."""

MEMBERS = (
    ".lock",
    ".signatures",
    "manifest.json",
    "journal",
    "ledger",
    "dataset.jsonl",
    "provenance.jsonl",
    "rejects.jsonl",
    "report.json",
    "report.html",
    "README.md",
    "batches.jsonl",
    "pending.jsonl",
    "requests.jsonl",
    "kept.jsonl",
    "given-contexts.jsonl",
    "given-seeds.jsonl",
    "task.json",
    "task.py",
    "correction.json",
    "changes.jsonl",
    "weighing.json",
    "import.json",
)
"""The names of the files that runs, corrections, weighings and imports leave."""


def check_members(folder: Path, names: Iterable[str] = MEMBERS) -> None:
    """Check that what lies under a run's names in `folder` are plain files.

    Raises:
        RunDirectoryError: one is a link, a folder, a FIFO, a device or a socket.
    """
    for name in names:
        if kind := kind_of(folder / name):
            raise RunDirectoryError(
                f"{folder / name} is {kind}: a run directory may only contain regular files",
                hint="if the run came from someone else, do not trust it; otherwise replace it "
                "with the file itself",
            )


def read_json(path: Path) -> Any:
    """The JSON value of a small file of a run.

    Raises:
        FileNotFoundError: it is not there.
        RunDirectoryError: it is not a plain file, too large, not JSON, or nested too deeply.
    """
    try:
        data = read_plain(path, SMALL)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    try:
        return json_of(data)
    except ValueError as error:
        raise RunDirectoryError(
            f"{path} cannot be read: {error}",
            hint="restore it from a backup, or repeat the command that made it; cached replies are "
            "reused",
        ) from error


def require_format(whose: Path, value: Any, known: int) -> None:
    """Check that the value of a file with a format number has the one that this targen reads.

    `whose` is the folder or file that the error names.

    Raises:
        RunConflict: another version of targen wrote it.
    """
    found = value.get("format", known) if isinstance(value, dict) else known
    if found != known:
        raise RunConflict(
            f"{whose} was written by another version of targen (format {str(found)[:40]}; this "
            f"one reads {known})",
            hint="use the version of targen that wrote it",
        )


OUTPUTS = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
"""The outputs of a run, in its directory."""

_AWAY = f"{OUTPUTS[0]}, {OUTPUTS[1]} and {OUTPUTS[2]} away"

_BLOCK, _ZEROS = 1 << 16, 1 << 26
_encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


class ReplayedFile:
    """A jsonl file that a resumed run writes again from its start.

    Existing lines are compared, not rewritten: a resumed run repeats the same lines from its
    journal, and continues after them. So the file is never shorter than it was, and a run that
    would differ is stopped.
    """

    def __init__(self, path: Path) -> None:
        """Open or create `path`.

        Raises:
            RunDirectoryError: it cannot be opened, or is not a regular file of its own.
        """
        self.path = path
        try:
            self._fd = open_plain(path, os.O_RDWR | os.O_CREAT, alone=True)
        except OSError as error:
            raise write_failed(path, error, "open") from error
        self._there = _without_zeros(self._fd)
        self._at = self._crc = 0

    @property
    def mark(self) -> Mark:
        """Return the extent of what was written or found so far."""
        return self._at, self._crc

    def skip(self, mark: Mark, *, cut: bool) -> bool:
        """Go on behind what an earlier process wrote, if the file still begins with it.

        With `cut`, what comes after it goes.

        Raises:
            RunDirectoryError: it cannot be cut.
        """
        if check_sum(self._fd, mark[0]) != mark[1]:
            return False
        self._at, self._crc = mark
        if cut and self._at < self._there:
            try:
                os.ftruncate(self._fd, self._at)
            except OSError as error:
                raise write_failed(self.path, error) from error
            self._there = self._at
        return True

    @property
    def size(self) -> int:
        """Return the bytes that it had when it was opened, or has by now."""
        return self._there

    @property
    def replaying(self) -> bool:
        """Return whether some lines were not repeated yet."""
        return self._at < self._there

    def write(self, record: Mapping[str, Any], beside: ReplayedFile | None = None) -> None:
        """Write one line, or find it there.

        Every verdict is a line of this file or of the one `beside` it. While that one still has
        lines to repeat, a new line here is a verdict that differs from the recorded one.

        Raises:
            RunConflict: the file holds another line here, or the one beside it continues.
            RunDirectoryError: the file keeps no part of the line.
        """
        line = _encode(record).encode("utf-8", "backslashreplace") + b"\n"
        old = read_at(self._fd, len(line), self._at) if self.replaying else b""
        if old == line:
            self._went(line)
            return
        if not line.startswith(old) or (not old and beside is not None and beside.replaying):
            raise RunConflict(
                f"{self.path}: replaying the run produces different content at byte {self._at}",
                hint="a file was edited, the journal cut, or a plugin changed without a new "
                f"version; restore a backup, or move {_AWAY} and resume",
            )
        try:
            if write_at(self._fd, line, self._at) != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            with contextlib.suppress(OSError):  # else a resumed run writes over what is torn
                os.ftruncate(self._fd, self._at)
                self._there = self._at
            raise write_failed(self.path, error) from error
        self._went(line)
        self._there = max(self._there, self._at)

    def _went(self, line: bytes) -> None:
        self._at += len(line)
        self._crc = crc32(line, self._crc)

    def end(self) -> None:
        """End the file: the run is over, so no line may follow the last one.

        Raises:
            RunConflict: the file has further lines.
            RunDirectoryError: it does not get to the disk.
        """
        if self.replaying:
            raise RunConflict(
                f"{self.path} contains more than the run produces (from byte {self._at})",
                hint="the file was edited, or a plugin changed without a new version number; "
                f"move {_AWAY} and resume",
            )
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise write_failed(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _without_zeros(fd: int) -> int:
    """Return where a file ends without zeros, which a power failure may leave for its last writes.

    No more than the last megabytes are looked at.
    """
    end = size = os.fstat(fd).st_size
    while end and size - end < _ZEROS:
        start = max(0, end - _BLOCK)
        there = read_at(fd, end - start, start).rstrip(b"\0")
        if there:
            return start + len(there)
        end = start
    return end


def keep_copies(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a run directory, under the names that it has for them.

    Raises:
        UnreadableFile: one cannot be read.
        RunDirectoryError: one cannot be written.
    """
    for name, path in files.items():
        if path != (folder / name).absolute():
            _write(folder / name, content_of(path))


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file, or leave the old one; half of a surrogate pair is written escaped.

    Raises:
        RunDirectoryError: with the system's reason, or because the place holds more than a
            plain file.
    """
    _write(path, text.encode("utf-8", "backslashreplace"))


def _write(path: Path, data: bytes) -> None:
    try:
        replace_plain(path, data)
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write {path}: {why_not(path, error)}", hint=way_out(error)
        ) from error
