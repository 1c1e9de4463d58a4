"""Only plain files: read and write a folder that may come from a stranger.

A link, a FIFO, a device or a socket in such a folder would redirect a read or a write, or block it
for ever. All functions here refuse them with a `NotPlain`, an `OSError` whose `strerror` describes
what was found. Other parts of the path are not checked, since the user typed it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import threading
from pathlib import Path
from typing import BinaryIO, Literal

from targen_core.errors import RunDirectoryError, UnreadableFile, UsageError, no_such_file

_QUIETLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_HANDED_OVER = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_BINARY = getattr(os, "O_BINARY", 0)
_POSITION = threading.Lock()  # of all files, on Windows: it moves with each read and write

_MISPLACED = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
"""Numbers of the errors that free space resolves."""

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotPlain(OSError):
    """The path is not a regular file, is too large, or is another file's second name."""


def require_possible(path: Path) -> Path:
    """Return a path, whether or not it exists.

    Raises:
        UsageError: the system has no such names: it is too long, or contains NUL or half a
            character.
    """
    problem = ""
    try:
        os.lstat(path)
    except ValueError:
        problem = "contains a character that no path can contain"
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            problem = "is too long for a path"
    if problem:
        name = str(path)
        shown = repr(name if len(name) <= 80 else f"{name[:80]}…")
        raise UsageError(f"{shown} {problem}", hint="choose a different name")
    return path


def kind_of(path: Path) -> str:
    """Return what is at `path` in place of a plain file, such as "a link", or ""."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""  # missing; or opening it will report the reason
    return _kind(mode)


def refuse_special(path: Path) -> None:
    """Refuse a path with something other than a plain file.

    Raises:
        NotPlain: it is not a regular file.
    """
    _refuse(kind_of(path), path)


def refuse_waiting(path: Path) -> None:
    """Refuse an input file that the user names where reading it could wait for ever.

    A FIFO without a writer does, and so may a device. Files from a shell, such as `/dev/stdin` or
    `<(command)`, have a writer.

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
    """Return a descriptor of the plain file at `path`, without following links or waiting.

    With `alone`, the file must not have a second name (hard link), which would otherwise change as
    well.

    Raises:
        NotPlain: it is not a regular file, or has a second name.
        OSError: it cannot be opened.
    """
    refuse_special(path)  # before it is opened: to open some devices is to use them
    descriptor = os.open(path, flags | _QUIETLY | _BINARY, 0o644)
    try:
        status = os.fstat(descriptor)
        _refuse(_kind(status.st_mode), path)
        if alone and status.st_nlink > 1:
            why = "the file has a second name (a hard link), whose contents would change as well"
            raise NotPlain(errno.EMLINK, why, str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """At most `size` bytes of an open file from `offset` on, wherever others read in it."""
    if sys.platform != "win32":
        return os.pread(descriptor, size, offset)
    with _POSITION:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Write at `offset` of an open file, wherever others are in it; how many bytes it took."""
    if sys.platform != "win32":
        return os.pwrite(descriptor, data, offset)
    with _POSITION:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)


def read_plain(path: Path, max_bytes: int) -> bytes:
    """All of a plain file of at most `max_bytes` bytes.

    Raises:
        NotPlain: it is not a regular file, or is larger.
        OSError: it cannot be read.
    """
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        return _read(file, path, max_bytes)


def content_of(path: Path, max_bytes: int = 64 << 20, *, inside: Path | None = None) -> bytes:
    """Return the bytes of a file.

    Args:
        path: the file; it may be a link unless `inside` is given.
        max_bytes: the most bytes that it may have.
        inside: the folder that holds it, if that may come from a stranger: links out of the folder
            are refused.

    Raises:
        UnreadableFile: it is missing, not a regular file, or larger.
    """
    try:
        if inside is not None:
            return read_plain(place_of(path, inside), max_bytes)
        refuse_waiting(path)
        with open(path, "rb") as file:
            return _read(file, path, max_bytes)
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error


def digest_of(path: Path, *, inside: Path | None = None) -> str:
    """Return the SHA-256 digest of a file, however large it is, in hexadecimal digits.

    Args:
        path: the file; it may be a link unless `inside` is given.
        inside: the folder that holds it, if that may come from a stranger: links out of the folder
            are refused.

    Raises:
        UnreadableFile: it is missing, or not a regular file.
    """
    import hashlib  # not at start-up

    try:
        with os.fdopen(open_plain(place_of(path, inside), os.O_RDONLY), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error


def place_of(path: Path, inside: Path | None) -> Path:
    """Return where a file lies once links are followed, if it is a regular file in a folder.

    Args:
        path: the file.
        inside: the folder that may come from a stranger; None if the user typed the path.

    Raises:
        UnreadableFile: it is missing, not a regular file, or outside the folder.
    """
    try:
        place = path.resolve(strict=True)
        if inside is not None and not place.is_relative_to(inside.resolve()):
            raise UnreadableFile(path, f"it is a link that points outside {inside}")
        refuse_special(place)
    except FileNotFoundError:
        raise no_such_file(path) from None
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise UnreadableFile(path, getattr(error, "strerror", None) or str(error)) from error
    return place


def replace_plain(path: Path, data: bytes) -> None:
    """Write a whole file at `path`, over a plain file if there is one, or leave it unchanged.

    Raises:
        NotPlain: the path leads to something other than a plain file.
        OSError: it cannot be written.
    """
    refuse_special(path)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # a killed process's, or a stranger's: only the name
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _QUIETLY | _BINARY, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with contextlib.suppress(OSError):  # no file is there, or the disk has no modes
                part.chmod(path.stat().st_mode & 0o777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def why_not(path: Path, error: OSError) -> str:
    """Return why `path` could not be written: a file in place of a folder, or an OS error."""
    files = (above for above in path.parents if above.is_file())
    return next(
        (f"{above} is a file, not a folder" for above in files), error.strerror or str(error)
    )


def way_out(error: OSError, then: str = "resume the run") -> str:
    """Return what to do, and `then`, if a file of a run could not be written."""
    if isinstance(error, NotPlain):
        return (
            "write to a different location, or put a regular file there (cp -rL copies links as "
            "files)"
        )
    if isinstance(error, _MISPLACED):
        return "write to a different location"
    if error.errno in NO_ROOM:
        return "free some space, then " + then
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "raise the limit on open files (ulimit -n), then " + then
    return f"check the disk, or copy the folder to a different disk, then {then}"


def write_failed(path: Path, error: OSError, doing: str = "write") -> RunDirectoryError:
    """Return the error for a file of a run that could not be written, or whatever `doing` names."""
    return RunDirectoryError(f"cannot {doing} {path}: {error.strerror}", hint=way_out(error))


def _read(file: BinaryIO, path: Path, max_bytes: int) -> bytes:
    size = os.fstat(file.fileno()).st_size
    too_large = NotPlain(errno.EFBIG, f"it is larger than {_size(max_bytes)}", str(path))
    if size > max_bytes:
        raise too_large
    # Python reserves as many bytes as requested; a pipe and a growing file may have more.
    parts = [file.read(size + 1)]
    while sum(map(len, parts)) <= max_bytes and (more := file.read(1 << 20)):
        parts.append(more)
    if sum(map(len, parts)) > max_bytes:
        raise too_large
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _size(number: int) -> str:
    return f"{number >> 20:,} MiB" if number >= 1 << 20 else f"{number:,} bytes"


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "an unknown kind of file")


def _refuse(kind: str, path: Path) -> None:
    if kind:
        raise NotPlain(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


def what_is(path: Path) -> Literal["file", "folder", ""]:
    """Return what is at a path; "" if it is absent or its name is too long for the system."""
    try:
        return "file" if path.is_file() else "folder" if path.is_dir() else ""
    except OSError:
        return ""


def is_inside(folder: Path, path: Path) -> bool:
    """Return whether a path below `folder` only leads to places inside it, links included.

    In the hub's cache a snapshot's files are links to blobs of the same dataset: these count.
    """
    own = folder.resolve()
    blobs = [above.parent / "blobs" for above in own.parents if above.name == "snapshots"]
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, or a null character
        return False
    return any(real.is_relative_to(each) for each in (own, *blobs))


def is_hidden(folder: Path, path: Path) -> bool:
    """Return whether a path inside `folder` leads to a name there that begins with a dot.

    A home or a project has its keys, settings and history behind such names: `.env`, `.ssh`.
    """
    own, real = folder.resolve(), path.resolve()
    below = real.relative_to(own).parts if real.is_relative_to(own) else ()
    return any(part.startswith(".") for part in below)
