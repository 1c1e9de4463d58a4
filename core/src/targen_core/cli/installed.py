"""Commands that plugins bring: `targen NAME`, or `targen DISTRIBUTION:NAME`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from targen_core.errors import PluginError, UsageError
from targen_core.plugins.registry import Registry
from targen_core.suggestions import did_you_mean

__all__ = ["add_command", "command_names", "is_command", "unknown_command"]

_ELSEWHERE = {
    "analyze": "targen-analysis",
    "catalogue": "targen-datatune",
    "retrieve": "targen-datatune",
    "transform": "targen-datatune",
    "train": "targen-training",
    "evaluate": "targen-training",
}
"""Commands of ours that the core does not have -> the package to install."""


def command_names(registry: Registry) -> list[str]:
    """What to type for each command of a plugin: its name, or its id where two have the name."""
    items = registry.all("command")
    names = [item.name for item in items]
    return [item.name if names.count(item.name) == 1 else item.id for item in items]


def is_command(registry: Registry, name: str) -> bool:
    """Whether a plugin has a command of that name or id."""
    return any(name in (item.name, item.id) for item in registry.all("command"))


def add_command(to: typer.Typer, registry: Registry, name: str, **how: Any) -> None:
    """Add a plugin's command; `how` is what `Typer.command` takes.

    One that cannot be imported says so when it is called, and spoils nobody's help.

    Raises:
        AmbiguousName: two distributions have a command of that name.
    """
    item = registry.find("command", name)
    try:
        to.command(name=name, **how)(registry.resolve(item))
    except PluginError as error:
        summary = f"{item.summary} (cannot be used: see targen plugins)".strip()
        any_words = {"ignore_unknown_options": True, "allow_extra_args": True}
        to.command(name=name, help=summary, context_settings=any_words, **how)(_refusing(error))


def _refusing(error: PluginError) -> Callable[..., Any]:
    def refuse(ctx: typer.Context) -> None:
        raise error

    return refuse


def unknown_command(registry: Registry, name: str, known: list[str]) -> UsageError:
    """The error for a command that nobody has."""
    hint = f"{did_you_mean(name, known, 'the commands are')}; see: targen --help"
    lame = sum(plugin.state == "broken" for plugin in registry.plugins)
    if name in _ELSEWHERE:
        hint = f"pip install '{_ELSEWHERE[name]}'"
    if lame:
        hint += f"; plugins that failed to load: {lame}, see: targen plugins"
    return UsageError(f"there is no command {name!r}", hint=hint)
