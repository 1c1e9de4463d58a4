"""The journal of a run: every answered call, appended before anything uses it.

One record a line, `CRC32 JSON`, written with a single unbuffered write, so
that `kill -9` at any moment leaves whole records and at most one torn last
one. The journal is the run's memory: usage, money spent and every reply are
read back from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from targen_core.errors import CorruptJournal, WriteFailed
from targen_core.plain import open_plain

__all__ = ["Journal"]

_LINE = 64 << 20  # bytes: a reply is never so long

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Journal:
    """An append-only file of call records, readable by call key.

    Records that are there when it is opened are indexed by file offset; what
    is appended later is indexed only with `index_appends`, since a run asks
    for each key once.
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
            CorruptJournal: a record before the last does not read back, or
                `on_record` refuses one with a `ValueError`.
            WriteFailed: it cannot be opened, or is no plain file of its own.
        """
        self.path = path
        self.index_appends = False
        self.torn_bytes = 0
        self._offsets: dict[bytes, int] = {}
        self._read_only = read_only
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT | os.O_APPEND
        try:
            self._fd = open_plain(path, flags, alone=not read_only)
            self._end = self._load(on_record)
        except OSError as error:
            raise WriteFailed(f"cannot open {path}: {error.strerror}") from error

    def _load(self, on_record: Callable[[dict[str, Any]], None]) -> int:
        offset = 0
        with open(self._fd, "rb", closefd=False) as file:
            for number, line in enumerate(iter(partial(file.readline, _LINE), b""), 1):
                if not line.endswith(b"\n"):
                    self.torn_bytes = len(line)
                    if not self._read_only:
                        os.ftruncate(self._fd, offset)
                    break
                record = _decode(line)
                if record is None:
                    raise CorruptJournal(
                        f"{self.path}: record {number} (byte {offset}) is damaged",
                        hint="restore the file from a copy, or delete the run directory and start "
                        "again: replies in the cache are not paid for twice",
                    )
                try:
                    if "key" in record:
                        self._offsets[bytes.fromhex(record["key"])] = offset
                    on_record(record)
                except (TypeError, ValueError) as error:
                    raise CorruptJournal(
                        f"{self.path}: record {number} (byte {offset}) is none of a run's: {error}",
                        hint="if the run came from somebody else, do not trust it",
                    ) from error
                offset += len(line)
        return offset

    def __len__(self) -> int:
        return len(self._offsets)

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The record of a call, or None.

        Raises:
            CorruptJournal: the file changed under the run.
        """
        offset = self._offsets.get(key)
        if offset is None:
            return None
        line = b""
        while not line.endswith(b"\n"):
            part = os.pread(self._fd, 8192, offset + len(line))
            if not part:
                break
            line = (line + part).split(b"\n", 1)[0] + (b"\n" if b"\n" in part else b"")
        record = _decode(line)
        if record is None or record.get("key") != key.hex():
            raise CorruptJournal(f"{self.path}: the record at byte {offset} changed while in use")
        return record

    def append(self, record: dict[str, Any]) -> None:
        """Write one record; it is safe from a kill when this returns.

        Raises:
            WriteFailed: nothing of the record stays in the file.
        """
        body = _encode(record).encode("utf-8", "surrogatepass")
        line = b"%08x %s\n" % (crc32(body), body)
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            os.ftruncate(self._fd, self._end)
            raise WriteFailed(
                f"cannot write {self.path}: {error.strerror}",
                hint="free some space, then resume the run: nothing that was paid for is lost "
                "but the calls in flight",
            ) from error
        if self.index_appends and "key" in record:
            self._offsets[bytes.fromhex(record["key"])] = self._end
        self._end += len(line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _decode(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None where its check sum or form is wrong."""
    try:
        if int(line[:8], 16) != crc32(line[9:-1]) or line[8:9] != b" ":
            return None
        record = json.loads(line[9:-1])
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
