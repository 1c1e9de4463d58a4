"""Trace a run's candidates to their outcomes and to the calls behind them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.calls.journal import compact, decode, key_of
from targen_core.calls.usage import check_record
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.hints import quoted
from targen_core.reading.lines import read_jsonl, whole_lines
from targen_core.runs.correction_plan import CorrectionPlan, unfinished
from targen_core.runs.files import check_members
from targen_core.runs.manifest import Manifest
from targen_core.text import plural

_LEAST = 4  # digits that suffice to identify a key, as in git
_KEY = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True)
class Traced:
    """A candidate, or a list item that was left out, as a run has it on record.

    Attributes:
        run: the run directory.
        record: its record in `provenance.jsonl` or `rejects.jsonl`; of a correction, in
            `changes.jsonl`, with `id` and `intended` as a run's records have them, and `row`.
        rows: the official rows that it made; empty if it was rejected.
        correction: the plan of the correction that made the directory, if one did.
    """

    run: Path
    record: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()
    correction: CorrectionPlan | None = None

    @property
    def id(self) -> str:
        """The candidate's id, or the place of a list item."""
        return str(self.record.get("id") or self.record.get("place"))

    @property
    def number(self) -> Any:
        """Return the number of its first row, from 0; None without rows."""
        return self.record.get("idx" if self.correction is None else "row")

    @property
    def verdict(self) -> str:
        """`accepted`, `rejected`, `duplicate`, `surplus`, or `dropped` for a list item.

        For a correction `confirmed`, `relabelled` or `rejected`.
        """
        return str(self.record.get("verdict", "accepted"))

    @property
    def label(self) -> str | None:
        """Return the final label, as far as it is known; a list item has no label."""
        label = self.record.get("label") or self.record.get("corrected")
        return label or self.record.get("intended")

    @property
    def claimed(self) -> str | None:
        """Return the label before step 4 or a review; None if it had none."""
        label: str | None = self.record.get("claimed", self.record.get("intended"))
        return label

    @property
    def changed(self) -> bool:
        """Return whether it kept its rows, but step 4 or people changed them."""
        if self.correction is not None:
            return self.verdict in ("relabelled", "edited")
        # Step 4 may change an output, such as the ends of spans, without changing its label.
        within = "before" in (self.record.get("notes") or {})
        return bool(self.rows) and (within or self.claimed not in (None, self.label))

    @cached_property
    def keys(self) -> Sequence[str]:
        """Keys of its calls, in their order: lists, generation, correction."""
        if "calls" in self.record:
            return tuple(dict.fromkeys(map(str, self.record["calls"])))
        place = self.id  # of a list item, which has those of its batch
        known = find_records(self.run / "journal", set(), places=[place])
        return [key for key, record in known.items() if record.get("place") == place]

    def calls(self) -> list[dict[str, Any]]:
        """The journal's records of its calls.

        Raises:
            RunDirectoryError: the journal cannot be read.
        """
        known = find_records(self.run / "journal", set(self.keys))
        return [known[key] for key in self.keys if key in known]


def rows(run: Path) -> Iterator[Traced]:
    """The accepted candidates of a run, in the order of its rows.

    Raises:
        UsageError: the directory does not exist, or its correction is unfinished.
        RunDirectoryError: it is not a run, or cannot be read.
    """
    if plan := plan_of(run):
        yield from (traced for traced in _changes(run, plan) if traced.rows)
        return
    Manifest.load(run / "manifest.json")
    official = read_jsonl(run / "dataset.jsonl")
    row = next(official, None)
    for record in _records(run / "provenance.jsonl"):
        if row is None:
            return  # a kill came between the two files
        first, number = record.get("idx"), row.get("idx")
        if type(first) is int and type(number) is int and number > first:
            continue  # somebody removed its rows
        yield Traced(run, record, [row, *islice(official, _count(record) - 1)])
        row = next(official, None)


def rejects(run: Path) -> Iterator[Traced]:
    """Yield rejected candidates and list items of a run, in its order.

    Raises:
        UsageError: the directory does not exist, or its correction is unfinished.
        RunDirectoryError: it is not a run, or cannot be read.
    """
    if plan := plan_of(run):
        yield from (traced for traced in _changes(run, plan) if not traced.rows)
        return
    Manifest.load(run / "manifest.json")
    for record in _records(run / "rejects.jsonl"):
        yield Traced(run, record)


def find(run: Path, name: str) -> Traced:
    """The candidate that made a row, or that has an id.

    Args:
        run: a run directory, or one that `targen correct` left.
        name: a row's number from 0, as its `idx`, or the id of any candidate, such as
            `3.2/entailment/0`. In a correction `correct/17`, which counts the judged rows from 0.

    Raises:
        UsageError: the directory, the row or the candidate does not exist.
        RunDirectoryError: it is not a run, or cannot be read.
    """
    if name.isascii() and name.removeprefix("-").isdigit():
        if name.isdigit() and (traced := _at(run, int(name))):
            return traced
        start = 0
        for traced in rows(run):
            if start <= int(name) < start + len(traced.rows):
                return traced
            start += len(traced.rows)
        raise UsageError(
            f"{run} has no row {name}: it has {plural(start, 'row')}"
            + (", numbered from 0" if start else ""),
        )
    for traced in rows(run):
        if traced.id == name:
            return traced
    # A candidate that was surplus may be accepted when a run grows: its row comes first.
    for traced in rejects(run):
        if traced.id == name:
            return traced
    raise UsageError(
        f"{run} has no candidate {json.dumps(name, ensure_ascii=False)}",
        hint=f"give a row's number, or an id that targen show {quoted(run)} --rejected prints",
    )


def _at(run: Path, number: int) -> Traced | None:
    """The candidate of a run's row, found without reading those before it."""
    if plan_of(run):
        return None
    unit = Manifest.load(run / "manifest.json").task.unit
    first = number - number % unit
    record = next(_records(run / "provenance.jsonl", skip=first // unit), None)
    if record is None or record.get("idx") != first or _count(record) != unit:
        return None
    made = list(islice(read_jsonl(run / "dataset.jsonl", skip=first), unit))
    return Traced(run, record, made) if made else None


def find_call(run: Path, prefix: str) -> dict[str, Any]:
    """The journal's record of the call whose key begins so.

    Raises:
        UsageError: no call has this prefix, or several have.
        RunDirectoryError: it is not a run, or cannot be read.
    """
    if not plan_of(run):
        Manifest.load(run / "manifest.json")
    prefix = prefix.lower()
    if not _KEY.fullmatch(prefix) or len(prefix) < _LEAST:
        raise UsageError(
            f"{json.dumps(prefix)} is not the beginning of a call's key",
            hint=f"give {_LEAST} to 32 hex digits, as targen trace RUN ROW prints them",
        )
    known = find_records(run / "journal", set(), prefix=prefix)
    if len(known) == 1:
        return next(iter(known.values()))
    if not known:
        raise UsageError(f"{run} has no call whose key begins with {prefix}")
    some = [f"{key[:12]} ({record.get('place')})" for key, record in islice(known.items(), 3)]
    raise UsageError(
        f"{plural(len(known), 'call')} of {run} have a key that begins with {prefix}: "
        + ", ".join(some),
        hint="give more digits",
    )


def find_records(
    path: Path, keys: Set[str], *, places: Sequence[str] = (), prefix: str = ""
) -> dict[str, dict[str, Any]]:
    """Find the records of some calls in a journal by their keys, without reading the others.

    Also finds those whose place begins with one of `places`, and those whose key begins with
    `prefix`. Damaged records are left out; a missing journal has no records.

    Raises:
        RunDirectoryError: it cannot be read.
    """
    records: dict[str, dict[str, Any]] = {}
    there = [b'"place":%s' % compact(place)[:-1] for place in places]
    for line in whole_lines(path):
        key = key_of(line).decode("ascii", "replace")
        wanted = key in keys or (prefix and key.startswith(prefix))
        if not key or not (wanted or any(place in line for place in there)):
            continue
        if (record := decode(line)) and _is_call(record):
            records[key] = record
    return records


def _is_call(record: dict[str, Any]) -> bool:
    """Check that a record has all that the record of a call has, each of its type."""
    try:
        check_record(record)
    except ValueError:
        return False
    return all(type(record.get(name)) is str for name in ("key", "place", "prompt"))


def resting_on(run: Path, key: str) -> Iterator[Traced]:
    """Rows, and then rejects, that rest on the call with this key; list items by its place.

    Raises:
        RunDirectoryError: the run cannot be read.
    """
    yield from (each for each in rows(run) if key in each.record.get("calls", ()))
    place = find_records(run / "journal", {key}).get(key, {}).get("place")
    for each in rejects(run):
        if key in each.record.get("calls", ()) or each.record.get("place") == place:
            yield each


def made_by(run: Path, record: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what made a run: its task, models and packages, from its manifest.

    For a `record` of merged runs, return what made its own run.

    Raises:
        RunDirectoryError: it is not a run, or cannot be read.
    """
    corrector: str | None
    if plan := plan_of(run):
        steps = {} if plan.step is None else {"correct": plan.step}
        task, corrector = plan.task, plan.corrector
        seed, created, packages = plan.seed, "", dict[str, str]()
    else:
        manifest = Manifest.load(run / "manifest.json")
        if (begun := manifest.run_of(record or {})) is not None:
            manifest = begun.manifest
        task, steps, corrector = manifest.task, manifest.steps, manifest.lock.corrector
        seed, created = manifest.config.seed, manifest.created
        packages = manifest.lock.distributions
    return {
        "task": task.id,
        "version": task.version,
        "variants": list(task.variants),
        "seed": seed,
        "created": created,
        "corrector": corrector,
        "packages": packages,
        "models": {
            name: {"backend": step.backend, "model": step.identity, "parameters": step.params}
            for name, step in steps.items()
        },
    }


def plan_of(run: Path) -> CorrectionPlan | None:
    """Return the plan of the correction that made a directory; None for a run.

    Raises:
        RunDirectoryError: it cannot be read.
    """
    if (run / "manifest.json").exists() or not (run / "correction.json").exists():
        return None
    check_members(run)
    return CorrectionPlan.load(run)


def _changes(run: Path, plan: CorrectionPlan) -> Iterator[Traced]:
    """Yield the judged rows of a correction, in its order."""
    if error := unfinished(run):
        raise error
    official, at = read_jsonl(run / "dataset.jsonl"), 0
    for number, change in enumerate(read_jsonl(run / "changes.jsonl")):
        record = {"id": f"correct/{number}", **change, "intended": change.get("claimed")}
        if change.get("verdict") == "rejected":
            record["stage"], record["detail"] = "correct", record.pop("explanation", "")
        made = [] if change.get("label") is None else list(islice(official, plan.task.unit))
        if made:
            record["row"] = at
            at += len(made)
        yield Traced(run, record, made, plan)


def _records(path: Path, *, skip: int = 0) -> Iterator[dict[str, Any]]:
    """The records of provenance or rejects.

    Raises:
        RunDirectoryError: naming the line and the field of one that no run writes.
    """
    for number, record in enumerate(read_jsonl(path, skip=skip), skip + 1):
        if type(record.get("calls", [])) is not list:
            problem = "`calls` is not a list"
        elif any(type(record.get(name, "")) is not str for name in ("id", "place")):
            problem = "id or place is not a string"
        else:
            yield record
            continue
        raise RunDirectoryError(f"{path}: line {number} is not a valid record: {problem}")


def _count(record: Mapping[str, Any]) -> int:
    count = record.get("rows", 1)
    return count if type(count) is int and 0 < count < 1000 else 1
