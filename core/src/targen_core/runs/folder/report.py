"""The report of a run: quotas met, where labels went, what it took."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from targen_core.calls.delivery import Delivery
from targen_core.calls.journal import Journal, Mark, holds
from targen_core.calls.model import Price
from targen_core.calls.usage import Usage
from targen_core.engine.commits import Commit, Contradicted
from targen_core.engine.filters import Filter
from targen_core.engine.quota_tracker import OPEN, QuotaTracker, ending
from targen_core.errors import QuotaNotMet, RunDirectoryError, TargenError
from targen_core.plugins.configurable import Section
from targen_core.plugins.loader import load_registry
from targen_core.reading import read_jsonl
from targen_core.runs.folder.ledger import Past, read_past
from targen_core.runs.folder.reporters import figures_of
from targen_core.runs.preparing.delivering import is_left_to_others, known_deliveries
from targen_core.runs.records.lock import PartPlan
from targen_core.runs.records.manifest import USUAL_PLACES, Manifest
from targen_core.runs.records.model_names import model_name
from targen_core.runs.records.reading import MAX_SECONDS, read_json, said
from targen_core.runs.records.writing import OUTPUTS
from targen_core.tasks.model import Task
from targen_core.text import printable
from targen_core.wording import Action

__all__ = [
    "build_report",
    "delivery_report",
    "filter_sections",
    "read_report",
    "reported_prices",
    "status_words",
]

_MOST = 10**9  # rows of one candidate: what is more is no count


_LONGEST = 4000
"""Characters of the problem that a report keeps."""


def build_report(
    manifest: Manifest,
    tracker: QuotaTracker,
    usage: Usage,
    *,
    seconds: float | None,
    used_calls: int,
    retries: int,
    hung: int,
    error: Exception | None,
    prices: Mapping[str, Price | None] | None = None,
    deliveries: Mapping[str, Any] = MappingProxyType({}),
    sources: Sequence[Mapping[str, Any]] = (),
    filters: Mapping[str, Filter] = MappingProxyType({}),
    folder: Path,
    task: Task[Any, Any] | None = None,
) -> dict[str, Any]:
    """Build the content of `report.json`, without addresses except in a `problem`.

    `seconds` is the working time of processes, None if unknown. `prices` are those of the calls, by
    step, and `deliveries` is that of `delivery_report`. `sources` are those of `sources_of`.
    `filters` may have a section of their own, by name. `folder` is the run directory, and `task`
    that of its rows, if it is at hand.

    `status` is "complete", "short" (a label fell short) or "stopped" (budget,
    service, Ctrl-C, a fault), with the reason in `problem`.
    """
    counts = tracker.as_dict()
    if error is None:
        status = "complete"
    else:
        status = "short" if isinstance(error, QuotaNotMet) else "stopped"
    total = usage.total
    reasons: Counter[str] = Counter()
    for flow in tracker.flows.values():
        reasons.update(flow.reasons)
    sections = {name: section for name, f in filters.items() if (section := f.report(reasons))}
    report = {
        **sections,
        "task": manifest.task.id,
        "task_version": manifest.task.version,
        "seed": manifest.spec.seed,
        "status": status,
        "problem": printable(str(error), max_length=_LONGEST) if error else "",
        "balance": manifest.spec.balance,
        "branches": manifest.task.aims,
        **({"copied_from": manifest.replay_of} if manifest.replay_of else {}),
        "corrected": manifest.lock.corrector is not None,
        **counts,
        "seconds": None if seconds is None else round(seconds, 3),
        "usage": usage.as_dict(manifest.steps),
        # The journal of a replay begins with all that another run asked.
        "unused_calls": 0 if manifest.replay_of else max(0, total.answered - used_calls),
        "retries": retries,
        **({"hung": hung} if hung else {}),
        "models": {step: model_name(plan) for step, plan in manifest.steps.items()},
        "prices": reported_prices(prices or {}),
        **deliveries,
        **({"sources": [*sources]} if sources else {}),
        **_counted_sections(manifest, folder / "rejects.jsonl"),
    }
    return {**report, **figures_of(report, folder, task)}


def delivery_report(deliveries: Iterable[Delivery], path: Path) -> dict[str, Any]:
    """Return what deliveries say in the report of a run directory."""
    return {key: value for each in deliveries for key, value in each.report(path).items()}


def filter_sections(manifest: Manifest) -> Iterator[tuple[PartPlan, Section]]:
    """Yield the filters of a run that have a section of reports or cards and are installed."""
    plans = [
        plan
        for place, plan in manifest.lock.parts.items()
        if place.startswith("filter ") and place not in USUAL_PLACES
    ]
    if not plans:
        return
    registry = load_registry()
    for plan in plans:
        with contextlib.suppress(TargenError):
            if (section := registry.section_of(registry.find("filter", plan.id))) is not None:
                yield plan, section


def _counted_sections(manifest: Manifest, rejects: Path) -> dict[str, Any]:
    """The sections of a report that follow from what was rejected, by filter."""
    return {
        plan.names[1]: section.counted(plan, _records(rejects))
        for plan, section in filter_sections(manifest)
        if section.counted is not None
    }


def _records(rejects: Path) -> Iterator[Mapping[str, Any]]:
    with contextlib.suppress(TargenError, OSError):
        yield from read_jsonl(rejects)


class _Part(BaseModel):
    """A part of `report.json` as it is read back; a later targen may have written more."""

    model_config = ConfigDict(extra="allow", strict=True)


_Count = Annotated[int, Field(ge=0, le=10**15)]


class _Flow(_Part):
    judged: _Count
    accepted: dict[str, _Count]
    surplus: dict[str, _Count]
    rejected: dict[str, _Count]
    duplicate: _Count
    skipped: _Count
    unsure: _Count = 0
    reasons: dict[str, _Count]


class _Dropped(_Part):
    step: str
    reason: str
    count: _Count


class _Counts(_Part):
    calls: _Count
    cached: _Count
    copied: _Count = 0
    lost: _Count
    input_tokens: _Count
    output_tokens: _Count
    saved_input_tokens: _Count
    saved_output_tokens: _Count
    dollars: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Counted(_Part):
    rows: _Count
    requested: _Count


class _Place(_Counts):
    step: str
    label: str | None


class _Usage(_Part):
    total: _Counts
    priced: bool
    by_step: list[_Place]


class _Source(_Part):
    name: str
    license: str
    revision: str
    rows: _Count
    alike: _Count | None = None


class _Merged(_Part):
    run: str
    seed: int
    status: str
    rows: _Count
    of: _Count


class _Shards(_Part):
    count: _Count
    missing: list[_Count]


class _Column(_Part):
    texts: _Count
    distinct: _Count
    words: Annotated[list[_Count], Field(min_length=3, max_length=3)]


class _Texts(_Part):
    rows: _Count
    repeated: _Count
    columns: dict[str, _Column]


class _Price(_Part):
    input: Annotated[float, Field(alias="in")]
    output: Annotated[float, Field(alias="out")]
    source: str


class _Report(_Part):
    task: str
    task_version: str
    seed: int
    status: str
    problem: str
    balance: str
    branches: dict[str, str | None] = {}
    copied_from: str = ""
    corrected: bool = True
    rows: dict[str, _Count]
    requested: dict[str, _Count]
    parts: dict[str, _Counted] = {}
    flow: dict[str, _Flow]
    dropped_list_items: list[_Dropped]
    seconds: Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)] | None = None
    usage: _Usage
    unused_calls: _Count | None
    hung: _Count = 0
    models: dict[str, str]
    prices: dict[str, _Price | None] = {}
    sources: list[_Source] = []
    merged: list[_Merged] = []
    missing_shards: list[_Shards] = []
    notes: list[str] = []
    given_up: list[str] = []
    texts: _Texts | None = None


_RENAMED = {
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "cached_in": "saved_input_tokens",
    "cached_out": "saved_output_tokens",
    "read_in": "cache_read_tokens",
    "written_in": "cache_write_tokens",
    "thought_out": "reasoning_tokens",
}


def _renamed(usage: Any) -> Any:
    """The usage of a report with the names of today, where an older targen wrote it."""
    if isinstance(usage, dict):
        return {_RENAMED.get(name, name): _renamed(value) for name, value in usage.items()}
    return [_renamed(part) for part in usage] if isinstance(usage, list) else usage


def reported_prices(prices: Mapping[str, Price | None]) -> dict[str, Any]:
    """Prices by step as a report has them: dollars per million tokens, and where that is from."""
    return {
        step: price and {"in": price.input, "out": price.output, "source": price.source}
        for step, price in prices.items()
    }


def status_words(report: Mapping[str, Any]) -> str:
    """Return a run's status; a merge that lacks shards is not complete, and they are counted."""
    parts = [
        f"{len(one['missing'])} of {one['count']} shards missing"
        for one in report.get("missing_shards", ())
    ]
    status: str = report["status"]
    if not parts:
        return status
    return f"{'incomplete' if status == 'complete' else status} ({'; '.join(parts)})"


def read_report(path: Path) -> dict[str, Any]:
    """A run's report; of a run that was killed, what its files tell.

    Raises:
        RunDirectoryError: `path` is not a run directory, or a file in it holds
            what no run writes, naming the file and the field.
    """
    manifest = Manifest.load(path / "manifest.json")
    try:
        report: dict[str, Any] = read_json(path / "report.json")
    except FileNotFoundError:
        return _unfinished(path, manifest)
    if isinstance(report, dict):
        report["usage"] = _renamed(report.get("usage"))
        if "wanted" in report:  # as an older targen wrote it
            report["requested"] = report.pop("wanted")
    try:
        _Report.model_validate(report)
    except ValidationError as error:
        raise RunDirectoryError(f"{path / 'report.json'} cannot be read: {said(error)}") from error
    if lacking := report["requested"].keys() - report["rows"].keys():
        raise RunDirectoryError(f"{path / 'report.json'} cannot be read: rows: no {min(lacking)!r}")
    return report


def _unfinished(path: Path, manifest: Manifest) -> dict[str, Any]:
    """Build a report from the files of a run that has none."""
    tracker = QuotaTracker(manifest.task.labels, manifest.task.aims)
    target = manifest.targets[-1]
    tracker.aim(target.quotas, by_intended=target.balance == "intended")
    with read_past(path / "ledger") as past:
        try:
            commits, usage = _written(path, tracker, past)
        except Contradicted:
            commits, usage = _written(path, tracker, None)
    # An extended run judges surplus candidates again: the last verdict holds.
    last = {commit.id: commit for commit in commits if commit.verdict != "skipped"}
    for commit in last.values():
        flow = tracker.flows[_intended(commit)]
        if commit.verdict == "accepted":
            tracker.gain(_intended(commit), commit.quota, commit.rows)
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
    awaits = is_left_to_others(registry, manifest.spec.limits, backends)
    report.update(
        status="unfinished",
        problem=f"the run waits for answers: {Action('batch export', path)} writes its calls"
        if awaits
        else "the run is still in progress, was killed or could not write its report; "
        f"{Action('resume', path)} finishes it",
        unused_calls=None,
    )
    return report


_NEEDED = {
    "rejected": ("stage", "reason"),
    "surplus": ("corrected",),
    "duplicate": (),
    "accepted": ("label",),
}
"""Verdict -> the texts of its record, without `id` and `intended`."""


def _candidates(path: Path, tracker: QuotaTracker, start: int) -> Iterator[dict[str, Any]]:
    """The records of candidates in provenance or rejects from a byte on, with what they count by.

    Raises:
        RunDirectoryError: naming the line and the field of one that no run writes.
    """
    for number, record in enumerate(read_jsonl(path, start=start), 1):
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
            problem = "id is not of the branch that was intended"
        elif record.get("claimed") is not None and type(record["claimed"]) is not str:
            problem = "claimed is not a string"
        elif verdict == "accepted" and not (
            type(record.get("rows")) is int and 0 < record["rows"] <= _MOST
        ):
            problem = "rows is not a row count"
        else:
            yield record
            continue
        raise RunDirectoryError(f"{path}: line {number} is not a valid record: {problem}")


def _written(path: Path, tracker: QuotaTracker, past: Past | None) -> tuple[list[Commit], Usage]:
    """A run's verdicts and what its calls took: by its ledger, and by its files behind that."""
    usage, known = Usage(), (0, 0)
    commits: list[Commit] = []
    marks: tuple[Mark, ...] = ((0, 0),) * 4
    if past is not None and all(
        holds(path / name, mark)
        for name, mark in zip(("journal", *OUTPUTS), past.marks, strict=True)
    ):
        commits, marks = list(past.commits), past.marks
        for commit in commits:
            fits = tracker.knows(commit.quota, commit.rows)
            if not fits or _intended(commit) not in tracker.flows:
                raise Contradicted
        if past.sums is not None and holds(path / "journal", past.sums[0]):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                usage.restore(past.sums[1])
                known = past.sums[0]
    journal = path / "journal"
    if journal.exists():
        Journal(journal, on_record=usage.recall, read_only=True, known=known, indexed=False).close()
    _, dataset, provenance, rejects = marks
    for record in _candidates(path / "rejects.jsonl", tracker, rejects[0]):
        commits.append(_rejected(record, tracker))
    there = sum(1 for _ in read_jsonl(path / "dataset.jsonl", start=dataset[0]))
    for record in _candidates(path / "provenance.jsonl", tracker, provenance[0]):
        there -= record["rows"]
        if there < 0:  # the rows of the last record are not written yet
            break
        commits.append(_accepted(record, tracker))
    return commits, usage


def _accepted(record: Mapping[str, Any], tracker: QuotaTracker) -> Commit:
    """The verdict that a line of `provenance.jsonl` stands for."""
    label = record["label"]
    counted = tracker.aims[record["intended"]] if tracker.by_intended else label
    quota = counted if counted in tracker.have else OPEN
    end = _ending(tracker, record, label)
    return Commit(record["id"], "accepted", quota, label, end, "", "", record["rows"], 0)


def _rejected(record: Mapping[str, Any], tracker: QuotaTracker) -> Commit:
    """The verdict that a line of `rejects.jsonl` stands for."""
    label = record["corrected"]
    end = None if label is None else _ending(tracker, record, label)
    stage, reason = record["stage"], record["reason"]
    verdict, aim = record["verdict"], tracker.aims[record["intended"]]
    return Commit(record["id"], verdict, aim or "", label, end, stage, reason, 0, 0)


def _intended(commit: Commit) -> str:
    return _branch(commit.id)


def _branch(candidate: str) -> str:
    """The branch that a candidate is of: its id is `seed/branch/number`."""
    return candidate.partition("/")[2].rpartition("/")[0]


def _ending(tracker: QuotaTracker, record: Mapping[str, Any], label: str) -> str:
    """The label that a record ended with, as the flow counts it."""
    return ending(label, record.get("claimed"), closed=label in tracker.have)
