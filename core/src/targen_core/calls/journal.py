"""The journal of a run: each call before it is sent, and each answer before anything uses it.

One record per line, `CRC32 JSON`, written with a single unbuffered write. So `kill -9` at any
moment leaves whole records and at most one torn last one. The journal is the run's memory: usage,
money spent and every reply are read back from it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

from pydantic_core import from_json, to_json

from targen_core.errors import RunDirectoryError
from targen_core.plain import open_plain, read_at, way_out, write_failed
from targen_core.reading.lines import LINE

Mark = tuple[int, int]
"""A place in a file that only grows: bytes before it, and the CRC32 of them."""

_CHUNK = 1 << 20
_LATELY = 2_000  # calls
_KEYED = b'{"key":"'  # how the record of a call begins
_KEY = slice(17, 49)  # where its key is in its line
_to_disk = getattr(os, "fdatasync", os.fsync)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Journal:
    """An append-only file of records: calls that are sent, and what came of them.

    Replies are found by the key of their call; only the last one of a key counts.

    Attributes:
        torn_bytes: the length of a torn last record, which is cut off.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_record: Callable[[dict[str, Any]], None],
        read_only: bool = False,
    ) -> None:
        """Open or create the file and hand every whole record to `on_record`.

        With `read_only` a torn last record is passed over, not cut off.

        Raises:
            RunDirectoryError: a record before the last cannot be read back, or
                `on_record` refuses one with a `ValueError`.
            RunDirectoryError: it cannot be opened, or is not a regular file of its own.
        """
        self.path = path
        self.torn_bytes = 0
        self._torn: OSError | None = None  # why half a record is at the end
        self._offsets: dict[bytes, int] = {}
        self._end = self._crc = 0
        self._read_only = read_only
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT | os.O_APPEND
        try:
            self._fd = open_plain(path, flags, alone=not read_only)
            self._load(on_record)
        except OSError as error:
            raise RunDirectoryError(f"cannot open {path}: {error.strerror}") from error

    @property
    def mark(self) -> Mark:
        """Where the journal ends, and the check sum of all that it holds."""
        return self._end, self._crc

    def holds(self, mark: Mark) -> bool:
        """Return whether its first bytes are those that an earlier process saw."""
        return check_sum(self._fd, mark[0]) == mark[1]

    def _load(self, on_record: Callable[[dict[str, Any]], None]) -> None:
        """Index all records, and hand them over."""
        with open(self._fd, "rb", closefd=False) as file:
            for number, line in enumerate(iter(partial(file.readline, LINE), b""), 1):
                is_whole = line.endswith(b"\n")
                if not is_whole and len(line) < LINE:  # more records may follow a longer one
                    self.torn_bytes = len(line)
                    if not self._read_only:
                        os.ftruncate(self._fd, self._end)
                    break
                self._hand_over(on_record, line, f"record {number} (at byte {self._end})")
                if key := key_of(line):
                    self._index(key.decode(errors="replace"), self._end)
                self._end += len(line)
                self._crc = crc32(line, self._crc)

    def _index(self, key: str, offset: int) -> None:
        with contextlib.suppress(ValueError):  # no key that can be asked for
            self._offsets[bytes.fromhex(key)] = offset

    def _hand_over(
        self, on_record: Callable[[dict[str, Any]], None], line: bytes, where: str
    ) -> None:
        record = decode(line)
        if record is None:
            how = "damaged" if line.endswith(b"\n") else f"longer than {LINE >> 20} MiB"
            raise RunDirectoryError(
                f"{self.path}: {where} is {how}",
                hint="restore the file from a backup, or delete the run directory and "
                "start again; cached replies are not paid for twice",
            )
        try:
            on_record(record)
            bytes.fromhex(record.get("key", ""))  # raises an error for a key that no call has
        except (TypeError, ValueError) as error:
            raise RunDirectoryError(
                f"{self.path}: {where} is not a valid record: {error}",
                hint="if the run came from someone else, do not trust it",
            ) from error

    def __len__(self) -> int:
        return len(self._offsets)

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The record of a call, or None.

        Raises:
            RunDirectoryError: the file changed under the run.
        """
        offset = self._offsets.get(key)
        if offset is None:
            return None
        line = b""
        while not line.endswith(b"\n"):
            part = read_at(self._fd, 8192, offset + len(line))
            if not part:
                break
            line = (line + part).split(b"\n", 1)[0] + (b"\n" if b"\n" in part else b"")
        record = decode(line)
        if record is None or record.get("key") != key.hex():
            raise RunDirectoryError(
                f"{self.path}: the record at byte {offset} changed while in use"
            )
        return record

    @property
    def last_keys(self) -> list[bytes]:
        """Return the keys of the last calls, whose replies a cache may not have."""
        return [*islice(reversed(self._offsets), _LATELY)]

    def last_at(self, place: str) -> dict[str, Any] | None:
        """Return the last attempt at a place, or None; reads the whole file.

        A step may ask side by side, and its replies are in the order in which they came. So the
        longest prompt tells: a repair repeats the reply that could not be read.
        """
        found, there = dict[str, dict[str, Any]](), b'"place":' + compact(place)
        with open(self._fd, "rb", closefd=False) as file:
            file.seek(0)
            for line in iter(partial(file.readline, LINE), b""):
                if there in line and "key" in (record := decode(line) or {}):  # or it was lost
                    found[record["key"]] = record
        return max(found.values(), key=lambda of: (of.get("in") or 0, of["key"]), default=None)

    def append(self, record: dict[str, Any]) -> None:
        """Write one record; it is safe from a kill when this returns, see also `sync`.

        Raises:
            RunDirectoryError: the file keeps no part of the record.
        """
        body = compact(record)
        line = checked(body) + b"\n"
        try:
            if self._torn:
                raise self._torn
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._cut()
            raise RunDirectoryError(
                f"cannot write {self.path}: {error.strerror}",
                hint=f"{way_out(error)}; only the calls in flight are lost",
            ) from error
        if "key" in record:
            self._index(record["key"], self._end)
        self._end += len(line)
        self._crc = crc32(line, self._crc)

    def _cut(self) -> None:
        """Remove half a record; if even that fails, refuse further records."""
        try:
            os.ftruncate(self._fd, self._end)
        except OSError as error:
            self._torn = error

    def sync(self) -> None:
        """Have all records on the disk, so that they are safe from a power cut.

        Raises:
            RunDirectoryError: the disk does not take them.
        """
        try:
            _to_disk(self._fd)
        except OSError as error:
            raise write_failed(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def compact(value: Any) -> bytes:
    """A value as JSON without spaces."""
    try:
        return to_json(value)  # in a quarter of the time of `json`
    except ValueError:  # half of a surrogate pair
        return _encode(value).encode("utf-8", "surrogatepass")


def checked(body: bytes) -> bytes:
    """A record behind its check sum: `CRC32 JSON`."""
    return b"%08x %s" % (crc32(body), body)


def unchecked(record: bytes) -> bytes:
    """Return a record without its check sum.

    Raises:
        ValueError: it has another, or none.
    """
    if int(record[:8], 16) != crc32(record[9:]) or record[8:9] != b" ":
        raise ValueError("its checksum does not match")
    return record[9:]


def check_sum(fd: int, size: int) -> int | None:
    """Return the CRC32 of a file's first bytes; None if it has fewer."""
    at = crc = 0
    while at < size:
        part = read_at(fd, min(size - at, _CHUNK), at)
        if not part:
            return None
        crc = crc32(part, crc)
        at += len(part)
    return crc


def key_of(line: bytes) -> bytes:
    """Return the key in the record of a call, without reading the record; b"" for other records."""
    return line[_KEY] if line.startswith(_KEYED, 9) else b""


def decode(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if its check sum or form is wrong."""
    try:
        body = unchecked(line[:-1])
        try:
            record = from_json(body)  # in a third of the time of `json`
        except ValueError:  # half of a surrogate pair
            record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
