"""Hints for names that are not installed."""

from __future__ import annotations

from pathlib import Path

from targen_core.errors import UnknownName
from targen_core.hints import and_also, did_you_mean, near_path, quoted
from targen_core.origin import DECLARED
from targen_core.places import what_is
from targen_core.plugins.registry import Registry
from targen_core.text import plural


def explain(error: UnknownName, registry: Registry, kind: str, name: str) -> None:
    """Add the hint to an error: the nearest names, and plugins that were not loaded."""
    before, _, bare = name.rpartition(":")
    items = [item for item in registry.all(kind) if before in ("", item.distribution)]
    names = [each for item in items for each in (item.name, *item.aliases)]
    hint = did_you_mean(bare, names, "one of") or f"install a plugin that provides a {kind}"
    if kind not in registry.kinds:
        hint = did_you_mean(kind, [*registry.kinds], "kinds")
    elif listing := registry.kinds[kind].listing:
        hint = and_also(hint, f"see: targen {listing}")
    if kind == "task" and (other := no_task(registry, name)):
        error.args, hint = other.args, other.hint
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
    """Return the error for a task's name that is a path; None if the path does not exist."""
    path = Path(name)
    if what_is(path / "manifest.json") == "file":
        return UnknownName(
            f"{name} is a run directory, not a task",
            hint=f"to continue the run: targen resume {quoted(path)} -n N",
        )
    if what := what_is(path):
        read = [f".{item.name}" for item in registry.everything() if item.kind == "reader"]
        if what == "file" and path.suffix in read:  # of a plugin, so it may also be a task's name
            return UnknownName(
                f"no task named {name!r} is installed", hint=f"did you mean the file ./{name}?"
            )
        return UnknownName(
            f"{name} is a {what} that does not contain a task",
            hint=f"a task file's name must end in one of {', '.join(read or DECLARED)}",
        )
    if path.suffix and (near := near_path(path)):
        return UnknownName(f"no task named {name!r} is installed", hint=near)
    return None
