"""File descriptors: a call in flight holds one, and a process may have only so many."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

__all__ = ["HINT", "affordable", "used_up"]

HINT = "a smaller --concurrency, or allow more in this shell: ulimit -n 4096"

_RESERVE = 16
"""Descriptors for what is opened besides calls: the journal's, the cache's, imports, names."""

_log = logging.getLogger("targen.run")


def affordable(concurrency: int) -> int:
    """How many calls may be in flight at once: `concurrency`, or fewer and a line that says so.

    The limit is raised as far as this user may and as it is needed.
    """
    if resource is None:
        return concurrency
    limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = _open_now() + _RESERVE
    if limit in (-1, resource.RLIM_INFINITY) or taken + concurrency <= limit:
        return concurrency
    needed = taken + concurrency
    needed = needed if hard_limit in (-1, resource.RLIM_INFINITY) else min(needed, hard_limit)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard_limit))
        limit = needed
    fits = max(1, min(concurrency, limit - taken))
    if fits < concurrency:
        _log.warning(
            "%d calls at once, not %d: this process may have %d files and connections open "
            "(ulimit -n)",
            *(fits, concurrency, limit),
        )
    return fits


def used_up() -> str:
    """What is wrong where a descriptor was needed and there was none."""
    limit = "so many" if resource is None else f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return f"this process may have {limit} files and connections open (ulimit -n), and has"


def _open_now() -> int:
    """Descriptors that are open in this process."""
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return _RESERVE
