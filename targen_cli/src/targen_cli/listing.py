"""`targen list-tasks` and the lists of all other kinds: one command for each row of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from targen_cli.inventory import show_registered
from targen_core.plugins.kinds import Kind

__all__ = ["listing_of"]


def listing_of(kind: Kind) -> Callable[..., Any]:
    """Return the command that lists what is registered of a kind."""

    def show(
        json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    ) -> None:
        show_registered(kind.listing, json=json)

    show.__doc__ = (
        f"{kind.lists or f'List the {kind.plural} that are installed.'}\n\n"
        f"Example: targen {kind.listing}{' --json' if kind.name == 'task' else ''}\n"
    )
    return show
