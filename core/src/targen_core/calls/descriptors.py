"""File descriptors: each call in flight holds one, and a process has a limited number."""

from __future__ import annotations

import contextlib

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

HINT = "lower --concurrency, or raise the limit in this shell: ulimit -n 4096"

_RESERVE = 128
"""Descriptors for other open files than calls: the journal, the cache, imports, names."""


def allow(concurrency: int) -> None:
    """Raise the process's limit, as far as allowed, so that as many calls may be in flight."""
    if resource is None:
        return
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < concurrency + _RESERVE:
        needed = concurrency + _RESERVE
        needed = needed if most == resource.RLIM_INFINITY else min(needed, most)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, needed), most))


def used_up() -> str:
    """The error message for when no descriptor is left."""
    limit = "on" if resource is None else f"of {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return f"this process has reached its limit {limit} open files and connections (ulimit -n)"
