"""The report of a run: quotas met, where labels went, what it took."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.calls.journal import Journal, Mark, holds
from targen_core.calls.usage import Usage
from targen_core.engine.commits import Commit, Contradicted
from targen_core.engine.tally import OPEN, Tally, ending
from targen_core.errors import QuotaNotMet, RunDirectoryError
from targen_core.runs.files import read_jsonl
from targen_core.runs.ledger import Past, read_past
from targen_core.runs.manifest import Manifest

__all__ = ["build_report", "read_report"]


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
        "problem": str(error) if error else "",
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
    tally = Tally(manifest.task.labels)
    target = manifest.targets[-1]
    tally.aim(target.quotas, by_intended=target.balance == "intended")
    with read_past(path / "ledger") as past:
        try:
            commits, usage = _written(path, tally, past)
        except Contradicted:
            commits, usage = _written(path, tally, None)
    # An extended run judges surplus candidates again: the last verdict holds.
    last = {commit.id: commit for commit in commits if commit.verdict != "skipped"}
    for commit in last.values():
        flow = tally.flows[_intended(commit)]
        if commit.verdict == "accepted":
            tally.have[commit.quota] += commit.rows
            flow.accepted[commit.ending or ""] += 1
        elif commit.verdict == "rejected":
            flow.rejected[commit.stage] += 1
            flow.reasons[commit.reason] += 1
        elif commit.verdict == "surplus":
            flow.surplus[commit.ending or ""] += 1
        else:
            flow.duplicate += 1
    report = build_report(manifest, tally, usage, used_calls=0, retries=0, error=None)
    report.update(
        status="unfinished",
        problem="the run was killed or is going on; targen resume finishes it",
        unused_calls=None,
    )
    return report


def _written(path: Path, tally: Tally, past: Past | None) -> tuple[list[Commit], Usage]:
    """A run's verdicts and what its calls took: by its ledger, and by its files behind that."""
    usage, known = Usage(), (0, 0)
    commits: list[Commit] = []
    marks: tuple[Mark, ...] = ((0, 0),) * 4
    names = ("journal", "dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
    if past is not None and all(
        holds(path / name, mark) for name, mark in zip(names, past.marks, strict=True)
    ):
        commits, marks = list(past.commits), past.marks
        if past.sums is not None and holds(path / "journal", past.sums[0]):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                usage.restore(past.sums[1])
                known = past.sums[0]
    journal = path / "journal"
    if journal.exists():
        Journal(journal, on_record=usage.record, read_only=True, known=known, indexed=False).close()
    _, _, provenance, rejects = marks
    for record in read_jsonl(path / "rejects.jsonl", start=rejects[0]):
        if record["verdict"] != "dropped":
            commits.append(_rejected(record, tally))
    for record in read_jsonl(path / "provenance.jsonl", start=provenance[0]):
        commits.append(_accepted(record, tally))
    return commits, usage


def _accepted(record: Mapping[str, Any], tally: Tally) -> Commit:
    """The verdict that a line of `provenance.jsonl` stands for."""
    label = record["label"]
    counted = record["intended"] if tally.by_intended else label
    quota = counted if counted in tally.have else OPEN
    end = _ending(tally, record, label)
    return Commit(record["id"], "accepted", quota, label, end, "", "", record["rows"], 0)


def _rejected(record: Mapping[str, Any], tally: Tally) -> Commit:
    """The verdict that a line of `rejects.jsonl` stands for."""
    label = record["corrected"]
    end = None if label is None else _ending(tally, record, label)
    stage, reason = record["stage"], record["reason"]
    verdict, intended = record["verdict"], record["intended"]
    return Commit(record["id"], verdict, intended, label, end, stage, reason, 0, 0)


def _intended(commit: Commit) -> str:
    """The label that a candidate was generated for: its id is `seed/label/number`."""
    return commit.id.partition("/")[2].rpartition("/")[0]


def _ending(tally: Tally, record: Mapping[str, Any], label: str) -> str:
    """The label that a record ended with, as the flow counts it."""
    return ending(label, record.get("claimed"), closed=label in tally.have)
