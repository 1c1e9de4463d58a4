"""Runs and reports as notebooks show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.api.report import LabelReport, Report, flows_together
from targen_core.api.run import Folder
from targen_core.dataset.frames import as_html
from targen_core.errors import TargenError
from targen_core.pages import table
from targen_core.text import percent


def report_html(report: Report) -> str:
    """Return a report as a notebook shows it."""
    heads = ["label", "rows", "requested", "candidates", "kept", "became", "duplicates"]
    rows = [
        (
            name,
            label.rows,
            label.requested,
            label.judged,
            "" if label.yield_ is None else percent(label.yield_),
            _counted(label.accepted),
            label.duplicate,
            _counted(label.reasons),
        )
        for name, label in {**report.labels, **_branches(report)}.items()
    ]
    concerns = [each.message for each in report.concerns]
    said = "".join(f" — {words}" for words in (report.problem, *report.notes, *concerns) if words)
    return table(f"{report.task}: {report.summary}{said}", [*heads, "rejected for"], rows)


def _branches(report: Report) -> dict[str, LabelReport]:
    """Branches that aim at no label, as if each were one."""
    flows, aims = report.raw["flow"], report.raw["branches"]
    return {
        f"(branch {branch})": flows_together([flow], 0, 0)
        for branch, flow in flows.items()
        if aims.get(branch, branch) is None
    }


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def run_html(run: Folder[Any]) -> str:
    """Return a directory with rows as a notebook shows it."""
    shown: str = run.report._repr_html_()
    try:
        dataset = run.dataset
    except TargenError:  # a missing task: the report still shows the rest
        return shown
    return f"{shown}\n{as_html(dataset)}" if dataset.rows else shown
