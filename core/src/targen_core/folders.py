"""The user's folders: for what targen fetches or keeps between runs, and for defaults."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any, Literal

from targen_core.errors import UsageError

_log = logging.getLogger("targen.cache")

CACHE_VARIABLE = "TARGEN_CACHE_DIR"
"""Environment variable: the folder to use in place of the platform's own."""


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


def is_known(kind: str, digest: str) -> bool:
    """Return whether this user has used something of this kind before, by its digest."""
    try:
        return os.path.exists(_mark(kind, digest))  # noqa: PTH110 (False in another user's folder)
    except UsageError:
        return False


def make_known(kind: str, digest: str) -> None:
    """Record that this user has used something; if that fails, the user is asked again."""
    try:
        mark = _mark(kind, digest)
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.touch()
    except UsageError:
        return  # a call that stores something says so
    except OSError as error:
        _say_unwritable(cache_folder(), error.strerror)


def note_own(path: Path | None, content: Any) -> None:
    """Note that a command of this user wrote this content, a JSON value, to this path or any."""
    make_known("own", _digest(path, content))


def is_own(path: Path | None, content: Any) -> bool:
    """Return whether a command of this user wrote this content, a JSON value, to this path."""
    return is_known("own", _digest(path, content))


def _digest(path: Path | None, content: Any) -> str:
    text = json.dumps([path and str(path.resolve()), content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


@functools.cache  # a run notes several things: once is enough
def _say_unwritable(folder: Path, why: str) -> None:
    _log.warning(
        "cannot write to %s: %s. targen will not recognise its own runs and files; to use another "
        "folder, set %s",
        folder,
        why,
        CACHE_VARIABLE,
    )


def _mark(kind: str, digest: str) -> Path:
    return cache_folder() / f"known-{kind}" / digest
