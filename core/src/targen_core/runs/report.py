"""The report of a run: quotas met, where labels went, what it took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.calls.journal import Journal
from targen_core.calls.usage import Usage
from targen_core.engine.tally import OPEN, Tally, ending
from targen_core.errors import QuotaNotMet, RunDirectoryError
from targen_core.runs.files import read_jsonl
from targen_core.runs.manifest import Manifest
from targen_core.text import printable

__all__ = ["build_report", "read_report"]


_LONGEST = 4000
"""Characters of the problem that a report keeps."""


def build_report(
    manifest: Manifest,
    tally: Tally,
    usage: Usage,
    *,
    used_calls: int,
    retries: int,
    error: Exception | None,
) -> dict[str, Any]:
    """What `report.json` holds.

    `status` is "complete", "short" (a label fell short) or "stopped" (budget,
    service, Ctrl-C, a fault), with the reason in `problem`.
    """
    counts = tally.as_dict()
    if error is None:
        status = "complete"
    else:
        status = "short" if isinstance(error, QuotaNotMet) else "stopped"
    total = usage.total
    return {
        "task": manifest.task.id,
        "task_version": manifest.task.version,
        "seed": manifest.seed,
        "status": status,
        "problem": printable(str(error), most=_LONGEST) if error else "",
        "balance": manifest.targets[-1].balance,
        **counts,
        "usage": usage.as_dict(),
        "unused_calls": max(0, total.calls + total.cached - used_calls),
        "retries": retries,
        "models": {step: plan.identity for step, plan in manifest.steps.items()},
    }


def read_report(path: Path) -> dict[str, Any]:
    """A run's report; of a run that was killed, what its files tell.

    Raises:
        RunDirectoryError: `path` is no run directory.
    """
    manifest = Manifest.load(path / "manifest.json")
    try:
        report: dict[str, Any] = json.loads((path / "report.json").read_text(encoding="utf-8"))
        return report
    except FileNotFoundError:
        pass
    except ValueError as error:
        raise RunDirectoryError(f"{path / 'report.json'} does not read: {error}") from error
    tally, usage = Tally(manifest.task.labels), Usage()
    target = manifest.targets[-1]
    tally.aim(target.quotas, by_intended=target.balance == "intended")
    rows: Counter[str] = Counter()
    accepted: set[str] = set()
    for record in read_jsonl(path / "provenance.jsonl"):
        accepted.add(record["id"])
        counted = record["intended"] if tally.by_intended else record["label"]
        counted = counted if counted in tally.have else OPEN
        rows[counted] += record["rows"]
        tally.flows[record["intended"]].accepted[_ending(tally, record, "label")] += 1
    tally.have.update(rows)
    # An extended run judges surplus candidates again: the last verdict holds.
    last = {r["id"]: r for r in read_jsonl(path / "rejects.jsonl") if r["verdict"] != "dropped"}
    for record in last.values():
        if record["id"] in accepted:
            continue
        flow = tally.flows[record["intended"]]
        if record["verdict"] == "rejected":
            flow.rejected[record["stage"]] += 1
            flow.reasons[record["reason"]] += 1
        elif record["verdict"] == "surplus":
            flow.surplus[_ending(tally, record, "corrected")] += 1
        else:
            flow.duplicate += 1
    if (path / "journal").exists():
        Journal(path / "journal", on_record=usage.record, read_only=True).close()
    report = build_report(manifest, tally, usage, used_calls=0, retries=0, error=None)
    report.update(
        status="unfinished",
        problem="the run was killed or is going on; targen resume finishes it",
        unused_calls=None,
    )
    return report


def _ending(tally: Tally, record: Mapping[str, Any], name: str) -> str:
    """The label that a record ended with, as the flow counts it."""
    label: str = record[name]
    return ending(label, record.get("claimed"), closed=label in tally.have)
