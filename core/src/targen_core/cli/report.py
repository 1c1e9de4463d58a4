"""`targen report`: a run's figures, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from targen_core.runs.shelf import Shelved

__all__ = ["flow_columns", "print_report", "print_usage", "report"]


def report(
    run: Annotated[
        Path,
        typer.Argument(help="A run directory, or a suite's folder of runs.", show_default=False),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what a run produced, where labels went, and what it took.

    Example: targen report runs/rte-0
    """
    from targen_core.runs.report import read_report
    from targen_core.runs.shelf import runs_in

    if run.is_dir() and not (run / "manifest.json").exists() and (several := list(runs_in(run))):
        _print_several(several, json=json)
        return
    content = read_report(run)
    if json:
        print_json(content)
    else:
        print_report(content, run)


def _print_several(several: list[Shelved], *, json: bool) -> None:
    from targen_core.cli.runs import print_runs

    if json:
        print_json({str(each.path): each.report for each in several})
    else:
        print_runs(several)


def print_report(report: dict[str, Any], path: Path) -> None:
    """Print a report's tables."""
    from targen_core.runs.report import price_words

    print(f"{report['task']} {report['task_version']}: {report['status']}")
    if report["problem"]:
        print(f"  {report['problem']}")
    print(f"\nRows ({report['balance']} labels)")
    print_table(
        ["label", "rows", "requested"],
        [
            (name, report["rows"][name], requested)
            for name, requested in report["requested"].items()
        ],
    )
    print_flow(report["flow"], report.get("branches"))
    reasons = {
        (branch, reason): count
        for branch, flow in report["flow"].items()
        for reason, count in flow["reasons"].items()
    }
    if reasons:
        print("\nRejected because")
        ranked = sorted(reasons.items(), key=lambda item: -item[1])
        print_table(["intended", "reason", "count"], [(*key, count) for key, count in ranked])
    if report["dropped_list_items"]:
        print("\nList items left out")
        print_table(
            ["step", "reason", "count"],
            [(d["step"], d["reason"], d["count"]) for d in report["dropped_list_items"]],
        )
    print_usage(report)
    for line in price_words(report.get("prices", {})):
        print(line)
    print(f"\n{path / 'dataset.jsonl'}")


def print_flow(flows: dict[str, Any], branches: Mapping[str, str | None] | None = None) -> None:
    """Print the label-flow matrix: row intended, column corrected; the rest apart.

    `branches` says what each row's branch aims at, by default the label of its name.
    """
    aims = branches or {name: name for name in flows}
    columns = flow_columns(flows, aims)
    print("\nLabel flow (row: intended; column: after correction; surplus and duplicates apart)")
    print_table(
        ["", *columns, "rejected", "|", "surplus", "duplicate", "judged"],
        [
            (
                branch_words(name, aims),
                *(flow["accepted"].get(column, 0) for column in columns),
                sum(flow["rejected"].values()),
                "|",
                sum(flow["surplus"].values()),
                flow["duplicate"],
                flow["judged"],
            )
            for name, flow in flows.items()
        ],
    )


def branch_words(branch: str, aims: Mapping[str, str | None]) -> str:
    """A branch, and what it aims at where its name does not say it."""
    aim = aims.get(branch, branch)
    return branch if aim == branch else f"{branch} ({'label by step 4' if aim is None else aim})"


def flow_columns(flows: Mapping[str, Any], aims: Mapping[str, str | None]) -> list[str]:
    """The labels that candidates ended with: those that branches aim at, then others."""
    labels = [set(flow["accepted"]) | set(flow["surplus"]) for flow in flows.values()]
    own = dict.fromkeys(aim for aim in aims.values() if aim is not None)
    return [*own, *sorted(set().union(*labels) - set(own))]


def print_usage(report: Mapping[str, Any]) -> None:
    """Print what the calls took, step by step."""
    usage = report["usage"]
    priced = usage["priced"]
    print("\nCalls")

    def row(step: str, label: str, counts: dict[str, Any]) -> tuple[object, ...]:
        return (
            step,
            label,
            f"{counts['calls']:,}",
            f"{counts['cached']:,}",
            f"{counts['lost']:,}",
            f"{counts['input_tokens']:,}",
            f"{counts['output_tokens']:,}",
            f"{counts['dollars']:.4f}" if priced else "?",
        )

    print_table(
        ["step", "label", "calls", "cached", "lost", "input tokens", "output tokens", "dollars"],
        [
            *(row(c["step"], c["label"] or "-", c) for c in usage["by_step"]),
            row("all", "-", usage["total"]),
        ],
    )
    if report.get("unused_calls"):
        calls = report["unused_calls"]
        ahead = "1 call ran ahead and was" if calls == 1 else f"{calls:,} calls ran ahead and were"
        print(f"{ahead} not needed{'' if report['status'] == 'complete' else ' so far'}.")
