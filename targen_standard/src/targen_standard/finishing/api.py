"""The last step of a method: choose or weight the rows of its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_cli.outputs import check_free, check_own, put_folder, read_file
from targen_core.engine.quotas import Quotas
from targen_core.errors import UsageError
from targen_core.outputs import remove, write_file, writing
from targen_core.plain import digest_of
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.records.manifest import Manifest
from targen_core.wording import Action
from targen_standard.datasets.weighing import FILE
from targen_standard.methods.form import MethodFile, asked_in, options_of
from targen_standard.methods.model import Method

__all__ = ["finish_run", "finished", "rows_to_make", "unfinished_by"]


def unfinished_by(run: Path) -> str:
    """Return the method that has yet to choose or weight a run's rows, or "".

    Raises:
        UsageError: the copy of the run's task was not run on this machine before.
        RunDirectoryError: this is no run directory.
    """
    asked = _asked(run)
    if asked is None:
        return ""
    method: Method[Any] = load_registry().get("method", asked.use)
    return "" if method.finish is None else asked.use


def _asked(run: Path) -> MethodFile | None:
    """Return a run's request to a method; None for other runs."""
    manifest = Manifest.load(run / "manifest.json")
    return asked_in(manifest.task_name(run)) if manifest.task_file else None


def finish_run(run: Path, out: Path, registry: Registry, *, force: bool = False) -> None:
    """Let a run's method choose or weight its rows, by its recorded options.

    Args:
        run: the run's directory, which stays as it is.
        out: the folder for what is trained on.
        registry: finds the method.
        force: replace what was left there before.

    Raises:
        UsageError: no method made the run, it leaves rows as they are, something is in the way, or
            the method cannot use these rows.
        RunDirectoryError: this is no run directory.
        MissingDependency: the method lacks a package.
        WriteFailed: the operating system refuses.
    """
    asked = _asked(run)
    if asked is None:
        raise UsageError(
            f"no method made {run}, so its rows need no finishing",
            hint=Action("resume", run) + " continues a run that was stopped",
        )
    method: Method[Any] = registry.get("method", asked.use)
    if method.finish is None:
        raise UsageError(
            f"{asked.use} takes rows as they are made: {run} is what is trained on",
            hint=Action("reweigh", run) + " weights the rows of any run",
        )
    check_free(out, "weighted rows", FILE, force=force)
    options = options_of(asked.use, method, asked.preset, asked.options)
    beside = out.with_name(f".{out.name}.finished")
    remove(beside)
    try:
        with writing(out):
            method.finish(run, options, beside)
        put_folder(beside, out)
    finally:
        remove(beside)


def finished(run: Path, out: Path, registry: Registry) -> tuple[Path, str]:
    """Return the rows of a run to train on: those that its method made, or the run's own.

    They are made unless they exist, from the very same rows, and made anew if the run has grown.

    Args:
        run: the run's directory.
        out: the folder for what its method makes of its rows.
        registry: finds the method.

    Returns:
        `out`, or `run` where no method has anything to do with its rows, or can make nothing of
        them; and why it cannot, or "".

    Raises:
        RunDirectoryError: this is no run directory.
        MissingDependency: the method lacks a package.
        WriteFailed: the operating system refuses.
    """
    if not unfinished_by(run):
        return run, ""
    stamp = out.with_name(f"{out.name}.of")
    check_own(out.parent, f"{out.name}/", stamp.name)
    digest = digest_of(run / "dataset.jsonl", inside=run)
    if read_file(stamp) == digest:
        return out, ""
    remove(out)
    try:
        finish_run(run, out, registry)
    except UsageError as error:
        return run, f"used as generated, neither selected nor weighted: {error}"
    write_file(stamp, digest)
    return out, ""


def rows_to_make(task: str, n: int, registry: Registry) -> Mapping[str, int] | None:
    """Return the rows per label that a run makes if its method then chooses `n`, evenly.

    Args:
        task: the task's name or file.
        n: rows that are wanted in the end.
        registry: finds task and method.

    Returns:
        For each label its even share of `n` times the number made per kept row; None if
        all rows that are made are kept.

    Raises:
        UsageError: the file does not exist or is not a task, or `n` cannot be split.
    """
    asked = asked_in(task)
    if asked is None:
        return None
    method: Method[Any] = registry.get("method", asked.use)
    each = method.made_for_each(options_of(asked.use, method, asked.preset, asked.options))
    if each == 1:
        return None
    quotas = Quotas.even(n, registry.get("task", task))
    return {name: quotas[name] * each for name in quotas}
