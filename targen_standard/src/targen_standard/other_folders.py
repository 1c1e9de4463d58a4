"""Folders that look like runs and are none: what wrote them, and what takes them."""

from __future__ import annotations

import shlex
from pathlib import Path

from targen_core.errors import RunDirectoryError
from targen_core.wording import Action, Blank, Either

__all__ = ["no_run"]


def no_run(run: Path) -> RunDirectoryError | None:
    """Return the error for a folder without a manifest that another command wrote, if one did."""
    if inner := _runs_in(run):
        return RunDirectoryError(
            f"{run} is not a run but a folder of runs, as a suite's: "
            f"{', '.join(one.name for one in inner[:4])}{', …' if inner[4:] else ''}",
            hint=f"name one of them, such as {shlex.quote(str(inner[0]))}; the "
            + Action("generate", suite=...)
            + " that started the suite, typed again, continues all its runs",
        )
    if (run / "weighing.json").exists():
        return RunDirectoryError(
            f"{run} contains rows that were chosen or weighed, and is no run",
            hint="name the run that they are from; analyze, train and export take these",
        )
    if (run / "correction.json").exists():
        return RunDirectoryError(
            f"{run} contains rows that were corrected or reviewed, and is no run",
            hint=Either(
                "name the run that they are from; analyze, train, validate and export take these",
                Action("read_dataset", run),
            ),
        )
    if (run / "model.json").exists():
        return RunDirectoryError(
            f"{run} contains a model, and is no run",
            hint=Action("evaluate", run, Blank("DATA")),
        )
    return None


def _runs_in(folder: Path) -> list[Path]:
    """The runs right below a folder, by name."""
    try:
        return sorted(each for each in folder.iterdir() if (each / "manifest.json").is_file())
    except OSError:
        return []
