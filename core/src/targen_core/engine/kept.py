"""Rows of another run that a run begins with, as a revision does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.engine.executor import Outcome
from targen_core.engine.guard import Guard
from targen_core.engine.seeds import Seed, items_from
from targen_core.engine.window import SharedGeneration, Slot
from targen_core.errors import RunDirectoryError, UnreadableFile
from targen_core.plain import digest_of
from targen_core.reading.lines import read_jsonl
from targen_core.tasks.judging import UNSURE, Correction
from targen_core.tasks.model import Task

FILE = "kept.jsonl"
"""The file of a run that has them."""

_OF_REVISION = re.compile(r"^r\d+:")


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance of another run.

    Attributes:
        rows: its official rows, as they are now.
        provenance: where they come from, as the other run wrote it.
        judged: whether its verdict stays; otherwise step 4 judges it again.
    """

    rows: Sequence[Mapping[str, Any]]
    provenance: Mapping[str, Any]
    judged: bool

    @property
    def known(self) -> Correction | None:
        """Return its verdict of step 4; None if it is judged again."""
        if not self.judged:
            return None
        was = self.provenance
        reason = UNSURE if was.get("notes", {}).get(UNSURE) else ""
        return Correction(was["label"], was["explanation"], reason)


def read_kept(folder: Path) -> Iterator[Kept]:
    """Yield the kept rows of a run, in their order.

    Raises:
        RunDirectoryError: a line is not one of them.
    """
    for number, line in enumerate(read_jsonl(folder / FILE), 1):
        try:
            kept = Kept(line["rows"], line["provenance"], line["judged"])
            _place(kept)
            _ = kept.known, kept.provenance["calls"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunDirectoryError(f"{folder / FILE}: line {number} is not a kept row") from error
        yield kept


def require_kept(folder: Path, digest: str) -> None:
    """Check that a run's kept rows are those that it was begun with.

    Raises:
        RunDirectoryError: they are not.
    """
    try:
        found = digest_of(folder / FILE)
    except UnreadableFile as error:
        raise RunDirectoryError(str(error)) from error
    if found != digest:
        raise RunDirectoryError(
            f"{folder / FILE} was edited since the run began",
            hint="restore it from a backup, or revise the original run again",
        )


def _place(kept: Kept) -> tuple[tuple[int, ...], str, int]:
    """Return the path of its seed, its branch and its number among instances of the two."""
    place = _OF_REVISION.sub("", str(kept.provenance["id"]))
    path, branch, ordinal = place.split("/")
    return tuple(map(int, path.split("."))), branch, int(ordinal)


class KeptSlot(Slot):
    """The candidate that a kept instance is."""

    __slots__ = ("kept",)
    kept: Kept

    @property
    def id(self) -> str:
        """As in provenance and rejects."""
        return str(self.kept.provenance["id"])

    def provenance(self, outcome: Outcome, idx: int, rows: int) -> dict[str, Any]:
        """Return the provenance of the rows from `idx` on: the old one, with any new verdict."""
        was = {**self.kept.provenance, "idx": idx, "rows": rows}
        if self.kept.judged:
            return was
        calls = [*was["calls"], *outcome.keys]
        said = {"label": outcome.corrected, "explanation": outcome.explanation, "calls": calls}
        return {**was, **said}


def slot_of(kept: Kept, task: Task[Any, Any], guard: Guard) -> tuple[KeptSlot, Any]:
    """Return a kept instance as a candidate, and the instance itself.

    Raises:
        PluginError: the task cannot read its own rows.
    """
    path, branch, ordinal = _place(kept)
    (instance,) = guard.call(task.from_rows, list(kept.rows))
    chain = task.chain_of(branch)
    values = [*kept.provenance.get("above", ()), kept.provenance.get("seed")]
    items = [
        (items_from(step, [value]) or [value])[0]
        for step, value in zip(chain[-len(values) :], values, strict=False)
    ]
    sample = ordinal // task.seeding.instances_per_call
    seed = Seed(items[-1] if items else None, path, tuple(items[:-1]), (), sample)
    slot = KeptSlot(
        part=0,
        number=0,
        seed=seed,
        branch=branch,
        aim=task.branches[branch],
        ordinal=ordinal,
        generation=SharedGeneration(),
        batches=[],
    )
    slot.kept = kept
    return slot, instance
