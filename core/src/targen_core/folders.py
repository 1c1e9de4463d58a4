"""The user's folder for what targen fetches or keeps between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "cache_folder"]

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
