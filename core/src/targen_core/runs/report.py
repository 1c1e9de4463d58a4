"""The report of a run: quotas met, where labels went, what it took."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from targen_core.calls.delivery import Delivery
from targen_core.calls.journal import Journal
from targen_core.calls.model import Price
from targen_core.calls.usage import Usage
from targen_core.engine.events import Commit
from targen_core.engine.filters import Filter
from targen_core.engine.quota_tracker import OPEN, QuotaTracker, ending
from targen_core.errors import QuotaNotMet, RunDirectoryError, TargenError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.plugins.configurable import Section
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.files import MAX_SECONDS, read_json
from targen_core.runs.manifest import Manifest, PartPlan, model_name
from targen_core.runs.models import known_deliveries
from targen_core.runs.reporters import figures_of
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Credit
from targen_core.tasks.steps import ListStep
from targen_core.text import printable, refused

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
        "seed": manifest.config.seed,
        "status": status,
        "problem": printable(str(error), max_length=_LONGEST) if error else "",
        "balance": manifest.config.balance,
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
    if not (plans := manifest.own_filters):
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
    """A part of `report.json`, as read back; reporters may have written more."""

    model_config = ConfigDict(extra="allow", strict=True)


_Count = Annotated[int, Field(ge=0, le=10**15)]


class _Flow(_Part):
    judged: _Count
    accepted: dict[str, _Count]
    surplus: dict[str, _Count]
    rejected: dict[str, _Count]
    duplicate: _Count
    unjudged: _Count = 0
    unsure: _Count = 0
    reasons: dict[str, _Count]


class _Dropped(_Part):
    step: str
    reason: str
    count: _Count


class _Counts(_Part):
    calls: _Count
    cached: _Count
    copied: _Count
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


class _Served(_Part):
    step: str
    model: str
    calls: _Count


class _Usage(_Part):
    total: _Counts
    priced: bool
    by_step: list[_Place]
    estimated: _Count = 0
    served: list[_Served] = []


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
    branches: dict[str, str | None]
    copied_from: str = ""
    corrected: bool
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
    prices: dict[str, _Price | None]
    sources: list[_Source] = []
    merged: list[_Merged] = []
    missing_shards: list[_Shards] = []
    notes: list[str] = []
    given_up: list[str] = []
    texts: _Texts | None = None


def reported_prices(prices: Mapping[str, Price | None]) -> dict[str, Any]:
    """Return prices by step as in a report: dollars per million tokens, and their source."""
    return {
        step: price and {"in": price.input, "out": price.output, "source": price.source}
        for step, price in prices.items()
    }


def status_of(report: Mapping[str, Any]) -> str:
    """Return a run's status; a merge that lacks shards is not complete."""
    status: str = report["status"]
    return "incomplete" if status == "complete" and report.get("missing_shards") else status


def status_words(report: Mapping[str, Any]) -> str:
    """Return a run's status and, for a merge, how many shards are missing."""
    missing = "; ".join(
        f"{len(one['missing'])} of {one['count']} shards missing"
        for one in report.get("missing_shards", ())
    )
    return status_of(report) + (f" ({missing})" if missing else "")


def read_report(path: Path) -> dict[str, Any]:
    """A run's report; of a run that was killed or was extended since, what its files tell.

    Raises:
        RunDirectoryError: `path` is not a run directory, or a file in it holds
            what no run writes, naming the file and the field.
    """
    manifest = Manifest.load(path / "manifest.json")
    try:
        report = stored_report(path)
    except FileNotFoundError:
        pass
    else:
        *earlier, last = (dict(each.quotas.over(manifest.task.labels)) for each in manifest.targets)
        if report["requested"] == last or report["requested"] not in earlier:
            return report
    return unfinished_report(path, manifest)


def stored_report(path: Path) -> dict[str, Any]:
    """The report that a run wrote when it last ended, whatever its target is by now.

    Raises:
        FileNotFoundError: it wrote none.
        RunDirectoryError: it holds what no run writes, naming the field.
    """
    report: dict[str, Any] = read_json(path / "report.json")
    try:
        _Report.model_validate(report)
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path / 'report.json'} cannot be read: {refused(error)}"
        ) from error
    if lacking := report["requested"].keys() - report["rows"].keys():
        raise RunDirectoryError(
            f"{path / 'report.json'} cannot be read: rows: {min(lacking)!r} is missing"
        )
    return report


def price_words(prices: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """A line for each price that a report's calls were counted at, with where it is from."""
    steps: dict[str, list[str]] = {}
    for step, price in prices.items():
        if price is None:
            words = "unknown, so costs are not counted"
        else:
            source = f" ({price['source']})" if price["source"] else ""
            words = f"${price['in']:g} in, ${price['out']:g} out per million tokens{source}"
        steps.setdefault(words, []).append(step)
    if len(steps) == 1:
        return [f"Price: {words}" for words in steps]
    return [f"Price of {', '.join(names)}: {words}" for words, names in steps.items()]


NEARLY_THE_SAME = 90
"""From how alike on, in percent, a row is counted as nearly the same as what it was made from."""


def sources_of(
    task: Task[Any, Any], provenance: Path, tasks: Mapping[str, Task[Any, Any]] | None = None
) -> list[dict[str, Any]]:
    """The data that the rows of a run were made from, with how many rows of each, most first.

    `tasks` are those of merged runs, by name, if they may differ.

    If a task notes the likeness of a row to its source (`like_source`, 0 to 100), rows that are
    nearly the same are also counted.

    The result is empty if no list of the task gives credit, or if `provenance` cannot be read.
    """
    of_run = tasks or {}
    if all(part.credit is None for each in (task, *of_run.values()) for part in each.chain):
        return []
    rows: Counter[Credit] = Counter()
    alike: Counter[Credit] = Counter()
    noted = False
    known: dict[tuple[int, str], Credit | None] = {}
    with contextlib.suppress(TargenError, OSError):
        for record in read_jsonl(provenance):
            items = [*record["above"], record["seed"]]
            chain = of_run.get(record.get("run", ""), task).chain_of(record["intended"])
            if len(items) != len(chain):  # seeds of the user's own
                continue
            for part, item in zip(chain, items, strict=True):
                if part.credit is None:
                    continue
                key = id(part), json.dumps(item, sort_keys=True)
                if key not in known:
                    known[key] = _credit(part, item)
                if (credit := known[key]) is not None:
                    rows[credit] += record["rows"]
                    like = (record.get("notes") or {}).get("like_source")
                    noted = noted or like is not None
                    if isinstance(like, int | float) and like >= NEARLY_THE_SAME:
                        alike[credit] += record["rows"]
    return [
        {**asdict(credit), "rows": count, **({"alike": alike[credit]} if noted else {})}
        for credit, count in rows.most_common()
    ]


def _credit(part: ListStep[Any], value: Any) -> Credit | None:
    assert part.credit is not None
    kind = part.item
    try:
        item = kind.model_validate(value) if issubclass(kind, BaseModel) else value
    except ValidationError:
        return None
    return part.credit(item)


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
