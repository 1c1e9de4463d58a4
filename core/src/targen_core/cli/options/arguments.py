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
NumberArg = Annotated[
    int | None,
    typer.Option("-n", "--number", help="Number of rows, divided evenly among the labels."),
]
TotalArg = Annotated[
    int | None,
    typer.Option(
        "-n",
        "--number",
        help="Total number of rows, divided among the labels in the run's current proportions.",
    ),
]
LabelArg = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="LABEL=ROWS,...", help="Number of rows for each label that you list."
    ),
]
PresetArg = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="A named set of row counts, such as paper; see targen describe. With -n, rows are "
        "divided in the same proportions.",
        rich_help_panel=ROWS,
    ),
]
SuiteArg = Annotated[
    str | None,
    typer.Option(
        "--suite",
        metavar="PLUGIN",
        help="Generate rows for all tasks of a plugin, such as superglue.",
        rich_help_panel=ROWS,
    ),
]
ShardArg = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/K",
        help="Generate part I of K, to divide a run among K machines. Parts are numbered 1 to K, "
        "or 0 to K-1. -n is the number of rows of all parts together.",
        rich_help_panel=ROWS,
    ),
]
CorrectArg = Annotated[
    bool,
    typer.Option(
        "--correct/--no-correct", help="Self-correct the labels (step 4).", rich_help_panel=ROWS
    ),
]
BatchListsArg = Annotated[
    bool,
    typer.Option(
        "--batch-lists",
        help="With --batch, --delivery or --batch-offline: also send the calls of steps 1 and 2 "
        "this way. These calls then do not see each other's items.",
        rich_help_panel=BATCHES,
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
