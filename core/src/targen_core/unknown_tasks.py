"""Explain a name that is no task, by the files and folders of that name."""

from __future__ import annotations

import shlex
from pathlib import Path

from targen_core.errors import UnknownName
from targen_core.origin import DECLARED
from targen_core.places import what_is
from targen_core.plugins.registry import Registry
from targen_core.suggestions import near_path
from targen_core.text import printable
from targen_core.wording import Action, Blank


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
        hint = f"to continue the run: {Action('resume', path, n=Blank('N'))}"
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
