"""Plain files and nothing else: how a folder that may come from a stranger is read and written.

A link, a FIFO, a device or a socket in such a folder would lead a read or a write elsewhere, or
hold it up for ever. All functions here refuse them with a `NotPlain`, an `OSError` whose
`strerror` says what was found; no other part of the path is looked at, since the user typed it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError, WriteFailed

__all__ = [
    "MISPLACED",
    "NotPlain",
    "content_of",
    "is_within",
    "kind_of",
    "open_plain",
    "read_plain",
    "refuse_special",
    "refuse_waiting",
    "replace_plain",
    "way_out",
    "why_not",
    "write_failed",
]

_QUIETLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_HANDED_OVER = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_BINARY = getattr(os, "O_BINARY", 0)

MISPLACED = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""Errors that another path mends, and free space does not."""

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotPlain(OSError):
    """What lies at a path is not a regular file, is too large, or is another file's second name."""


def kind_of(path: Path) -> str:
    """What lies at `path` in place of a plain file, such as "a link"; "" for a file, or nothing."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""  # nothing there; or what tries to open it will say why it cannot
    return _kind(mode)


def refuse_special(path: Path) -> None:
    """Refuse to go on where something else than a plain file lies at `path`.

    Raises:
        NotPlain: it is not a regular file.
    """
    _refuse(kind_of(path), path)


def refuse_waiting(path: Path) -> None:
    """Refuse an input file that the user names where reading it could wait for ever.

    A FIFO without a writer does, and so may a device. What a shell hands over, as `/dev/stdin`
    or `<(command)`, has a writer.

    Raises:
        NotPlain: it is a FIFO, a socket or a device.
    """
    if str(path).startswith(_HANDED_OVER):
        return
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # who opens it says why it cannot
    if not stat.S_ISDIR(mode):
        _refuse(_kind(mode), path)


def open_plain(path: Path, flags: int, *, alone: bool = False) -> int:
    """A descriptor of the plain file at `path`; no link is followed, and nothing waited for.

    With `alone` the file may have no second name (hard link): what is appended here would be
    appended there.

    Raises:
        NotPlain: it is not a regular file, or not alone.
        OSError: it cannot be opened.
    """
    refuse_special(path)  # before it is opened: to open some devices is to use them
    descriptor = os.open(path, flags | _QUIETLY | _BINARY, 0o644)
    try:
        status = os.fstat(descriptor)
        _refuse(_kind(status.st_mode), path)
        if alone and status.st_nlink > 1:
            why = "the file has a second name (a hard link), which would change with it"
            raise NotPlain(errno.EMLINK, why, str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_plain(path: Path, max_bytes: int) -> bytes:
    """All of a plain file of at most `max_bytes` bytes.

    Raises:
        NotPlain: it is not a regular file, or is larger.
        OSError: it cannot be read.
    """
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise NotPlain(errno.EFBIG, f"it is larger than {max_bytes >> 20:,} MiB", str(path))
    return data


def content_of(path: Path, max_bytes: int = 8 << 30) -> bytes:
    """What stands in a file that a user names, link or not, of at most `max_bytes` bytes.

    Raises:
        UsageError: the file cannot be read, or is larger.
    """
    try:
        refuse_waiting(path)
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > max_bytes:
                raise UsageError(f"{path} is larger than {max_bytes >> 20:,} MiB")
            return file.read()
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def replace_plain(path: Path, data: bytes) -> None:
    """Put a whole file at `path`, in place of a plain file or of nothing, or leave what is there.

    Raises:
        NotPlain: something else than a plain file is there.
        OSError: it cannot be written.
    """
    refuse_special(path)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of a process that was killed, or a stranger's: the name alone
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _QUIETLY | _BINARY, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def why_not(path: Path, error: OSError) -> str:
    """Why nothing could be written at `path`: a file that stands for a folder, or the system's."""
    files = (above for above in path.parents if above.is_file())
    return next(
        (f"{above} is a file, not a folder" for above in files), error.strerror or str(error)
    )


def way_out(error: OSError, then: str = "resume the run") -> str:
    """What to do where a file of a run could not be written, and what `then`."""
    if isinstance(error, NotPlain):
        return "write elsewhere, or put a regular file there (cp -r copies links as files)"
    if isinstance(error, MISPLACED):
        return "write elsewhere"
    if error.errno in _NO_ROOM:
        return f"free some space, then {then}"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"raise the limit on open files (ulimit -n), then {then}"
    return f"see to the disk, or copy the folder to another one, then {then}"


def write_failed(path: Path, error: OSError, doing: str = "write") -> WriteFailed:
    """What to raise where a file of a run could not be written, or whatever else was `doing`."""
    return WriteFailed(f"cannot {doing} {path}: {error.strerror}", hint=way_out(error))


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "no file")


def _refuse(kind: str, path: Path) -> None:
    if kind:
        raise NotPlain(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


def is_within(value: Any, deepest: int) -> bool:
    """Whether what JSON, YAML or TOML gave has at most so many levels below the first."""
    level = [value]
    for _ in range(deepest + 1):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return True
    return False
