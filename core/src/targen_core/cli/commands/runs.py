"""`targen runs`: what lies in a folder of runs, and taking one away."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.asking import confirmed
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core.cli.commands.shelf import Shelved


def runs(
    action: Annotated[
        str, typer.Argument(metavar="[list|rm]", help="The action.", show_default=False)
    ] = "list",
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="For list: a folder of runs [default: runs/]. For rm: run directories.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="For rm: do not ask for confirmation.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="For list: print JSON for programs.")
    ] = False,
) -> None:
    """List runs, or remove runs.

    The cache keeps replies that you have paid for, so generating a removed run again does not
    repeat its calls.

    Examples:
    - targen runs
    - targen runs list runs/superglue
    - targen runs rm runs/rte-0 runs/rte-0-2
    """
    given = paths or []
    if action not in ("list", "rm") and Path(action).is_dir():
        action, given = "list", [Path(action), *given]
    if action == "list":
        _list(given, json=json)
    elif action == "rm":
        _remove(given, yes=yes)
    else:
        named = " ".join(map(shlex.quote, map(str, given))) or "RUN"
        raise UsageError(
            f"runs {action}: no such action or folder",
            hint=f"targen runs rm {named}"
            if action in ("delete", "del", "remove")
            else "targen runs list [FOLDER], or targen runs rm RUN",
        )


def _list(folders: Sequence[Path], *, json: bool) -> None:
    from targen_core.cli.commands.shelf import runs_in

    if len(folders) > 1:
        raise UsageError("runs list accepts only one folder", hint="targen runs list runs")
    folder = folders[0] if folders else Path("runs")
    shelved = list(runs_in(folder))
    if json:
        print_json([_facts(each) for each in shelved])
    elif shelved:
        print_runs(shelved)
    else:
        print(f"there are no runs in {folder}; targen generate creates one", file=sys.stderr)


def print_runs(shelved: Sequence[Shelved]) -> None:
    """Print a table of runs, the unreadable ones with the reason behind it."""
    listed = [(each, _facts(each)) for each in shelved]
    rows = [
        (
            each.path,
            facts["task"].rpartition(":")[2] or "?",
            facts["status"],
            facts["rows"],
            facts["target"],
            "?" if facts["dollars"] is None else f"{facts['dollars']:.2f}",
            each.created[:16].replace("T", " "),
        )
        for each, facts in listed
    ]
    known = [facts["dollars"] for _, facts in listed if facts["dollars"] is not None]
    if len(known) > 1:
        sums = (sum(facts[name] for _, facts in listed) for name in ("rows", "target"))
        rows.append(("all", "", "", *sums, f"{sum(known):.2f}", ""))
    print_table(
        ["run", "task", "status", "rows", "of", "dollars", "created"],
        rows,
        optional=("dollars", "created"),
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
    from targen_core.cli.commands.shelf import remove, require_removable

    if not paths:
        raise UsageError("runs rm needs the runs to remove", hint="targen runs rm runs/rte-0")
    for path in paths:  # all of them, before any is removed
        require_removable(path)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "targen cannot ask for confirmation without a terminal",
                hint="pass --yes to remove without confirmation",
            )
        named = ", ".join(map(str, paths))
        if not confirmed(f"Remove {named}?"):
            print("did not remove any runs", file=sys.stderr)
            raise typer.Exit(1)
    for path in paths:
        if left := remove(path):
            print(f"{path}: removed, except for {', '.join(left)}")
        else:
            print(f"{path}: removed")
