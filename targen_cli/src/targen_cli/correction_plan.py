"""`correction.json`: what a directory of corrected rows records of how they came about."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from targen_core.errors import UsageError
from targen_core.runs.records.lock import PartPlan, StepPlan, TaskPlan
from targen_core.runs.records.spec import ManifestPart
from targen_core.runs.records.writing import write_atomically

__all__ = ["CorrectionPlan", "ReviewPlan", "unfinished"]


class ReviewPlan(ManifestPart):
    """Where people corrected: by which rule, and a digest of what they said."""

    resolve: str
    grades: str
    exact: bool = False


class CorrectionPlan(ManifestPart):
    """`correction.json`: all that decides what a correction finds.

    `data` is a digest of the instances that it judges. If people judged, there is no `step`. If the
    task is in a file, `task_file` is the copy next to this, as `task.json` or `task.py:NAME`.
    `rows_per_call` is left out if it is 1.
    """

    format: int = 1
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
        absent = {name for name in optional if not getattr(self, name)}
        if self.rows_per_call == 1:  # as it was before one call could judge several
            absent.add("rows_per_call")
        value = self.model_dump(exclude=absent)
        write_atomically(folder / "correction.json", json.dumps(value, indent=2) + "\n")


def unfinished(folder: Path) -> UsageError | None:
    """Return the error for the folder of a correction that has not written its rows yet."""
    if (folder / "dataset.jsonl").exists():
        return None
    return UsageError(
        f"{folder} contains an unfinished correction",
        hint=f"repeat the command that began it, with --out {shlex.quote(str(folder))}",
    )
