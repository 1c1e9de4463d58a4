"""Common options of commands on datasets: the rows, and their task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.completion import completer

if TYPE_CHECKING:
    from targen_core.dataset.source import Source

SourceArg = Annotated[
    Path,
    typer.Argument(
        help="A run directory, a .jsonl, .csv or .parquet file, a folder that `export --as hf` or "
        "`datasets` saved, or hf:OWNER/NAME[:CONFIG[:SPLIT]].",
        show_default=False,
    ),
]
WhoseArg = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="NAME",
        help="The task of the rows, or its file; not needed for a run, which records it.",
        autocompletion=completer("task"),
    ),
]
EncodingArg = Annotated[
    str,
    typer.Option(
        "--encoding", help="The encoding of text files without a byte order mark, such as cp1252."
    ),
]


def task_name(source: Source, task: str | None) -> str | None:
    """Return the name of a dataset's task: the typed one, or that of the run."""
    return task or (source.task() if source.task is not None else None)
