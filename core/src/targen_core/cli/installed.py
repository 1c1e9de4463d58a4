"""Commands that plugins bring: `targen NAME`, or `targen DISTRIBUTION:NAME`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from targen_core.cli.commands import EVERYDAY, FIRST_PANEL, OTHERS, PANELS
from targen_core.errors import PluginError, UsageError
from targen_core.hints import did_you_mean, suggestions_for
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.plugins.unknown import and_broken


def named_commands(registry: Registry) -> list[tuple[str, Registration[Any]]]:
    """Return how to type each command of a plugin: its name, or its id if two share the name."""
    named = []
    for item in registry.all("command"):
        try:
            is_meant = registry.find("command", item.name) is item
        except UsageError:
            is_meant = False
        named.append((item.name if is_meant else item.id, item))
    return named


def panel_of(item: Registration[Any]) -> str:
    """The part of the help that shows a plugin's command."""
    if item.name in EVERYDAY:
        return FIRST_PANEL
    return item.panel if item.panel in PANELS else OTHERS


def is_command(registry: Registry, name: str) -> bool:
    """Return whether a plugin has a command of that name or id."""
    return any(name in (item.name, item.id) for item in registry.all("command"))


def add_command(to: typer.Typer, registry: Registry, name: str, **how: Any) -> None:
    """Add a plugin's command, in its panel; `how` is what `Typer.command` takes.

    A command that cannot be imported reports this when it is called, and does not break the help.

    Raises:
        UsageError: two distributions have a command of that name.
    """
    item = registry.find("command", name)
    how = {"epilog": _below(registry, item.name), "rich_help_panel": panel_of(item), **how}
    try:
        to.command(name=name, **how)(registry.resolve(item))
    except PluginError as error:
        summary = f"{item.summary} (cannot be used: see targen plugins)".strip()
        any_words = {"ignore_unknown_options": True, "allow_extra_args": True}
        to.command(name=name, help=summary, context_settings=any_words, **how)(_refusing(error))


def _below(registry: Registry, name: str) -> str | None:
    """The commands of two words that begin with this one, as the end of its help."""
    lines = [
        f"- targen {item.name}: {item.summary}"
        for item in registry.all("command")
        if item.name.startswith(f"{name} ")
    ]
    # An epilog has its single line ends taken out.
    return "\n\n".join(["Related commands:", *lines]) if lines else None


def _refusing(error: PluginError) -> Callable[..., Any]:
    def refuse(ctx: typer.Context) -> None:
        raise error

    return refuse


def unknown_command(registry: Registry, name: str, known: list[str]) -> UsageError:
    """Return the error for an unknown command."""
    near = suggestions_for(name, known)  # all of them would fill a screen
    hint = did_you_mean(name, near, "") if near else "targen --help lists the commands"
    return UsageError(f"there is no command {name!r}", hint=and_broken(registry, hint))
