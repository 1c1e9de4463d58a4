"""The rows of several runs, taken in turns or turned away."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from targen_core.cli.tracing import Traced, rows
from targen_core.engine.filters import Candidate, Filters, Refusal
from targen_core.engine.quota_tracker import OPEN, QuotaTracker, ending
from targen_core.engine.seeds import Dropped
from targen_core.errors import RunDirectoryError
from targen_core.reading.lines import read_jsonl
from targen_core.runs.directory import RunDirectory
from targen_core.tasks.fields import text_at
from targen_core.tasks.model import Task
from targen_core.text import row_name
from targen_standard.merging.runs import Run


class Writer:
    """Takes rows, or says why not."""

    def __init__(
        self, task: Task[Any, Any], tracker: QuotaTracker, sink: RunDirectory, filters: Filters
    ) -> None:
        self._task = task
        self._tracker = tracker
        self._sink = sink
        self._filters = filters
        self._idx = 0

    def write(self, runs: Sequence[Run]) -> None:
        """Go through all rows in turns."""
        turns = heapq.merge(*map(_turns, runs), key=lambda turn: turn[:2])
        for _, number, place, traced in turns:
            self._judge(runs[number], place, traced)

    def _judge(self, run: Run, place: int, traced: Traced) -> None:
        record, tracker = traced.record, self._tracker
        if odd := [n for n in ("id", "intended", "label") if type(record.get(n)) is not str]:
            raise RunDirectoryError(f"{run.path}: a row's record lacks {odd[0]}")
        branch, label = str(record["intended"]), str(run.label_of(self._task, traced))
        if branch not in tracker.flows:
            raise RunDirectoryError(f"{run.path}: {traced.id} has the unknown branch {branch!r}")
        aim = tracker.aims[branch] if tracker.by_intended else label
        quota = aim if aim is not None and tracker.knows(aim, 1) else OPEN
        if not tracker.knows(quota, 1):
            raise RunDirectoryError(f"{run.path}: {traced.id} has the unknown label {label!r}")
        if label != record["label"]:
            flow = tracker.flows[branch]
            flow.accepted[_ended(tracker, record)] -= 1
            traced = replace(traced, record={**record, "label": label})
            record = traced.record
            flow.accepted[_ended(tracker, record)] += 1
        counted = tracker.counted(branch, quota)
        seed = f"{run.prefix}{traced.id.partition('/')[0]}"
        instances, among, text, written = self._content(traced, seed)
        one = instances[0] if len(instances) == 1 else instances
        counts = label if self._task.labels else ""
        candidate = Candidate(among, one, text, written, branch, lambda: traced.rows, counts)
        verdict = detail = ""
        refusal: Refusal | None = None
        if place in run.copies:
            verdict, detail = "duplicate", "two of the merged runs have this candidate"
        elif tracker.is_full(counted):
            verdict, detail = "surplus", tracker.why_full(counted)
        else:
            refusal = self._filters.find(candidate)
            if refusal is not None:
                verdict, detail = refusal.verdict, refusal.detail
        ended = _ended(tracker, record)
        if verdict:
            flow = tracker.flows[branch]
            flow.accepted[ended] -= 1
            if verdict == "duplicate":
                flow.duplicate += 1
            elif verdict == "surplus":
                flow.surplus[ended] += 1
            elif refusal is not None:
                flow.rejected["filter"] += 1
                flow.reasons[refusal.reason] += 1
            reject = _rejected(run, traced, instances, verdict, detail)
            if verdict == "rejected" and refusal is not None:
                reject |= {"stage": "filter", "reason": refusal.reason}
                if refusal.facts:
                    reject["notes"] = {**reject.get("notes", {}), **refusal.facts}
            self._sink.reject(reject)
            return
        made = self._numbered(instances, traced.rows)
        mine = {**_of(run, record), "idx": self._idx, "rows": len(made)}
        self._sink.accept(made, mine)
        self._idx += len(made)
        run.taken += len(made)
        tracker.gain(branch, quota, len(made))
        self._filters.add(candidate)

    def _content(self, traced: Traced, seed: str) -> tuple[Sequence[Any], str, str, str]:
        """The instances of a unit's rows, and what they are compared by, as a run has it.

        These are what it shares with other rows, its text, and the part that was written. Where
        rows nest several instances, all of their texts are both.
        """
        task = self._task
        try:
            instances = task.from_rows(traced.rows)
            if len(instances) == 1 and isinstance(one := instances[0], task.instance):
                among = task.dedup_among(one, seed)
                return instances, among, task.render(one), task.dedup_text(one)
        except Exception as error:  # of a task's own code
            raise RunDirectoryError(
                f"{traced.run}: {row_name(traced.number)} does not fit the task {task.name}: "
                f"{type(error).__name__}: {error}"
            ) from error
        text = "\n".join(text_at(row, path) for row in traced.rows for path in task.fields)
        return instances, seed, text, text

    def _numbered(
        self, instances: Sequence[Any], rows: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """The rows under their new numbers."""
        old = rows[0].get("idx")
        own = self._task.rows.to_rows is not None  # which may number more than the rows
        if own and len(instances) == 1 and type(old) is int:
            again = self._task.to_rows(instances[0], old)
            if list(again) == list(rows):
                return list(self._task.to_rows(instances[0], self._idx))
        return [
            {**row, "idx": self._idx + at} if "idx" in row else row for at, row in enumerate(rows)
        ]


def _turns(run: Run) -> Iterator[tuple[float, int, int, Traced]]:
    """A run's units, each behind its place from 0 to 1 in the run."""
    for place, traced in enumerate(rows(run.path)):
        yield (2 * place + 1) / (2 * run.units), run.number, place, traced


def _of(run: Run, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of a run as the merge has it."""
    mine = {**record, "run": run.name}
    if "id" in record:
        mine["id"] = f"{run.prefix}{record['id']}"
    if run.keys and "calls" in record:
        mine["calls"] = [run.keys.get(key, key) for key in record["calls"]]
    return mine


def _rejected(
    run: Run, traced: Traced, instances: Sequence[Any], verdict: str, detail: str
) -> dict[str, Any]:
    """Return the record of a row that is not accepted."""
    record = _of(run, traced.record)
    values = [
        one.model_dump(mode="json") if isinstance(one, BaseModel) else one for one in instances
    ]
    kept = ("claimed", "seed", "dimensions", "notes", "calls", "run")
    return {
        "verdict": verdict,
        "id": record["id"],
        "intended": record["intended"],
        "corrected": record["label"],
        "stage": "",
        "reason": "",
        "detail": detail,
        "instance": values[0] if len(values) == 1 else values,
        **{name: record[name] for name in kept if name in record},
    }


def copy_rejects(runs: Sequence[Run], sink: RunDirectory) -> None:
    """Write what the runs rejected, under the ids that it has in the merge."""
    for run in runs:
        for record in read_jsonl(run.path / "rejects.jsonl"):
            sink.reject(_of(run, record))


def _ended(tracker: QuotaTracker, record: Mapping[str, Any]) -> str:
    """Return where the flow of an accepted unit ended, by its record."""
    label = str(record["label"])
    return ending(label, record.get("claimed"), closed=tracker.knows(label, 1))


def add_flows(tracker: QuotaTracker, runs: Sequence[Run]) -> None:
    """Add up what became of the candidates of all runs."""
    for run in runs:
        for branch, counts in run.report["flow"].items():
            flow = tracker.flows[branch]
            flow.accepted.update(counts["accepted"])
            flow.surplus.update(counts["surplus"])
            flow.rejected.update(counts["rejected"])
            flow.reasons.update(counts["reasons"])
            flow.duplicate += counts["duplicate"]
            flow.unsure += counts.get("unsure", 0)
        if run.edited:  # a row that somebody removed was accepted
            there = {traced.id for traced in rows(run.path)}
            for record in read_jsonl(run.path / "provenance.jsonl"):
                if record["id"] not in there:
                    flow = tracker.flows[record["intended"]]
                    flow.accepted[_ended(tracker, record)] -= 1
        for each in run.report["dropped_list_items"]:
            dropped = Dropped(each["step"], "", each["reason"], "", None)
            tracker.dropped[dropped.step, dropped.reason] += each["count"]
