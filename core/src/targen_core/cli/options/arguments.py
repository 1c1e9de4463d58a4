"""Arguments and switches that commands share, each declared once.

Options that a model declares are in `cli.request` and `targen_core.options`, which read pydantic:
commands that only list things start without it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.errors import UsageError

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


def pairs(items: Sequence[str], option: str, example: str, *, last: bool = False) -> dict[str, str]:
    """`NAME=VALUE` items as a dict, split at the first `=`, or the `last` if names may have some.

    Raises:
        UsageError: an item without `=`, or a name given twice.
    """
    values: dict[str, str] = {}
    for item in items:
        name, equals, value = item.rpartition("=") if last else item.partition("=")
        if not equals or not name or not value:
            spelt = re.fullmatch(r"([^:=,{}\"]+?)\s*[:\s]\s*([^:,\s{}\"]+)", item)
            usual = example.partition("=")[2]
            typed = example
            if spelt and spelt[2].isdigit() == usual.isdigit():
                typed = f"{spelt[1]}={spelt[2]}"
            elif re.fullmatch(r"[\w -]*\w", item):
                typed = f"{item}={usual}"
            hint = f"{option} {shlex.quote(typed)}"
            raise UsageError(f"{option} {item!r} is not NAME=VALUE", hint=hint)
        if name in values:
            raise UsageError(f"{option} contains {name} twice", hint="keep one of them")
        values[name] = value
    return values


def labels_of(items: Sequence[str] | None) -> dict[str, int]:
    """Rows by label, as --label says: once for each, or of several with commas between them.

    Raises:
        UsageError: an item is not LABEL=ROWS.
    """
    labels: dict[str, int] = {}
    single = [part for item in items or () for part in _parts(item)]
    for name, text in pairs(single, "--label", "LABEL=40", last=True).items():
        if text.startswith("+"):
            raise UsageError(
                f"--label {name}={text}: a number of rows is a total, so it has no sign",
                hint="add the rows that the label has to those that you want",
            )
        try:
            labels[name] = int(text)
        except ValueError:
            raise UsageError(
                f"--label {name}={text}: {text!r} is not a number of rows",
                hint=f"--label {shlex.quote(f'{name}=40')}; for several labels: --label A=40,B=20",
            ) from None
    return labels


def _parts(item: str) -> list[str]:
    """Split an item into labels; a name may contain commas, since its parts have no `=`."""
    parts: list[str] = []
    for part in item.split(","):
        if parts and "=" not in parts[-1]:
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return [part.strip() for part in parts] if "=" in parts[-1] else [item]
