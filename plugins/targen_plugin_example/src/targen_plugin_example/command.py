"""A command of our own: `targen desk RUN` shows tickets as a support desk would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from targen_core import read_dataset


def desk(
    run: Annotated[Path, typer.Argument(help="A run directory of tickets.", show_default=False)],
    count: Annotated[int, typer.Option("-n", "--number", help="Number of tickets to show.")] = 5,
) -> None:
    """Show the tickets of a run, the urgent ones first.

    Example:
    - targen desk runs/tickets-0
    """
    tickets = sorted(read_dataset(run), key=lambda row: row["label"] != "urgent")
    for ticket in tickets[:count]:
        typer.echo(f"{ticket['label']:8} {ticket['text']}")
