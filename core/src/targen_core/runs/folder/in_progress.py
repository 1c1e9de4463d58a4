"""Build the report of a run that has none from its files: it is running, or was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from targen_core.calls.journal import Journal
from targen_core.calls.usage import Usage
from targen_core.engine.events import Commit
from targen_core.engine.quota_tracker import OPEN, QuotaTracker, ending
from targen_core.errors import RunDirectoryError, TargenError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.folder.report import build_report, delivery_report
from targen_core.runs.preparing.delivering import known_deliveries
from targen_core.runs.records.manifest import Manifest

_MOST = 10**9  # rows of one candidate: larger values are invalid


def unfinished_report(path: Path, manifest: Manifest) -> dict[str, Any]:
    """Build a report from the files of a run without one."""
    tracker = QuotaTracker(manifest.task.labels, manifest.task.aims)
    target = manifest.targets[-1]
    tracker.aim(target.quotas, by_intended=target.balance == "intended")
    usage = Usage()
    if (path / "journal").exists():
        Journal(path / "journal", on_record=usage.recall, read_only=True).close()
    # An extended run judges surplus candidates again: the last verdict holds.
    last = {commit.id: commit for commit in _written(path, tracker)}
    for commit in last.values():
        branch = _branch(commit.id)
        flow = tracker.flows[branch]
        if commit.verdict == "accepted":
            tracker.gain(branch, commit.quota, commit.rows)
            flow.accepted[commit.ending or ""] += 1
            flow.unsure += bool(commit.reason)
        elif commit.verdict == "rejected":
            flow.rejected[commit.stage] += 1
            flow.reasons[commit.reason] += 1
        elif commit.verdict == "surplus":
            flow.surplus[commit.ending or ""] += 1
        else:
            flow.duplicate += 1
    registry = load_registry()
    report = build_report(
        manifest,
        tracker,
        usage,
        seconds=None,
        used_calls=0,
        retries=0,
        hung=0,
        error=None,
        deliveries=delivery_report(known_deliveries(registry), path),
        folder=path,
    )
    backends = [step.backend for step in manifest.steps.values()]
    awaits = _is_left_to_others(registry, manifest.config, backends)
    report.update(
        status="unfinished",
        problem=(
            f"the run is waiting for answers; to print its prompts: targen next {quoted(path)}"
        )
        if awaits
        else (
            "the run is still in progress, was killed or could not write its report; to finish "
            f"it: targen resume {quoted(path)}"
        ),
        unused_calls=None,
    )
    if lost := usage.in_flight_note:
        report["notes"] = [*report.get("notes", ()), lost]
    return report


_NEEDED = {
    "rejected": ("stage", "reason"),
    "surplus": ("corrected",),
    "duplicate": (),
    "accepted": ("label",),
}
"""Verdict -> the texts of its record, without `id` and `intended`."""


def _candidates(path: Path, tracker: QuotaTracker) -> Iterator[dict[str, Any]]:
    """The records of candidates in provenance or rejects, with what they count by.

    Raises:
        RunDirectoryError: naming the line and the field of one that no run writes.
    """
    for number, record in enumerate(read_jsonl(path), 1):
        verdict = record.get("verdict", "accepted")
        if verdict == "dropped":
            continue
        needed = _NEEDED.get(verdict) if isinstance(verdict, str) else None
        if needed is None:
            problem = "unknown verdict"
        elif odd := [n for n in ("id", "intended", *needed) if type(record.get(n)) is not str]:
            problem = f"{odd[0]} is not a string"
        elif record["intended"] not in tracker.flows:
            problem = "intended is not a branch of the run"
        elif _branch(record["id"]) != record["intended"]:
            problem = "id belongs to a branch other than the intended one"
        elif record.get("claimed") is not None and type(record["claimed"]) is not str:
            problem = "claimed is not a string"
        elif verdict == "accepted" and not (
            type(record.get("rows")) is int and 0 < record["rows"] <= _MOST
        ):
            problem = "`rows` is not a row count"
        else:
            yield record
            continue
        raise RunDirectoryError(f"{path}: line {number} is not a valid record: {problem}")


def _written(path: Path, tracker: QuotaTracker) -> Iterator[Commit]:
    """Yield the verdicts in a run's files, rejected candidates first."""
    for record in _candidates(path / "rejects.jsonl", tracker):
        yield _rejected(record, tracker)
    there = sum(1 for _ in read_jsonl(path / "dataset.jsonl"))
    for record in _candidates(path / "provenance.jsonl", tracker):
        there -= record["rows"]
        if there < 0:  # the rows of the last record are not written yet
            return
        yield _accepted(record, tracker)


def _accepted(record: Mapping[str, Any], tracker: QuotaTracker) -> Commit:
    """Return the verdict in a line of `provenance.jsonl`."""
    label = record["label"]
    counted = tracker.aims[record["intended"]] if tracker.by_intended else label
    quota = counted if counted in tracker.have else OPEN
    end = _ending(tracker, record, label)
    return Commit(record["id"], "accepted", quota, label, end, "", "", record["rows"], 0)


def _rejected(record: Mapping[str, Any], tracker: QuotaTracker) -> Commit:
    """Return the verdict in a line of `rejects.jsonl`."""
    label = record["corrected"]
    end = None if label is None else _ending(tracker, record, label)
    stage, reason = record["stage"], record["reason"]
    verdict, aim = record["verdict"], tracker.aims[record["intended"]]
    return Commit(record["id"], verdict, aim or "", label, end, stage, reason, 0, 0)


def _branch(candidate: str) -> str:
    """The branch that a candidate is of: its id is `seed/branch/number`."""
    return candidate.partition("/")[2].rpartition("/")[0]


def _ending(tracker: QuotaTracker, record: Mapping[str, Any], label: str) -> str:
    """The label that a record ended with, as the flow counts it."""
    return ending(label, record.get("claimed"), closed=label in tracker.have)


def _is_left_to_others(registry: Registry, limits: Limits, backends: Collection[str]) -> bool:
    """Return whether a run does not send by itself: somebody else delivers its calls."""
    with contextlib.suppress(TargenError):  # a plugin is missing
        named = (item for item in registry.all("backend") if item.id in backends)  # no class is run
        own = (registry.resolve(item).delivery for item in named)
        name = limits.delivered_by or next(filter(None, own), "")
        return bool(name) and registry.get("delivery", name).leaves
    return False
