"""Explain a name that is neither a run nor a task, by the files and folders of that name."""

from __future__ import annotations

import shlex
from pathlib import Path

from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.runs.records.correction_plan import unfinished


def no_run(run: Path) -> UsageError | None:
    """Return the error for a folder without a manifest that another command wrote, if one did."""
    if inner := _runs_in(run):
        return UsageError(
            f"{run} is a folder of several runs, not a single run: "
            f"{', '.join(one.name for one in inner[:4])}{', …' if inner[4:] else ''}",
            hint=f"pass one of them, such as {shlex.quote(str(inner[0]))}; if a suite created "
            "them, run its targen generate --suite command again to continue them all",
        )
    if (run / "weighing.json").exists():
        return UsageError(
            f"{run} contains selected or weighted rows, not a run",
            hint="pass the run that they came from; analyze, train and export accept this folder",
        )
    if (run / "correction.json").exists():
        return unfinished(run) or UsageError(
            f"{run} contains corrected or reviewed rows, not a run",
            hint="show, analyze, train, validate and export accept this folder; a run that "
            "generated its rows does not have these changes. To join them with others: "
            f"{_joined(run)}, then pass the result with --task",
        )
    if (run / "model.json").exists():
        return UsageError(
            f"{run} contains a model, not a run",
            hint=f"targen evaluate {quoted(run)} DATA",
        )
    return None


def _joined(folder: Path) -> str:
    """The command that writes one file of a folder's rows and others, without their numbers."""
    mine = shlex.quote(str(folder / "dataset.jsonl"))
    return f"jq -c 'del(.idx)' {mine} OTHER.jsonl > joined.jsonl"


def _runs_in(folder: Path) -> list[Path]:
    """The runs right below a folder, by name."""
    try:
        return sorted(each for each in folder.iterdir() if (each / "manifest.json").is_file())
    except OSError:
        return []
