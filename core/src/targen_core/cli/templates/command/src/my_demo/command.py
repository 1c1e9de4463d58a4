"""(1) What the command does; typer reads its arguments. Import what is large inside it."""

from collections import Counter
from typing import Annotated

import typer


def command(
    data: Annotated[str, typer.Argument(help="A run directory, or a file of rows.")],
    task: Annotated[str, typer.Option(help="The task of the rows.")] = "",
) -> None:
    """Count the rows of a dataset by label.

    Example:
    - targen my-demo runs/rte-0
    """
    from targen_core import read_dataset

    rows = read_dataset(data, task or None)
    for label, count in Counter(str(row["label"]) for row in rows).items():
        typer.echo(f"{count:6,} {label}")
