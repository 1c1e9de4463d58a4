"""The journal of a run: every answered call, appended before anything uses it.

One record per line, `CRC32 JSON`, written with a single unbuffered write. So `kill -9` at any
moment leaves whole records and at most one torn last one. The journal is the run's memory: usage,
money spent and every reply are read back from it.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from pydantic_core import to_json

from targen_core.errors import RunDirectoryError, WriteFailed
from targen_core.plain import open_plain, read_at, way_out, write_failed
from targen_core.reading.lines import LINE

if TYPE_CHECKING:  # only a resumed run needs it here
    import numpy as np
    from numpy.typing import NDArray

Mark = tuple[int, int]
"""A place in a file that only grows: bytes before it, and the CRC32 of them."""

_CHUNK = 1 << 20
_LATELY = 2_000  # calls whose replies a killed process may not have brought to the cache
_END = ord("\n")
_KEYED = b'{"key":"'  # how the record of a call begins
_KEY = slice(17, 49)  # where its key is in its line
_to_disk = getattr(os, "fdatasync", os.fsync)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _Offsets:
    """Where the records of keys are: in 20 bytes each, where a dictionary takes 190.

    Keys that begin alike are in one string: what else there is of each, and its offset.
    """

    _BEGUN, _KEY, _SIZE = 2, 16, 20  # bytes: what is alike, a key, and an entry

    def __init__(self) -> None:
        self._alike: defaultdict[bytes, bytearray] = defaultdict(bytearray)
        self.last = deque[bytes](maxlen=_LATELY)  # keys
        self.count = 0

    def put(self, key: bytes, offset: int) -> None:
        """Note the offset of a key's record; the last one counts."""
        if len(key) != self._KEY:
            return  # no key that can be asked for
        self._alike[key[: self._BEGUN]] += key[self._BEGUN :] + offset.to_bytes(6, "big")
        self.last.append(key)
        self.count += 1

    def put_all(self, keys: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        """Note many, as `put` does one at a time: a key's bytes are a line of `keys`."""
        import numpy as np

        alike = keys[:, : self._BEGUN].copy().view(">u2").ravel()
        order = np.argsort(alike, kind="stable")  # of a key's records, the last one counts
        alike = alike[order]
        rests = keys[order, self._BEGUN :], offsets[order].astype(">i8").view(np.uint8)
        entries = np.hstack([rests[0], rests[1].reshape(-1, 8)[:, 2:]]).tobytes()
        first = np.flatnonzero(np.diff(alike, prepend=alike[:1] ^ 1))
        cuts = [*(first * self._SIZE).tolist(), len(entries)]
        for begun, start, stop in zip(alike[first].tolist(), cuts, cuts[1:], strict=False):
            self._alike[begun.to_bytes(self._BEGUN, "big")] += entries[start:stop]
        self.last += map(bytes, keys[-_LATELY:])
        self.count += len(keys)

    def get(self, key: bytes) -> int | None:
        """Return the offset; None for an unknown key."""
        alike = self._alike.get(key[: self._BEGUN], b"")
        rest, end = key[self._BEGUN :], len(alike)
        while (at := alike.rfind(rest, 0, end)) >= 0:
            if at % self._SIZE == 0:
                return int.from_bytes(alike[at + len(rest) : at + self._SIZE], "big")
            end = at + len(rest) - 1
        return None


class Journal:
    """An append-only file of call records, readable by call key.

    Existing records are indexed by file offset when it is opened. Appended records are indexed only
    with `index_appends`, since a run asks for each key once.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_record: Callable[[dict[str, Any]], None],
        read_only: bool = False,
        known: Mark = (0, 0),
        indexed: bool = True,
    ) -> None:
        """Open or create the file and hand every whole record to `on_record`.

        With `read_only` a torn last record is passed over, not cut off. Records before the mark
        `known`, for which `holds` must have been true, are indexed and not handed over. Without
        `indexed` records cannot be looked up.

        Raises:
            RunDirectoryError: a record before the last cannot be read back, or
                `on_record` refuses one with a `ValueError`.
            WriteFailed: it cannot be opened, or is not a regular file of its own.
        """
        self.path = path
        self.index_appends = False
        self.torn_bytes = 0
        self._torn: OSError | None = None  # why half a record is at the end
        self._offsets = _Offsets()
        self._indexed = indexed
        self._end = self._crc = 0
        self._read_only = read_only
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT | os.O_APPEND
        try:
            self._fd = open_plain(path, flags, alone=not read_only)
            if indexed:
                self._index(known)
            self._end, self._crc = known
            self._load(on_record)
        except OSError as error:
            raise WriteFailed(f"cannot open {path}: {error.strerror}") from error

    @property
    def mark(self) -> Mark:
        """Where the journal ends, and the check sum of all that it holds."""
        return self._end, self._crc

    def reindex(self) -> None:
        """Find what was appended by key as well, from now on."""
        self.index_appends = True
        self._offsets = _Offsets()
        self._index(self.mark)

    def _index(self, mark: Mark) -> None:
        """Note where the records before a mark are; they read back, so they are not parsed."""
        if not mark[0]:
            return
        import numpy as np

        digits = np.full(256, 16, np.uint8)  # 16: no digit
        digits[[*b"0123456789abcdef"]] = range(16)
        keys, offsets, offset, size = [], [], 0, _CHUNK
        while part := read_at(self._fd, min(size, mark[0] - offset), offset):
            end = part.rfind(b"\n") + 1
            if not end and size < LINE:
                size = LINE
                continue
            part = part[: end or len(part)]
            data = np.frombuffer(part, np.uint8)
            ends = np.flatnonzero(data == _END)
            starts = np.append(0, ends[:-1] + 1)[: len(ends)]
            starts = starts[ends - starts >= _KEY.stop]
            begun = data[starts[:, None] + np.arange(9, _KEY.stop)]
            read = digits[begun[:, len(_KEYED) :]]
            keyed = (begun[:, : len(_KEYED)] == [*_KEYED]).all(1) & (read < 16).all(1)
            read = read[keyed]
            keys.append(read[:, ::2] << 4 | read[:, 1::2])
            offsets.append(starts[keyed] + offset)
            offset += len(part)
        if keys:
            self._offsets.put_all(np.concatenate(keys), np.concatenate(offsets))

    def _load(self, on_record: Callable[[dict[str, Any]], None]) -> None:
        """Read the records behind `_end`."""
        offset, crc = self._end, self._crc
        with open(self._fd, "rb", closefd=False) as file:
            file.seek(offset)
            for number, line in enumerate(iter(partial(file.readline, LINE), b""), 1):
                is_whole = line.endswith(b"\n")
                if not is_whole and len(line) < LINE:  # more records may follow a longer one
                    self.torn_bytes = len(line)
                    if not self._read_only:
                        os.ftruncate(self._fd, offset)
                    break
                record = decode(line)
                if record is None:
                    after = f" after byte {self._end}" if self._end else ""
                    how = "damaged" if is_whole else f"longer than {LINE >> 20} MiB"
                    raise RunDirectoryError(
                        f"{self.path}: record {number}{after} (at byte {offset}) is {how}",
                        hint="restore the file from a backup, or delete the run directory and "
                        "start again; cached replies are not paid for twice",
                    )
                try:
                    key = bytes.fromhex(record["key"]) if "key" in record else None
                    if self._indexed and key is not None:
                        self._offsets.put(key, offset)
                    on_record(record)
                except (TypeError, ValueError) as error:
                    raise RunDirectoryError(
                        f"{self.path}: record {number} (at byte {offset}) is not a valid record: "
                        f"{error}",
                        hint="if the run came from someone else, do not trust it",
                    ) from error
                offset += len(line)
                crc = crc32(line, crc)
        self._end, self._crc = offset, crc

    def __len__(self) -> int:
        return self._offsets.count

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
        """Return the keys of the last calls that are indexed, the latest first."""
        return [*reversed(self._offsets.last)]

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
            WriteFailed: the file keeps no part of the record.
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
            raise WriteFailed(
                f"cannot write {self.path}: {error.strerror}",
                hint=f"{way_out(error)}; only the calls in flight are lost",
            ) from error
        if self.index_appends and "key" in record:
            self._offsets.put(bytes.fromhex(record["key"]), self._end)
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
            WriteFailed: the disk does not take them.
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


def check_sum(fd: int, size: int, since: Mark = (0, 0)) -> int | None:
    """Return the CRC32 of a file's first bytes; None if it has fewer. Those `since` are known."""
    at, crc = since
    while at < size:
        part = read_at(fd, min(size - at, _CHUNK), at)
        if not part:
            return None
        crc = crc32(part, crc)
        at += len(part)
    return crc


def holds(path: Path, mark: Mark, since: Mark = (0, 0)) -> bool:
    """Return whether a file's first bytes are those that an earlier process saw.

    `since` is a mark before it that holds.
    """
    try:
        fd = open_plain(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return check_sum(fd, mark[0], since) == mark[1]
    finally:
        os.close(fd)


def key_of(line: bytes) -> bytes:
    """Return the key in the record of a call, without reading the record; b"" for other records."""
    return line[_KEY] if line.startswith(_KEYED, 9) else b""


def decode(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if its check sum or form is wrong."""
    try:
        record = json.loads(unchecked(line[:-1]))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
