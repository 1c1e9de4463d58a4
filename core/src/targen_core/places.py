"""Where a path leads: to a file or a folder, out of a folder, or behind a hidden name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


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
