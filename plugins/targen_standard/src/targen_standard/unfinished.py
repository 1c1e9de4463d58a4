"""A temporary folder for work, such as a preview.

A killed process leaves the folder, with the journal in it. So the same work, started again, asks
no answered call again, and what it has spent counts against its cap.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from targen_core.errors import JobFailed, QuotaNotMet
from targen_core.folders import cache_folder

_KEPT = 30 * 86_400.0  # seconds after which what a killed process left is removed


class Unusable(JobFailed):
    """No reply could be used, so the same work would end in the same way."""


@contextlib.contextmanager
def unfinished(kind: str, *asked: object) -> Iterator[Path]:
    """Give a folder for the work that `asked` describes; remove it when the work is done.

    An error that ends the work early leaves the folder, as a kill does. If another process does
    the very same work, or the user's cache cannot be written, the folder is a temporary one.

    Args:
        kind: the command.
        asked: all that decides the work, as JSON values.
    """
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    folder = cache_folder() / "unfinished" / f"{kind}-{digest[:24]}"
    lock = FileLock(folder.with_suffix(".lock"), timeout=0, thread_local=False)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
        folder.mkdir(exist_ok=True, mode=0o700)  # the lock keeps others from removing it
    except (Timeout, OSError):
        with tempfile.TemporaryDirectory(prefix="targen-") as other:
            yield Path(other)
        return
    try:
        _remove_old(folder.parent)
        os.utime(folder)
        try:
            yield folder
        except (QuotaNotMet, Unusable):  # it is done: no calls are left
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        with contextlib.suppress(OSError):
            if not any(path.stat().st_size for path in folder.rglob("journal")):  # unpaid
                shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                Path(lock.lock_file).unlink()  # while it is held, no other process works there
        lock.release()


def _remove_old(above: Path) -> None:
    """Remove what was left long ago, and locks with it."""
    for path in above.iterdir():
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < time.time() - _KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)
