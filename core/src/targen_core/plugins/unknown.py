"""Hints for names that are not installed."""

from __future__ import annotations

import shlex
from pathlib import Path

from targen_core.errors import UnknownName
from targen_core.hints import and_also, did_you_mean, near_path, quoted
from targen_core.origin import DECLARED
from targen_core.places import what_is
from targen_core.plugins.register import FILE
from targen_core.plugins.registry import Registry
from targen_core.text import plural, printable


def explain(error: UnknownName, registry: Registry, kind: str, name: str) -> None:
    """Add the hint to an error: what was meant, or where to look."""
    before, colon, bare = name.rpartition(":")
    items = registry.all(kind)
    names = [item.name for item in items]
    names += [alias for item in items for alias in item.aliases]
    theirs = [plugin for plugin in registry.plugins if plugin.distribution == before]
    if kind == "task" and not theirs and (unknown := no_task(registry, name)):
        error.args, error.hint = unknown.args, unknown.hint
        return
    if kind == "task" and before == FILE:
        hint = f"pass the path of the task's file, such as ./{bare}.yaml"
    elif any(plugin.state != "ok" for plugin in theirs):
        hint = f"{before} is installed, but not all of it is loaded"
    elif theirs:
        its = [item.name for item in items if item.distribution == before]
        hint = f"the installed {before} {theirs[0].version} does not have it"
        hint = and_also(hint, did_you_mean(bare, its, "it has")) if its else hint
    elif kind == "backend" and colon and before in names:
        hint = f"did you mean {before}/{bare}?"
    elif names:
        hint = did_you_mean(bare, names, "one of")
    elif kind not in registry.kinds:
        hint = did_you_mean(kind, [*registry.kinds], "kinds")
    else:
        hint = f"install a plugin that provides a {kind}"
    if names and kind in registry.kinds and registry.kinds[kind].listing:
        hint = and_also(hint, f"see: targen {registry.kinds[kind].listing}")
    error.hint = and_broken(registry, hint)
    if disabled := [plugin for plugin in registry.plugins if plugin.state == "disabled"]:
        left_out = ", ".join(f"{p.distribution} ({p.entry_point})" for p in disabled)
        error.hint = and_also(error.hint, f"disabled by TARGEN_DISABLE_PLUGINS: {left_out}")


def and_broken(registry: Registry, hint: str) -> str:
    """Return a hint that also mentions the plugins that failed to load, if any did."""
    broken = sum(plugin.state in ("broken", "incompatible") for plugin in registry.plugins)
    said = f"{plural(broken, 'plugin')} failed to load, see: targen plugins"
    return and_also(hint, said) if broken else hint


def no_task(registry: Registry, name: str) -> UnknownName | None:
    """Return the error for the name of a task that is a file's, a folder's or a description."""
    problem, hint = f"no task named {name!r} is installed", ""
    path = Path(name)
    others = (f"{name}{end}" for end in DECLARED)
    if len(name.split()) > 1:
        problem = f"no task named {printable(name, lines=False, max_length=60)!r} is installed"
        hint = "to describe a task, create a file with targen init-task --blank"
    elif beside := next((other for other in others if what_is(Path(other)) == "file"), ""):
        hint = f"did you mean the file {beside}?"
    elif what_is(path / "manifest.json") == "file":
        problem = f"{name} is a run directory, not a task"
        hint = f"to continue the run: targen resume {quoted(path)} -n N"
    elif what_is(path / "pyproject.toml") == "file":
        problem = f"{name} is the source code of a plugin, not a task"
        hint = f"run pip install -e {shlex.quote(name)}; to list its parts: targen plugins"
    elif what_is(path / "__init__.py") == "file":
        problem = f"{name} is a Python package, not a task"
        hint = "give the name of a part that it registers; to list them: targen plugins"
    elif what := what_is(path):
        read = [f".{item.name}" for item in registry.everything() if item.kind == "reader"]
        if what == "file" and path.suffix in read:  # of a plugin, so it may also be a task's name
            return UnknownName(problem, hint=f"did you mean the file ./{name}?")
        problem = f"{name} is a {what} that does not contain a task"
        hint = f"a task file's name must end in one of {', '.join(read or DECLARED)}"
    elif path.suffix:
        hint = near_path(path, lambda each: each.suffix in DECLARED, usual=str(path.parent))
    return UnknownName(problem, hint=hint) if hint else None
