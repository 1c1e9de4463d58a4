"""The user's folders: for what targen fetches or keeps between runs, and for defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from targen_core.errors import UsageError

CACHE_VARIABLE = "TARGEN_CACHE_DIR"
"""Environment variable: the folder to use in place of the platform's own."""

CONFIG_VARIABLE = "TARGEN_CONFIG_DIR"
"""The same for settings."""


def user_folder(variable: str, kind: Literal["cache", "config"], content: str) -> Path:
    """The folder that an environment variable names, or `targen` in the platform's place.

    Args:
        variable: the environment variable.
        kind: the platform's place: for caches, or for settings.
        content: what is in the folder, in words for an error message.

    Raises:
        UsageError: there is no such place, as in a container whose user has no home directory.
    """
    try:
        if chosen := os.environ.get(variable):
            return Path(chosen).expanduser()
        from platformdirs import PlatformDirs  # only imported if something is stored there

        dirs = PlatformDirs("targen", appauthor=False)
        return dirs.user_cache_path if kind == "cache" else dirs.user_config_path
    except RuntimeError:
        raise UsageError(
            f"this user has no home directory for {content}",
            hint=f"set {variable} to a folder, or HOME",
        ) from None


def cache_folder() -> Path:
    """`$TARGEN_CACHE_DIR`, or `targen` in the platform's place for caches.

    Raises:
        UsageError: see `user_folder`.
    """
    return user_folder(CACHE_VARIABLE, "cache", "what targen keeps between runs")


def replies_folder() -> Path:
    """The folder of the replies shared between runs."""
    return cache_folder() / "replies"


def settings_folder() -> Path:
    """`$TARGEN_CONFIG_DIR`, or `targen` in the platform's place for settings.

    Raises:
        UsageError: see `user_folder`.
    """
    return user_folder(CONFIG_VARIABLE, "config", "settings")
