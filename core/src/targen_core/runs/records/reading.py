"""The gate through which a run directory is opened: what a stranger sends is only data.

Every command reads a run by its manifest, and `Manifest.load` uses this module. The files under the
names that a run uses must be plain, of usual sizes, and must hold what they should. `runs.known`
decides which services in a manifest may be called.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from targen_core.errors import RunConflict, RunDirectoryError
from targen_core.plain import kind_of, read_plain
from targen_core.reading.values import json_of

SMALL = 64 << 20
"""Most bytes of a file that is read whole: manifest, report, card, declaration, given items."""

MAX_SECONDS = 10**9
"""Most seconds that a run is believed to have taken."""

MEMBERS = (
    ".lock",
    ".signatures",
    "manifest.json",
    "journal",
    "ledger",
    "dataset.jsonl",
    "provenance.jsonl",
    "rejects.jsonl",
    "report.json",
    "report.html",
    "README.md",
    "batches.jsonl",
    "pending.jsonl",
    "requests.jsonl",
    "kept.jsonl",
    "given-contexts.jsonl",
    "given-seeds.jsonl",
    "task.json",
    "task.py",
    "correction.json",
    "changes.jsonl",
    "weighing.json",
    "import.json",
)
"""The names of the files that runs, corrections, weighings and imports leave."""


def check_members(folder: Path, names: Iterable[str] = MEMBERS) -> None:
    """Check that what lies under a run's names in `folder` are plain files.

    Raises:
        RunDirectoryError: one is a link, a folder, a FIFO, a device or a socket.
    """
    for name in names:
        if kind := kind_of(folder / name):
            raise RunDirectoryError(
                f"{folder / name} is {kind}: a run directory may only contain regular files",
                hint="if the run came from someone else, do not trust it; otherwise replace it "
                "with the file itself",
            )


def read_json(path: Path) -> Any:
    """The JSON value of a small file of a run.

    Raises:
        FileNotFoundError: it is not there.
        RunDirectoryError: it is not a plain file, too large, not JSON, or nested too deeply.
    """
    try:
        data = read_plain(path, SMALL)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    try:
        return json_of(data)
    except ValueError as error:
        raise RunDirectoryError(
            f"{path} cannot be read: {error}",
            hint="restore it from a backup, or repeat the command that made it; cached replies are "
            "reused",
        ) from error


def require_format(whose: Path, value: Any, known: int) -> None:
    """Check that the value of a file with a format number has the one that this targen reads.

    `whose` is the folder or file that the error names.

    Raises:
        RunConflict: another version of targen wrote it.
    """
    found = value.get("format", known) if isinstance(value, dict) else known
    if found != known:
        raise RunConflict(
            f"{whose} was written by another version of targen (format {str(found)[:40]}; this "
            f"one reads {known})",
            hint="use the version of targen that wrote it",
        )
