"""The cache of replies that runs share, on diskcache.

Values are only bytes: diskcache would pickle other types and, worse, unpickle any row marked as
such, even a stranger's. The disk class here refuses both, so a cache folder that somebody else can
write to holds at worst wrong text, never code.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diskcache import Cache, Disk, Timeout
from diskcache.core import DBNAME

from targen_core.plain import read_plain

_log = logging.getLogger("targen.cache")
_RAW = 1  # diskcache's mode for a value stored in the row itself
_GATHER = 0.25  # seconds of replies that are written together
_TIMEOUT = 1.0  # seconds for which a cache that another process has locked is waited for
_SECRET = 32  # bytes
_TRIES = 5  # of that time-out, for a batch


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
    """Replies by call key. Reads are direct; a thread writes in batches.

    The journal is what a run relies on: if the cache fails it is left out for the rest of the run,
        with a warning.
    """

    def __init__(self, folder: Path, *, size_limit: int = 8 << 30) -> None:
        """Open the cache in `folder`, at most `size_limit` bytes large."""
        self._cache: Cache | None = None
        self._queue: queue.SimpleQueue[tuple[bytes, bytes | None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._secret = b""
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
            self._secret = _secret(folder / "seal")
        except Exception as error:
            self._give_up(error)

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

    def seal(self, key: bytes, record: bytes) -> str:
        """Return a mark that only this cache can give to a journal record; "" if it cannot.

        A journal may come from somebody else, so its own claims prove nothing.
        """
        if self._cache is None or not self._secret:
            return ""
        return hmac.digest(self._secret, key + record, "sha256")[:16].hex()

    def put(self, key: bytes, value: bytes | None) -> None:
        """Write later, in a batch with others; with None, delete."""
        if self._cache is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="targen-cache", daemon=True)
            self._thread.start()
        self._queue.put((key, value))

    def forget(self, key: bytes) -> None:
        """Delete later, behind all that is to be written before."""
        self.put(key, None)

    def close(self) -> None:
        """Write what is waiting, keep to the size limit and close."""
        if self._thread is not None:
            self._closing.set()
            self._queue.put(None)
            self._thread.join()
            self._thread = None
            self._cull()
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _write(self) -> None:
        done = False
        while not done:
            batch = [self._queue.get()]
            # One waking for many replies: waking for each costs the run's own
            # thread more than writing it does.
            self._closing.wait(_GATHER)
            while not self._queue.empty():
                batch.append(self._queue.get())
            done = None in batch
            items = [item for item in batch if item is not None]
            cache = self._cache
            if cache is None or not items:
                continue
            try:
                self._store(cache, items)
            except Exception as error:
                self._give_up(error)
        if self._cache is not None:
            self._cache.close()  # this thread's own connection

    def _store(self, cache: Cache, items: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Write a batch; another process may be at it for a moment.

        Raises:
            Timeout: it is locked for longer.
        """
        for left in reversed(range(_TRIES)):
            try:
                with cache.transact():
                    for key, value in items:
                        if value is None:
                            cache.delete(key)
                        else:
                            cache.set(key, value)
                return
            except Timeout:
                if not left:
                    raise

    def _cull(self) -> None:
        """Let go what was written longest ago, if the cache is too large."""
        try:
            if self._cache is not None:
                self._cache.cull()
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        why = str(error) or "another process has locked it"
        _log.warning("running without the reply cache: %s", why)
        self._cache = None


def _secret(file: Path) -> bytes:
    """The secret that a cache seals by, made when it is first opened; b"" while another makes it.

    Raises:
        OSError: it cannot be written or read, or is not a plain file of that size.
    """
    with contextlib.suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_bytes(_SECRET))
        finally:
            os.close(handle)
    secret = read_plain(file, _SECRET)
    return secret if len(secret) == _SECRET else b""


def _require_unlocked(database: Path) -> None:
    """Check that no other process holds the cache: diskcache would wait a minute to open it.

    Raises:
        OperationalError: one does.
    """
    if not database.exists():
        return
    with contextlib.closing(sqlite3.connect(database, timeout=_TIMEOUT)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
