"""Arguments and switches that commands share, each declared once.

Options that a model declares are in `targen_core.options` and `targen_core.runs.config`, which read
pydantic: commands that only list things start without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.completion import completer

ROWS, BATCHES, OUTPUT = "Rows", "Batches", "Output"
"""Panels of the help; the first two are also those of options with models."""

complete_task = completer("task")
_task = typer.Argument(
    help="A task: NAME, DISTRIBUTION:NAME or FILE.",
    show_default=False,
    autocompletion=complete_task,
)
TaskArg = Annotated[str, _task]
SomeTaskArg = Annotated[str | None, _task]
RunArg = Annotated[Path, typer.Argument(help="A run directory.", show_default=False)]
TotalArg = Annotated[
    int | None,
    typer.Option(
        "-n",
        "--number",
        help="Total number of rows, divided among the labels in the run's current proportions.",
    ),
]
SuiteArg = Annotated[
    str | None,
    typer.Option(
        "--suite",
        metavar="PLUGIN",
        help="Generate rows for all tasks of a plugin, such as superglue, each in a folder of "
        "--out. Row counts apply to each task, the budget to all of them together.",
        rich_help_panel=ROWS,
    ),
]
YesArg = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help="Start without asking for confirmation, whatever the estimated cost."
    ),
]
QuietArg = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print only the path of the dataset.", rich_help_panel=OUTPUT
    ),
]
ReportJsonArg = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON.", rich_help_panel=OUTPUT)
]
JsonArg = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_STRICT = "Exit with 1 if the report flags a problem with the rows."
StrictArg = Annotated[bool, typer.Option("--strict", help=_STRICT)]
StrictRunArg = Annotated[bool, typer.Option("--strict", help=_STRICT, rich_help_panel=OUTPUT)]
