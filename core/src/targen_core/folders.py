"""The user's folder for what targen fetches or keeps between runs."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "cache_folder", "is_known", "make_known", "replies_folder"]

CACHE_VARIABLE = "TARGEN_CACHE_DIR"
"""Environment variable: the folder to use in place of the platform's own."""


def cache_folder() -> Path:
    """`$TARGEN_CACHE_DIR`, or `targen` in the platform's place for caches."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "targen"


def replies_folder() -> Path:
    """The folder of the replies that runs share."""
    return cache_folder() / "replies"


def is_known(kind: str, digest: str) -> bool:
    """Whether this user has used a thing of a kind before, by its digest."""
    return _mark(kind, digest).exists()


def make_known(kind: str, digest: str) -> None:
    """Note that this user has used a thing; where it cannot be noted it is asked for again."""
    mark = _mark(kind, digest)
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.touch()


def _mark(kind: str, digest: str) -> Path:
    return cache_folder() / f"known-{kind}" / digest
