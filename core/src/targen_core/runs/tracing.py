"""What a run's candidates became, each with the calls that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.calls.journal import find_records
from targen_core.errors import UsageError
from targen_core.runs.files import read_jsonl
from targen_core.runs.manifest import Manifest
from targen_core.text import plural

__all__ = ["Traced", "find", "rejects", "rows"]


@dataclass(frozen=True, slots=True)
class Traced:
    """A candidate, or a list item that was left out, as a run has it on record.

    Attributes:
        run: the run directory.
        record: its record in `provenance.jsonl` or `rejects.jsonl`.
        rows: the official rows that it made; none where it was rejected.
    """

    run: Path
    record: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def id(self) -> str:
        """The candidate's id, or the place of a list item."""
        return str(self.record.get("id") or self.record.get("place"))

    @property
    def verdict(self) -> str:
        """`accepted`, `rejected`, `duplicate`, `surplus`, or `dropped` for a list item."""
        return str(self.record.get("verdict", "accepted"))

    @property
    def label(self) -> str | None:
        """The label that it ended with, as far as it came; a list item has none."""
        label = self.record.get("label") or self.record.get("corrected")
        return label or self.record.get("intended")

    def calls(self) -> list[dict[str, Any]]:
        """The journal's records of its calls, in their order: lists, generation, correction.

        Raises:
            RunDirectoryError: the journal cannot be read.
        """
        keys = [str(key) for key in self.record.get("calls", ())]
        known = find_records(self.run / "journal", set(keys))
        return [known[key] for key in dict.fromkeys(keys) if key in known]


def rows(run: Path) -> Iterator[Traced]:
    """The accepted candidates of a run, in the order of its rows.

    Raises:
        UsageError: there is no such directory.
        RunDirectoryError: it is no run, or cannot be read.
    """
    Manifest.load(run / "manifest.json")
    official = read_jsonl(run / "dataset.jsonl")
    for record in read_jsonl(run / "provenance.jsonl"):
        made = list(islice(official, _count(record)))
        if not made:
            return  # a kill came between the two files
        yield Traced(run, record, made)


def rejects(run: Path) -> Iterator[Traced]:
    """Candidates and list items of a run that made no row, in its order.

    Raises:
        UsageError: there is no such directory.
        RunDirectoryError: it is no run, or cannot be read.
    """
    Manifest.load(run / "manifest.json")
    for record in read_jsonl(run / "rejects.jsonl"):
        yield Traced(run, record)


def find(run: Path, name: str) -> Traced:
    """The candidate that made a row, or that has an id.

    Args:
        run: a run directory.
        name: a row's number from 0, as its `idx`, or a candidate's id, such as
            `3.2/entailment/0`, whatever became of it.

    Raises:
        UsageError: there is no such directory, or no such row or candidate in it.
        RunDirectoryError: it is no run, or cannot be read.
    """
    if name.isascii() and name.isdigit():
        start = 0
        for traced in rows(run):
            if start <= int(name) < start + len(traced.rows):
                return traced
            start += len(traced.rows)
        raise UsageError(
            f"{run} has no row {name}: it has {plural(start, 'row')}"
            + (f", 0 to {start - 1}" if start else ""),
        )
    for traced in rows(run):
        if traced.id == name:
            return traced
    # A candidate that was surplus may be accepted when a run grows: its row comes first.
    for traced in rejects(run):
        if traced.id == name:
            return traced
    raise UsageError(
        f"{run} has no candidate {json.dumps(name)}",
        hint=f"give a row's number, or an id that targen show {run} --rejected prints",
    )


def _count(record: Mapping[str, Any]) -> int:
    count = record.get("rows", 1)
    return count if type(count) is int and 0 < count < 1000 else 1
