"""Arms whose rows are made by another method, as table 12 compares: a task file for each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.cli.estimating import estimate
from targen_core.errors import JobFailed, UnknownName, UsageError
from targen_core.hints import install
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_core.task_files import note_own_copy
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import FORM, METHOD, MethodFile
from targen_standard.methods.model import Method


def method_file(
    registry: Registry, use: str, task: str, *, given: Path | None, settings: str, folder: Path
) -> Path:
    """The task file of a method for a task, called as the task is.

    Args:
        registry: finds the method.
        use: the method's name.
        task: the task's name.
        given: rows of the task, for a method that needs or accepts some.
        settings: the method's options by a name, if it knows it.
        folder: where the file is written.

    Raises:
        UsageError: the method is unknown.
        WriteFailed: the operating system refuses.
    """
    try:
        method: Method[Any] = registry.get("method", use)
    except UnknownName as error:
        raise UsageError(
            f"the method {use} is not installed", hint=install("targen-methods")
        ) from error
    columns = Columns.of(registry.get("task", task))
    spec = MethodFile(
        use=use,
        task=task,
        given=() if given is None or not method.takes_given(columns) else (str(given.resolve()),),
        preset=settings if settings in method.presets else "",
    )
    text = METHOD.text(FORM, METHOD.located(spec, Path.cwd()), task)
    note_own_copy(path := write_file(folder / use / f"{task}.json", text))
    return path


def able_file(
    registry: Registry,
    use: str,
    task: str,
    given: Path,
    settings: str,
    values: Mapping[str, Any],
    folder: Path,
) -> tuple[Path, str, str]:
    """Write a method's task file for a model, without settings that the model does not support.

    Args:
        registry: finds method and task.
        use: see `method_file`.
        task: see `method_file`.
        given: see `method_file`.
        settings: see `method_file`.
        values: what `targen_core.generate` is called with.
        folder: see `method_file`.

    Returns:
        The file, and what keeps the model from it, such as probabilities that it does not report,
            or "";
        and why the settings are left out, or "".
    """
    first = ""
    for named in (settings, ""):
        path = method_file(registry, use, task, given=given, settings=named, folder=folder)
        why = _lacking(registry, Typed(path), values)
        if not why:
            break
        first = first or why
    return path, why, "" if why else first


def _lacking(registry: Registry, task: str, values: Mapping[str, Any]) -> str:
    """Return in a few words what keeps a model from making rows of a task, or ""."""
    known = {key: values[key] for key in ("model", "options") if key in values}
    try:
        estimate(task, n=2, registry=registry, **known)
    except UsageError as error:
        return str(error)
    except JobFailed:
        pass  # what its dry run cannot do, the run itself may
    return ""


def unwritable(registry: Registry, task: str) -> str:
    """Why no method writes rows of a task, such as ones that are more than texts; "" if any may.

    Args:
        registry: finds the task.
        task: its name or file.
    """
    try:
        Columns.of(registry.get("task", task))
    except UsageError as error:
        return str(error)
    return ""
