"""`targen list KIND`, and `targen list-tasks` and others for the kinds that people use most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from targen_core.cli.commands.inventory import show_kinds, show_registered
from targen_core.cli.completion import complete_kind
from targen_core.cli.options.arguments import JsonArg
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.plugins.kinds import Kind


def list_installed(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="A kind, such as reader.", autocompletion=complete_kind
        ),
    ] = "",
    json: JsonArg = False,
) -> None:
    """List the installed parts of a kind, or all kinds.

    Examples:
    - targen list
    - targen list readers
    - targen list command --json
    """
    if not kind:
        show_kinds(json=json)
    elif not show_registered(kind, json=json):
        from targen_core.plugins.loader import load_registry

        raise UsageError(
            f"unknown kind {kind!r}", hint=did_you_mean(kind, load_registry().kinds, "one of")
        )


def listing_of(kind: Kind) -> Callable[..., Any]:
    """Return the command that lists what is registered of a kind."""

    def show(json: JsonArg = False) -> None:
        show_registered(kind.listing, json=json)

    show.__doc__ = (
        f"List the installed {kind.plural}.\n\n"
        f"Example: targen {kind.listing}{' --json' if kind.name == 'task' else ''}\n"
    )
    return show
