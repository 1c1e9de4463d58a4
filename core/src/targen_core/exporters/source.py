"""From a run directory or a file of official rows to a `Dataset`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from targen_core.errors import RunDirectoryError, UsageError
from targen_core.exporters.model import Dataset
from targen_core.plain import read_plain
from targen_core.plugins.registry import Registry
from targen_core.runs.gate import SMALL
from targen_core.runs.manifest import Manifest
from targen_core.runs.naming import without_addresses
from targen_core.runs.official import lines_of, official_row, problem_in
from targen_core.runs.plan import find_task
from targen_core.tasks.model import Task

__all__ = ["read_dataset"]


def read_dataset(
    registry: Registry, source: Path, task: str | None = None, variants: Sequence[str] = ()
) -> Dataset:
    """The dataset of a run directory, or of a `.jsonl` file of `task`'s official rows.

    A run's variants are those of its manifest; for a file they may be given.

    Every row is validated by the task's schema, strictly: `"true"` is no truth
    value. A torn last line of a run that is going on is left out.

    Raises:
        UsageError: there is no such file, no row, or a row that is none of the
            task's, naming file, line and column; or `task` is missing, or
            given for a run.
        RunDirectoryError: a folder that is no run directory.
        UnknownName: the task is not installed.
    """
    if source.is_dir():
        return _of_run(registry, source, task, variants)
    if task is None:
        run = source.parent
        known = (run / "manifest.json").exists()
        raise UsageError(
            f"{source} does not say whose rows it holds",
            hint=f"give the run directory, {run}"
            if known
            else "--task NAME; see targen list-tasks",
        )
    _, found = find_task(registry, task, variants)
    hint = f"targen validate {source} --task {task} lists all such rows"
    return Dataset(source.stem, found, _rows(source, found, hint=hint))


def _of_run(registry: Registry, run: Path, task: str | None, variants: Sequence[str]) -> Dataset:
    if task is not None or variants:
        raise UsageError(
            f"{run} is a run directory and says itself whose rows it holds",
            hint="leave out --task and --variant",
        )
    manifest = Manifest.load(run / "manifest.json")
    made = manifest.task
    _, found = find_task(registry, manifest.task_name(run), made.variants)
    hint = "targen resume goes on with the run"
    if found.version != made.version:
        hint = (
            f"version {made.version} of the task made the rows, "
            f"version {found.version} is installed"
        )
    rows = _rows(run / "dataset.jsonl", found, may_be_torn=True, hint=hint)
    card = without_addresses(_card(run / "README.md"), manifest.steps.values())
    return Dataset(run.resolve().name, found, rows, card)


def _card(path: Path) -> str:
    """The dataset card of a run, or "" where there is none.

    Raises:
        RunDirectoryError: it cannot be read.
    """
    try:
        return read_plain(path, SMALL).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error


def _rows(
    path: Path, task: Task[Any, Any], *, hint: str, may_be_torn: bool = False
) -> list[dict[str, Any]]:
    lines = list(lines_of(path))
    if may_be_torn and lines and not path.read_bytes().endswith(b"\n"):
        lines.pop()
    rows = []
    for number, line in lines:
        try:
            rows.append(official_row(line, task))
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number} is no row of {task.name}: {problem_in(error)}", hint=hint
            ) from error
    if not rows:
        raise UsageError(f"{path} holds no row", hint=hint if may_be_torn else "")
    if may_be_torn:  # a run that was killed between the rows of one instance
        del rows[len(rows) - len(rows) % task.unit :]
    elif len(rows) % task.unit:
        raise UsageError(
            f"{path} has {len(rows)} rows; those of {task.name} come in groups of {task.unit}",
            hint=hint,
        )
    return rows
