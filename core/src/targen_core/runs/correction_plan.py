"""`correction.json`: what a directory of corrected rows records of how they came about."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from pydantic import ValidationError

from targen_core.errors import RunDirectoryError, UsageError
from targen_core.runs.files import read_json, require_format, write_atomically
from targen_core.runs.manifest import ManifestPart, PartPlan, StepPlan, TaskPlan
from targen_core.text import refused

_FILE = "correction.json"
_FORMAT = 1


class ReviewPlan(ManifestPart):
    """Where people corrected: a digest of what they said."""

    grades: str


class CorrectionPlan(ManifestPart):
    """`correction.json`: all that decides what a correction finds.

    `data` is a digest of the instances that it judges. If people judged, there is no `step`. If the
    task is in a file, `task_file` is the copy next to this, as `task.json` or `task.py:NAME`.
    """

    format: int = _FORMAT
    task: TaskPlan
    task_file: str = ""
    corrector: str
    step: StepPlan | None
    seed: int = 0
    flip: float = 0.0
    rows_per_call: int = 1
    data: str
    part: PartPlan | None = None
    review: ReviewPlan | None = None

    def save(self, folder: Path) -> None:
        """Write it into `folder`, whole or not at all."""
        optional = ("task_file", "part", "review")
        value = self.model_dump(exclude={name for name in optional if not getattr(self, name)})
        write_atomically(folder / _FILE, json.dumps(value, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> CorrectionPlan:
        """Read the `correction.json` of a folder.

        Raises:
            FileNotFoundError: the folder has none.
            RunConflict: another version of targen wrote it.
            RunDirectoryError: it cannot be read.
        """
        raw = read_json(folder / _FILE)
        require_format(folder, raw, _FORMAT)
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise RunDirectoryError(f"{folder / _FILE} cannot be read: {refused(error)}") from error


def unfinished(folder: Path) -> UsageError | None:
    """Return the error for the folder of a correction that has not written its rows yet."""
    if (folder / "dataset.jsonl").exists():
        return None
    return UsageError(
        f"{folder} contains an unfinished correction",
        hint=f"repeat the command that began it, with --out {shlex.quote(str(folder))}",
    )
