"""`targen replay`: repeat a run from its journal, with a change but without making calls."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.commands.report import with_concerns
from targen_core.cli.completion import completer
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import QuietArg, ReportJsonArg, TotalArg
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import JobFailed
from targen_core.options import RowOptions
from targen_core.runs.config import CountOptions, ModelFlags
from targen_core.runs.shortcuts import rows, shortcuts
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.api.run import Run

RunToReadArg = Annotated[
    Path, typer.Argument(help="A run directory; it is not modified.", show_default=False)
]
TaskAsItIsArg = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="The current task: a name or a file. [default: the run's own]",
        autocompletion=completer("task"),
    ),
]
ROWS_AS_THEY_WERE = (
    CountOptions.declared("labels", "correct"),
    RowOptions.declared("corrector", "checks", "filters", "unsure"),
    {name: option for name, option in shortcuts().items() if name != "exclude"},
)
"""Options that stay as in the run if they are left out."""


@takes(
    unchanged=(
        *ROWS_AS_THEY_WERE,
        ModelFlags.declared("options"),
    )
)
def replay(
    run: RunToReadArg,
    out: Annotated[
        Path | None, typer.Option("--out", help="The new run directory. [default: RUN-replay]")
    ] = None,
    task: TaskAsItIsArg = None,
    n: TotalArg = None,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    *,
    said: Said,
) -> None:
    """Repeat a run from its journal with one change, without making any calls.

    Rebuilds rows from the recorded replies. A candidate that would need a new call does not get a
    verdict, and is listed with the reason. targen resume makes these calls and completes the run.
    Exits with 1 if no candidate has a recorded reply.

    Examples:
    - targen replay runs/rte-0 --near-duplicates 80
    - targen replay runs/reviews-0 --task reviews.yaml --out runs/stricter
    - targen replay runs/rte-0 --corrector vote -o vote.votes=5 --out runs/voted
    """
    from targen_core.runs.event_loops import finish
    from targen_standard.replaying.api import replayed

    made = finish(
        replayed(
            run,
            out,
            task=task,
            n=n,
            options=said.of(ModelFlags).values,
            **said.part(CountOptions, rows()),
        )
    )
    if json:
        print_json(with_concerns(made.report.raw, made.path))
    elif quiet:
        print(made.path / "dataset.jsonl")
    else:
        _print(run, made)
    found: dict[str, Any] = made.report.raw["replay"]
    needed = found["needed"]
    if needed and quiet and not json:
        print(_how_to_resume(made.path, needed), file=sys.stderr)
    if needed and not (found["waiting"] or _has_verdicts(made.path)):
        raise JobFailed(
            f"targen could not replay any row of {run}: {needed[0]['why']}",
            hint=f"to generate all rows again: targen resume {shlex.quote(str(made.path))}",
        )


def _has_verdicts(run: Path) -> bool:
    return any((run / name).stat().st_size for name in ("dataset.jsonl", "rejects.jsonl"))


def _how_to_resume(run: Path, needed: Sequence[Mapping[str, Any]]) -> str:
    calls = plural(sum(each["calls"] for each in needed), "missing call")
    return f"to make {calls} and any that follow: targen resume {shlex.quote(str(run))}"


def _print(run: Path, made: Run) -> None:
    from targen_core.cli.commands.report import print_reasons, rows_by_label
    from targen_standard.comparing.command import print_rows
    from targen_standard.comparing.difference import row_difference

    report = made.report.raw
    replayed: dict[str, Any] = report["replay"]
    print(f"{run}, replayed without making any calls")
    for words in replayed["changed"] or ["nothing"]:
        print(f"changed: {words}")
    print("\nRows (final labels)")
    rows = rows_by_label(report["rows"], report["requested"])
    print_table(["label", "rows", "requested"], rows)
    print_reasons(report)
    print(f"\nCompared with the rows of {run} (-)")
    print_rows(row_difference(run, made.path))
    needed = replayed["needed"]
    if needed:
        print("\nMissing calls")
        names = ("step", "prompt", "why", "calls", "candidates")
        print_table(names, [[each[name] for name in names] for each in needed])
        print(f"\n{_how_to_resume(made.path, needed)}")
    elif report["problem"]:
        print(f"\n{report['problem']}")
    print(f"\nto see what else differs: targen diff {shlex.join([str(run), str(made.path)])}")
    print(f"\n{made.path / 'dataset.jsonl'}")
