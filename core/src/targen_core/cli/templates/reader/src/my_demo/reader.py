"""(1) How a file becomes a task: here by lines, the description first and then the labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.task_files import TaskFile, TaskReader
from targen_standard.task_files.model import Declaration


def _declaration(path: Path, name: str) -> Declaration:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        raise UsageError(f"{path}: it must have a description and two labels, a line each")
    labels = {}
    for line in lines[1:]:
        label, colon, meaning = line.partition(":")
        if not colon:
            raise UsageError(f"{path}: {line[:80]!r} is not LABEL: MEANING")
        labels[label.strip()] = meaning.strip()
    return Declaration(name=name, description=lines[0].strip(), labels=labels)


def _read(name: Typed) -> TaskFile:
    """Read a task, and say what a run keeps of it.

    The run's copy is a declaration, `task.json`, so that a run is resumed without this plugin.
    """
    path = Path(name)
    declaration = _declaration(path, path.stem)
    return TaskFile(declaration.task(), "task.json", declaration.as_json())


def _packaged(path: Path, name: str) -> Task[Any, Any]:
    """Read a task that a plugin registers as a file in its package."""
    return _declaration(path, name).task()


READER = TaskReader(read=_read, packaged=_packaged)
