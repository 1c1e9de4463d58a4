"""Runs in a folder: list them and remove one."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from targen_core import outputs
from targen_core.errors import (
    RunDirectoryError,
    TargenError,
    no_such_file,
)
from targen_core.plain import open_plain
from targen_core.runs.files import MEMBERS
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import read_report, status_of

_NAMED = 12  # runs that a hint names


@dataclass(frozen=True, slots=True)
class Shelved:
    """A run directory at a glance.

    Attributes:
        path: where it is.
        report: what it came to; empty if it cannot be read.
        problem: why it cannot.
        created: when it was started, in ISO 8601; "" if unknown.
        is_busy: whether a process is working on it now.
    """

    path: Path
    report: Mapping[str, Any]
    problem: str = ""
    created: str = ""
    is_busy: bool = False

    @property
    def status(self) -> str:
        """`running`, or what its report says: `complete`, `incomplete` and the like."""
        if self.problem:
            return "unreadable"
        return "running" if self.is_busy else status_of(self.report)


def runs_in(folder: Path) -> Iterator[Shelved]:
    """The runs in a folder and in folders in it, as suites have them, by name; a run is one.

    One that cannot be read is among them, with the reason.

    Raises:
        UsageError: the folder does not exist.
    """
    if not folder.is_dir():
        raise no_such_file(folder, "folder", hint="targen generate creates runs/")
    if (folder / "manifest.json").exists():
        yield _shelved(folder)
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            continue
        if (path / "manifest.json").exists():
            yield _shelved(path)
        else:
            inner = [each for each in sorted(path.iterdir()) if not each.is_symlink()]
            yield from (_shelved(each) for each in inner if (each / "manifest.json").exists())


def _shelved(path: Path) -> Shelved:
    try:
        manifest = Manifest.load(path / "manifest.json")
        return Shelved(path, read_report(path), "", manifest.created, is_busy(path))
    except TargenError as error:
        return Shelved(path, {}, str(error))


def is_busy(path: Path) -> bool:
    """Return whether a process is working on a run."""
    lock = path / ".lock"
    try:
        # Trying the lock empties the file, so it must belong only to this run.
        os.close(open_plain(lock, os.O_RDWR, alone=True))
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # there is none, or it belongs to somebody else


def require_removable(run: Path) -> None:
    """Check that a directory is a run which is not in use.

    Raises:
        UsageError: the directory does not exist.
        RunDirectoryError: it is not a run.
        RunDirectoryError: a process is working on it.
    """
    try:
        Manifest.load(run / "manifest.json")
    except TargenError as error:
        if run.is_dir() and not (run / "manifest.json").exists():
            typed = shlex.quote(str(run))
            error.hint = f"targen runs rm only removes runs; to remove this folder: rm -r {typed}"
            if inner := [each.path for each in runs_in(run) if not each.problem]:
                error.hint = f"targen runs list {typed} shows its {len(inner):,} runs"
                if len(inner) <= _NAMED:
                    paths = shlex.join(map(str, inner))
                    error.hint = f"to remove all runs in it: targen runs rm {paths}"
        raise
    if run.is_symlink():
        raise RunDirectoryError(
            f"{run} is a link", hint="remove the folder that it points to instead"
        )
    if is_busy(run):
        raise RunDirectoryError(f"a process is using {run}", hint="stop it first")


def remove(run: Path) -> list[str]:
    """Remove a run: the files that a run writes, and the folder if it is then empty.

    Returns:
        Other contents, which remain.

    Raises:
        UsageError: it may not be removed, see `require_removable`.
        RunDirectoryError: the operating system refuses.
    """
    require_removable(run)
    try:
        for name in MEMBERS:
            outputs.remove(run / name)
        outputs.remove(run / "__pycache__")  # of task.py
        left = sorted(path.name for path in run.iterdir())
        if not left:
            run.rmdir()
    except OSError as error:
        raise RunDirectoryError(f"cannot remove {error.filename}: {error.strerror}") from error
    if not left:
        with contextlib.suppress(OSError):
            run.parent.rmdir()  # an empty folder of a suite, or runs/ itself
    return left
