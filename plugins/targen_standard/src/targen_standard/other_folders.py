"""Explain a name that is neither a run nor a task, by the files and folders of that name."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

from targen_core.cli.correction_plan import unfinished
from targen_core.cli.places import what_is
from targen_core.errors import TargenError, UnknownName, UsageError
from targen_core.origin import DECLARED
from targen_core.plugins.registry import Registry
from targen_core.runs.records.manifest import Manifest
from targen_core.suggestions import near_path
from targen_core.text import printable
from targen_core.wording import Action, Blank, Either


def no_run(run: Path) -> UsageError | None:
    """Return the error for a folder without a manifest that another command wrote, if one did."""
    if inner := _runs_in(run):
        return UsageError(
            f"{run} is a folder of several runs, not a single run: "
            f"{', '.join(one.name for one in inner[:4])}{', …' if inner[4:] else ''}",
            hint=f"pass one of them, such as {shlex.quote(str(inner[0]))}; if a suite created "
            "them, run its "
            + Action("generate", suite=...)
            + " command again to continue them all",
        )
    if (run / "weighing.json").exists():
        return UsageError(
            f"{run} contains selected or weighted rows, not a run",
            hint="pass the run that they came from; analyze, train and export accept this folder",
        )
    if (run / "correction.json").exists():
        return unfinished(run) or UsageError(
            f"{run} contains corrected or reviewed rows, not a run",
            hint=Either(
                "show, analyze, train, validate and export accept this folder; a run that "
                "generated its rows does not have these changes. To join them with others: "
                f"{_joined(run)}, then pass the result with --task",
                Action("read_dataset", run),
            ),
        )
    if (run / "model.json").exists():
        return UsageError(
            f"{run} contains a model, not a run",
            hint=Action("evaluate", run, Blank("DATA")),
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


def no_task(registry: Registry, name: str) -> UnknownName | None:
    """Return the error for the name of a task that is a file's, a folder's or a description."""
    problem, hint = f"no task named {name!r} is installed", ""
    path = Path(name)
    others = (f"{name}{end}" for end in DECLARED)
    if len(name.split()) > 1:
        problem = f"no task named {printable(name, lines=False, max_length=60)!r} is installed"
        hint = f"to describe a task, create a file with {Action('init-task', blank=True)}"
    elif beside := next((other for other in others if what_is(Path(other)) == "file"), ""):
        hint = f"did you mean the file {beside}?"
    elif what_is(path / "manifest.json") == "file":
        problem = f"{name} is a run directory, not a task"
        hint = str(Action("resume", path, n=Blank("N")))
        with suppress(TargenError):
            manifest = Manifest.load(path / "manifest.json")
            own = path / manifest.task_file if manifest.task_file else manifest.spec.task
            hint = f"its task is {own}; to continue the run: {hint}"
    elif what_is(path / "pyproject.toml") == "file":
        problem = f"{name} is the source code of a plugin, not a task"
        hint = f"run pip install -e {shlex.quote(name)}; to list its parts: {Action('plugins')}"
    elif what_is(path / "__init__.py") == "file":
        problem = f"{name} is a Python package, not a task"
        hint = f"give the name of a part that it registers; to list them: {Action('plugins')}"
    elif what := what_is(path):
        read = [f".{item.name}" for item in registry.everything() if item.kind == "reader"]
        if what == "file" and path.suffix in read:  # of a plugin, so it may also be a task's name
            return UnknownName(problem, hint=f"did you mean the file ./{name}?")
        problem = f"{name} is a {what} that does not contain a task"
        hint = f"a task file's name must end in one of {', '.join(read or DECLARED)}"
    elif path.suffix:
        hint = near_path(path, lambda each: each.suffix in DECLARED, usual=str(path.parent))
    return UnknownName(problem, hint=hint) if hint else None
