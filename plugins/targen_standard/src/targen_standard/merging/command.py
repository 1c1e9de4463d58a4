"""`targen merge`: several runs of a task as one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import ROWS, QuietArg, ReportJsonArg
from targen_core.errors import UsageError
from targen_core.runs.config import CountOptions
from targen_core.text import printable
from targen_standard.filters.excluded import ExclusionOptions
from targen_standard.filters.near_duplicates import NearDuplicateOptions

_EXCLUDE = ExclusionOptions.declared("exclude")


@takes(CountOptions.declared("labels"), unchanged=(NearDuplicateOptions, _EXCLUDE))
def merge(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Run directories.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The run directory to create.", show_default=False),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            help="Number of rows, split evenly across the labels. [default: the sum of the runs' "
            "targets, or of their rows if only some transformed existing data]",
            show_default=False,
        ),
    ] = None,
    conflicting: Annotated[
        bool,
        typer.Option(
            "--conflicting",
            help="Also merge runs that contradict each other: with different prompts, different "
            "versions of the task, different replies to the same calls, or different excluded "
            "datasets.",
            rich_help_panel=ROWS,
        ),
    ] = False,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    *,
    said: Said,
) -> None:
    """Merge runs of one task, such as shards, into one run directory.

    Takes rows from the runs in turn, with exact numbers for each label and without near-duplicates.
    The same runs give the same bytes in any order. targen does not call a model. Runs of targen
    transform and targen generate can be merged if their rows have the same columns and labels.

    Examples:
    - targen merge runs/rte-0-shard-*of8 --out runs/rte
    - targen merge runs/rte-0 runs/rte-1 --out runs/both -n 1000
    - targen merge runs/transformed runs/generated --out runs/both
    """
    from targen_core.cli.commands.report import print_report, say_what_is_next, with_concerns
    from targen_core.cli.tables import print_json
    from targen_core.plugins.loader import load_registry
    from targen_standard.merging.merge import merge_runs

    if out is None:
        raise UsageError(
            "the merged run needs a folder; give --out",
            hint="targen merge RUN... --out runs/merged",
        )
    come = merge_runs(
        load_registry(),
        runs,
        out,
        n=n,
        conflicting=conflicting,
        **said.values,
    )
    for note in (*come.warnings, *(() if quiet else come.notes)):
        print(printable(note), file=sys.stderr)
    if json:
        print_json(with_concerns(come.report, out))
    elif quiet:
        print(out / "dataset.jsonl")
    else:
        print_report(come.report, out, problem=False)
        say_what_is_next(out)
    if come.short is not None:
        raise come.short
