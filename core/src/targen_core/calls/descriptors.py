"""File descriptors: each call in flight holds one, and a process has a limited number."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

HINT = "lower --concurrency, or raise the limit in this shell: ulimit -n 4096"

_RESERVE = 16
"""Descriptors for other open files than calls: the journal, the cache, imports, names."""

_log = logging.getLogger("targen.run")


def affordable(concurrency: int) -> int:
    """Return how many calls may be in flight at once: `concurrency`, or fewer, with a warning.

    The process's limit is raised as far as allowed and needed.
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
            "concurrency reduced from %d to %d: this process may open at most %d files and "
            "connections (ulimit -n)",
            *(concurrency, fits, limit),
        )
    return fits


def used_up() -> str:
    """The error message for when no descriptor is left."""
    limit = "on" if resource is None else f"of {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return f"this process has reached its limit {limit} open files and connections (ulimit -n)"


def _open_now() -> int:
    """Descriptors that are open in this process."""
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return _RESERVE
