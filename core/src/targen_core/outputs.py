"""targen's own files and folders, written and removed with helpful errors.

`targen_core.cli.outputs` has what commands need for the folders that they continue.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from targen_core.errors import RunDirectoryError
from targen_core.plain import (
    NotPlain,
    kind_of,
    replace_plain,
    way_out,
    why_not,
)

_AGAIN = "the same command continues"


@contextmanager
def writing(path: Path, *, hint: str = "") -> Iterator[None]:
    """Turn an error of the operating system into one that names `path` and the reason.

    Args:
        path: what is written.
        hint: what the user can do about it, where that is not a second try.

    Raises:
        RunDirectoryError: the operating system refuses.
    """
    try:
        yield
    except OSError as error:
        own = path
        if isinstance(error, NotPlain) and Path(error.filename).is_relative_to(path):
            own = Path(error.filename)
        raise RunDirectoryError(
            f"cannot write {own}: {why_not(own, error)}", hint=hint or way_out(error, _AGAIN)
        ) from error


def write_file(path: Path, content: str | bytes) -> Path:
    """Write a whole file and the folders above it, or leave the old file.

    A text may hold half of a surrogate pair, as a row may: it is written escaped.

    Returns:
        The path.

    Raises:
        RunDirectoryError: the place holds more than a plain file, or the system refuses.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_plain(path, data)
    return path


def remove(path: Path) -> None:
    """Remove a plain file, or a real folder with all its contents, if it exists.

    Raises:
        RunDirectoryError: it is a link or the like, or the operating system refuses.
    """
    kind = kind_of(path)
    if kind not in ("", "a folder"):
        raise RunDirectoryError(
            f"cannot remove {path}: it is {kind}", hint="check what it is, and remove it yourself"
        )
    try:
        if kind:
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        pass  # another process was quicker
    except OSError as error:
        raise RunDirectoryError(
            f"cannot remove {path}: {error.strerror}", hint=way_out(error)
        ) from error
