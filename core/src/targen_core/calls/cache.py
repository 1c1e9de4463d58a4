"""The cache of replies that runs share, on diskcache.

Values are only bytes: diskcache would pickle other types and, worse, unpickle any row marked as
such, even a stranger's. The disk class here refuses both, so a cache folder that somebody else can
write to holds at worst wrong text, never code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

from diskcache import Cache, Disk, Timeout
from diskcache.core import DBNAME

from targen_core.folders import CACHE_VARIABLE

_log = logging.getLogger("targen.cache")
_RAW = 1  # diskcache's mode for a value stored in the row itself
_GATHER = 0.25  # seconds of replies that are written together
_OPENING = 1.0  # seconds to wait for a cache that another process has locked
_TIMEOUT = 0.25  # the same for a read or a batch, since the run's calls wait as well
_TRIES = 5  # batches that may time out one after the other
_OWN = f"; if the folder is another user's, set {CACHE_VARIABLE} to a folder of your own"


class BytesDisk(Disk):  # type: ignore[misc]
    """A disk of bytes: refuses to pickle and to un-pickle."""

    def put(self, key: Any) -> tuple[Any, bool]:
        """Accept a `bytes` key."""
        if type(key) is not bytes:
            raise TypeError("cache keys must be bytes")
        return sqlite3.Binary(key), True

    def get(self, key: Any, raw: bool) -> Any:
        """Give back a raw key; anything else was not written by us."""
        if not raw:
            raise ValueError("the reply cache contains a pickled key, which targen does not load")
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, Any]:
        """Accept a `bytes` value, kept in the row."""
        if type(value) is not bytes or read:
            raise TypeError("cache values must be bytes")
        return len(value), _RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        """Give back a raw value; other modes read files or un-pickle."""
        if mode != _RAW or filename is not None or read or not isinstance(value, bytes):
            raise ValueError("the reply cache contains a value that targen did not write")
        return value


class ReplyCache:
    """Replies by call key. Reads are direct; writes are gathered into batches.

    The run's own thread writes them. Another thread would give up the interpreter's lock at each
    statement and take it back, which costs several times as much as the writing.

    A run relies on its journal. If the cache fails, the rest of the run does without it, with a
    warning.
    """

    def __init__(self, folder: Path, *, size_limit: int = 8 << 30) -> None:
        """Open the cache in `folder`, at most `size_limit` bytes large."""
        self._cache: Cache | None = None
        self._waiting: list[tuple[bytes, bytes | None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timeouts = 0  # since a batch was written
        self._has_grown = False
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _require_unlocked(folder / DBNAME)
            # Not looked through at each write for what has to go, but once, by `close`.
            self._cache = Cache(
                str(folder),
                timeout=_TIMEOUT,
                disk=BytesDisk,
                size_limit=size_limit,
                cull_limit=0,
            )
        except Exception as error:
            self._give_up(error, own="" if _is_usable(folder) else _OWN)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        if self._cache is None:
            return None
        try:
            value = self._cache.get(key)
        except Exception as error:
            self._give_up(error)
            return None
        return value if isinstance(value, bytes) else None

    def put(self, key: bytes, value: bytes | None) -> None:
        """Write later, in a batch with others; with None, delete."""
        if self._cache is None:
            return
        self._waiting.append((key, value))
        if self._timer is None:
            with contextlib.suppress(RuntimeError):  # without a loop, `close` writes
                self._timer = asyncio.get_running_loop().call_later(_GATHER, self._write)

    def forget(self, key: bytes) -> None:
        """Delete later, after all earlier writes."""
        self.put(key, None)

    def close(self) -> None:
        """Write the last batch, shrink the cache to its size limit, and close it."""
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            self._write()
        if self._cache is None:
            return
        try:
            if self._has_grown:
                self._cache.cull()  # what was written longest ago
        except Exception as error:
            self._give_up(error)
        else:
            self._cache.close()
            self._cache = None

    def _write(self) -> None:
        """Write the batch, or keep it for the next one if another process has locked the cache."""
        self._timer = None
        batch, self._waiting = self._waiting, []
        if self._cache is None:
            return
        try:
            with self._cache.transact():
                for key, value in batch:
                    if value is None:
                        self._cache.delete(key)
                    else:
                        self._cache.set(key, value)
            self._timeouts, self._has_grown = 0, True
        except Timeout as error:
            self._timeouts += 1
            if self._timeouts < _TRIES:
                self._waiting = batch
            else:
                self._give_up(error)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception, own: str = "") -> None:
        why = str(error) or "another process has locked it"
        _log.warning("running without the reply cache: %s%s", why, own)
        self._cache = None


def _is_usable(folder: Path) -> bool:
    """Return whether this user may read and write a cache; the error may not say that it is not."""
    there = (place for place in (folder, folder / DBNAME) if os.access(place, os.F_OK))
    return all(os.access(place, os.R_OK | os.W_OK) for place in there)


def _require_unlocked(database: Path) -> None:
    """Check that no other process holds the cache: diskcache would wait a minute to open it.

    Raises:
        OperationalError: one does.
    """
    if not database.exists():
        return
    with contextlib.closing(sqlite3.connect(database, timeout=_OPENING)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
