"""`targen runs`: what lies in a folder of runs, and taking one away."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core.runs.shelf import Shelved

__all__ = ["print_runs", "runs"]


def runs(
    action: Annotated[str, typer.Argument(metavar="[list|rm]", help="What to do.")] = "list",
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="list: a folder of runs, by default runs/. rm: run directories.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="rm: do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="list: print JSON for programs.")] = False,
) -> None:
    """List runs, or remove some.

    What was paid for stays in the cache: the same run again asks for nothing twice.

    Examples:
    - targen runs
    - targen runs list runs/superglue
    - targen runs rm runs/rte-0 runs/rte-0-2
    """
    from targen_core.runs.shelf import runs_in

    if action == "list":
        if len(paths or ()) > 1:
            raise UsageError("runs list takes one folder", hint="targen runs list runs")
        shelved = list(runs_in((paths or [Path("runs")])[0]))
        if json:
            print_json([_facts(each) for each in shelved])
        else:
            print_runs(shelved)
    elif action == "rm":
        _remove(paths or [], yes=yes)
    else:
        raise UsageError(
            f"runs {action}: there is no such action",
            hint="targen runs list [FOLDER], or targen runs rm RUN",
        )


def print_runs(shelved: Sequence[Shelved]) -> None:
    """Print a table of runs, the unreadable ones with the reason behind it."""
    print_table(
        ["run", "task", "status", "rows", "of", "dollars", "created"],
        [
            (
                each.path,
                facts["task"].rpartition(":")[2] or "?",
                facts["status"],
                facts["rows"],
                facts["target"],
                "?" if facts["dollars"] is None else f"{facts['dollars']:.2f}",
                each.created[:16].replace("T", " "),
            )
            for each in shelved
            for facts in [_facts(each)]
        ],
    )
    for each in shelved:
        if each.problem:
            print(f"{each.path}: {each.problem}", file=sys.stderr)


def _facts(each: Shelved) -> dict[str, Any]:
    report = each.report
    usage = report.get("usage", {})
    return {
        "path": str(each.path),
        "task": report.get("task", ""),
        "status": each.status,
        "rows": sum(report.get("rows", {}).values()),
        "target": sum(report.get("requested", {}).values()),
        "dollars": usage["total"]["dollars"] if usage.get("priced") else None,
        "created": each.created,
        "problem": each.problem,
    }


def _remove(paths: Sequence[Path], *, yes: bool) -> None:
    from targen_core.runs.shelf import remove

    if not paths:
        raise UsageError("runs rm takes the runs to remove", hint="targen runs rm runs/rte-0")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to be asked", hint="--yes removes without asking")
        named = ", ".join(map(str, paths))
        if not typer.confirm(f"Remove {named}?", err=True):
            raise typer.Exit(1)
    for path in paths:
        if left := remove(path):
            print(f"{path}: removed, but for {', '.join(left)}")
        else:
            print(f"{path}: removed")
