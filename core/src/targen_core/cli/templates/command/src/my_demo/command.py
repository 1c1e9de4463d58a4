"""(1) What the command does: here it counts the rows of a dataset by label.

typer reads the options and the help off the function. Import what is large inside it.
"""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    data: Annotated[str, typer.Argument(help="A run directory, or a file of rows.")],
    task: Annotated[str, typer.Option("--task", help="The task of the rows.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Count the rows of a dataset by label.

    Example:
    - targen my-demo runs/rte-0
    """
    from collections import Counter
    from json import dumps

    from targen_core import read_dataset
    from targen_core.origin import Typed

    # What a person types is an order: it may name a file. `Typed` says so.
    rows = read_dataset(Typed(data), Typed(task) if task else None)
    counts = Counter(str(row.get("label", "")) for row in rows)
    if json:
        typer.echo(dumps(counts))
        return
    for label, count in sorted(counts.items()):
        typer.echo(f"{count:6,} {label}")
