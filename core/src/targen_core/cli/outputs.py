"""Folders that commands write and continue, and files that a person names: checked and locked.

Such a folder may come from a stranger. A link in it would lead a write or a removal to another
place, and a FIFO would block a read for ever. So a command calls `check_own` (or `claim`) before
it touches such a folder. It writes and removes with these functions and `targen_core.outputs`. Runs
have more rules: see `targen_core.runs.files` and `targen_core.runs.directory`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from targen_core.errors import RunDirectoryError, UnreadableFile, UsageError
from targen_core.outputs import remove, writing
from targen_core.plain import kind_of, open_plain, place_of, read_plain

_MOST_FILES = 100_000
_SMALL = 64 << 20


_HINT = (
    "if the folder came from someone else, do not trust it. Otherwise replace the link with "
    "its target (cp -rL copies the targets of links)"
)


def check_free(
    out: Path, what: str, mark: str, *, force: bool, own: Collection[str] | None = None
) -> None:
    """Check that a command may put a folder of its own at `out`, before it does any work.

    An empty folder is free; one that holds `mark` is an earlier one, which `force` replaces.

    Args:
        out: where the folder is to be.
        what: what such a folder holds: "a model", "weighted rows".
        mark: the file by which such a folder is known.
        force: replace an earlier one.
        own: all that it may hold; anything else would be lost. If None, any other files may be
            there.

    Raises:
        UsageError: something else exists, or an earlier one and `force` is false.
    """
    if not out.name.strip("."):
        raise UsageError(f"{out} is not the name of a new folder", hint="choose a different --out")
    if not os.path.lexists(out):
        return
    if (kind := kind_of(out)) != "a folder":
        raise UsageError(
            f"{out} is {kind or 'a file'}, not a folder", hint="choose a different --out"
        )
    held = sorted(path.name for path in _members(out))
    if not held:
        return
    if not (out / mark).is_file():
        raise UsageError(
            f"{out} contains something other than {what}", hint="choose a different --out"
        )
    if own is not None and (others := [name for name in held if name not in own]):
        raise UsageError(
            f"{out} contains {others[0]}, which would be lost", hint="choose a different --out"
        )
    if not force:
        raise UsageError(
            f"{out} already contains {what}",
            hint="--force replaces it, or choose a different --out",
        )


def check_own(folder: Path, *names: str, alone: bool = False, hint: str = _HINT) -> None:
    """Check that a folder holds only plain files and real folders, at every depth.

    The folder itself may be a link: the user typed its name.

    Args:
        folder: the folder, which need not exist.
        names: members to check, files unless the name ends with "/"; by default all.
        alone: also refuse files that have a second name (a hard link).
        hint: what the user can do about it.

    Raises:
        UsageError: it holds a link, a FIFO, a device or a socket, or cannot be read.
    """
    waiting = [folder / name for name in names] if names else _members(folder)
    files = {folder / name for name in names if not name.endswith("/")}
    while waiting:
        path = waiting.pop()
        kind = kind_of(path)
        if kind and (kind != "a folder" or path in files):
            raise UsageError(
                f"cannot use {path}: it is {kind}, not a regular file",
                hint=hint,
            )
        if kind:
            waiting += _members(path)
        elif alone and path.is_file() and path.stat().st_nlink > 1:
            raise UsageError(
                f"cannot use {path}: it has a second name (a hard link)",
                hint=hint,
            )


def _members(folder: Path) -> list[Path]:
    """List a folder; an absent one is empty.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            return [folder / each.name for each in found]
    except (FileNotFoundError, NotADirectoryError):
        return []  # the caller reports the problem
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror}") from error


def claim(folder: Path) -> None:
    """Make a folder that a command writes in, or check the existing one.

    Raises:
        UsageError: it is a link, or `check_own` refuses it.
        RunDirectoryError: the operating system refuses.
    """
    check_own(folder.parent, f"{folder.name}/")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def without_empty(folder: Path) -> Iterator[None]:
    """Remove a folder, and those above it, if the body creates them and leaves them empty."""
    created = [*takewhile(lambda each: not each.exists(), (folder, *folder.parents))]
    try:
        yield
    finally:
        for each in created:
            with contextlib.suppress(OSError):
                each.rmdir()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Claim a folder and lock it against other processes.

    Raises:
        UsageError: see `claim`.
        RunDirectoryError: another process uses it.
        RunDirectoryError: the operating system refuses.
    """
    from filelock import FileLock, Timeout

    claim(folder)
    path = folder / ".lock"
    with writing(folder):
        os.close(open_plain(path, os.O_RDWR | os.O_CREAT, alone=True))
        lock = FileLock(path, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunDirectoryError(
                f"another process is using {folder}", hint="wait, or choose a different --out"
            ) from error
    try:
        yield
    finally:
        lock.release()


def read_file(path: Path, max_bytes: int = _SMALL) -> str | None:
    """Read a text that targen left in a folder; None if the file is absent.

    Raises:
        UsageError: it is not a plain file, too large, or not text.
    """
    try:
        return read_plain(path, max_bytes).decode("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: it is not UTF-8") from error


def write_new(path: Path, text: str) -> None:
    """Write a file that the user names and that is not there yet.

    Raises:
        UsageError: the path exists.
        RunDirectoryError: the operating system refuses.
    """
    try:
        # Without a mark, Excel reads a table in the encoding of Windows.
        encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
        with writing(path), open(path, "x", encoding=encoding, newline="") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:
                path.unlink()  # half a file would keep the same command from being typed again
                raise
    except RunDirectoryError as error:
        if isinstance(error.__cause__, FileExistsError):
            raise UsageError(f"{path} already exists", hint="choose a different name") from None
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Make an empty folder to fill, in place of what a killed process left; remove it at the end.

    `put_folder` moves it away before that.

    Raises:
        RunDirectoryError: a link or the like lies there, or the operating system refuses.
    """
    remove(path)
    with writing(path):
        path.mkdir(parents=True)
    try:
        yield path
    finally:
        with contextlib.suppress(RunDirectoryError):
            remove(path)


def put_folder(made: Path, out: Path) -> None:
    """Move a folder to its place, where it replaces the one before.

    Raises:
        RunDirectoryError: a link or the like lies there, or the operating system refuses.
    """
    if os.path.lexists(out):
        remove(out)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        made.rename(out)


def check_files(folder: Path) -> None:
    """Check that a folder only contains files and folders, at any depth.

    A library that loads such a folder opens files by names of its own. Links are accepted if they
    lead to a file in the folder.

    Raises:
        UnreadableFile: it holds a FIFO, a device or a socket, a link that leads out, or too many
            files.
    """
    seen = 0

    def failed(error: OSError) -> None:
        raise UnreadableFile(error.filename, error.strerror or str(error)) from error

    for place, folders, files in os.walk(folder, onerror=failed):
        seen += len(folders) + len(files)
        if seen > _MOST_FILES:
            raise UnreadableFile(folder, f"it contains more than {_MOST_FILES:,} files")
        for path in (Path(place) / name for name in (*folders, *files)):
            if path.is_symlink() or not path.is_dir():
                place_of(path, folder)
