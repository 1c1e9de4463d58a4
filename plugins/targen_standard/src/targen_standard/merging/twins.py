"""The same candidate, or the same call, in several runs of a merge."""

from __future__ import annotations

import hashlib
import os
import shlex
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from targen_core.calls.journal import checked, compact, key_of, unchecked
from targen_core.calls.usage import Usage
from targen_core.cli.tracing import rows
from targen_core.errors import RunConflict, RunDirectoryError, UsageError
from targen_core.plain import open_plain
from targen_core.reading.lines import json_line, whole_lines
from targen_core.tasks.fields import text_at
from targen_core.tasks.model import Task
from targen_standard.merging.runs import Run


class _Twins:
    """Pairs of a key and what is under it, of all runs, in 16 bytes each."""

    def __init__(self) -> None:
        self._keys = array("Q")
        self._values = array("Q")
        self._ends: list[int] = []

    def add(self, key: int, value: int) -> None:
        """Note what the present run has under a key."""
        self._keys.append(key)
        self._values.append(value)

    def end(self) -> None:
        """The present run has no more."""
        self._ends.append(len(self._keys))

    def found(self) -> Iterator[tuple[tuple[int, int], tuple[int, int], bool]]:
        """Yield records of two runs with one key, and whether they are the same.

        Each is a run's number and the place of the pair in it.
        """
        keys = np.frombuffer(self._keys, np.uint64)
        values, ends = np.frombuffer(self._values, np.uint64), np.array(self._ends)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        heads = first[inverse]  # of each pair, the first with its key
        begun = np.concatenate(([0], ends[:-1]))
        for later in np.flatnonzero(heads < np.arange(len(keys))).tolist():
            head = int(heads[later])
            one, other = (int(np.searchsorted(ends, at, side="right")) for at in (head, later))
            if one != other:
                same = bool(values[head] == values[later])
                yield (one, head - int(begun[one])), (other, later - int(begun[other])), same


def find_copies(runs: Sequence[Run], task: Task[Any, Any]) -> None:
    """Count each run's units, and find candidates that several runs have.

    Raises:
        RunConflict: runs have other rows of one candidate.
        UsageError: a run has no rows of its own, such as a copy of another run.
    """
    twins = _Twins()
    for run in runs:
        for traced in rows(run.path):
            run.units += 1
            texts = [text_at(row, path) for row in traced.rows for path in task.fields]
            value = _hash("\0".join([*texts, str(run.label_of(task, traced))]))
            twins.add(_hash(f"{run.family} {traced.id}"), value)
        twins.end()
    apart: list[tuple[int, int, int]] = []
    shared: Counter[tuple[int, int]] = Counter()
    for (one, _), (other, place), same in twins.found():
        if same:
            runs[other].copies.add(place)
            shared[one, other] += 1
        else:
            apart.append((one, other, place))
    if not apart:
        for (one, other), count in shared.items():
            less, more = sorted((runs[other], runs[one]), key=lambda run: run.units)
            if count == less.units:  # it would add only to the number of rows that are requested
                raise UsageError(
                    f"{more.path} contains all rows of {less.path}: one is a copy of the other, or "
                    "both used the same seed and shard",
                    hint=f"omit {shlex.quote(str(less.path))}",
                )
        return
    one, other, place = apart[0]
    there, here = runs[one], runs[other]
    traced = next(each for at, each in enumerate(rows(here.path)) if at == place)
    shards = [run.manifest.config.shard for run in (there, here)]
    why = "candidates with the same seed and model must be identical"
    if len({shard.count if shard else 1 for shard in shards}) > 1:
        why = "they are not shards of one run"
    raise RunConflict(
        f"{there.path} and {here.path} have different rows for candidate "
        f"{traced.id}{_more(len(apart))}: {why}",
        hint="use --conflicting to merge them anyway, or omit one of the runs",
    )


_SENT = (b'{"sent":', b'{"unbilled":')


def join_journals(runs: Sequence[Run], path: Path, usage: Usage, *, conflicting: bool) -> None:
    """Write the records of all calls, those that several runs have once; count what they took.

    Raises:
        RunConflict: runs have different replies to the same call.
        RunDirectoryError: one cannot be read.
    """
    twins, in_flight = _Twins(), []
    for run in runs:
        own = Usage()
        for record in _records(run.path / "journal"):
            try:
                usage.recall(record)
                own.record(record)
                if "key" in record:
                    key = bytes.fromhex(record["key"])
                    twins.add(int.from_bytes(key[:8], "big"), _hash(record["text"]))
            except (KeyError, TypeError, ValueError) as error:
                raise RunDirectoryError(
                    f"{run.path / 'journal'}: a record is not valid: {error}"
                ) from error
        twins.end()
        in_flight.append(own.lost_in_flight())
    skipped: list[set[int]] = [set() for _ in runs]
    apart: list[set[int]] = [set() for _ in runs]
    conflict: tuple[int, int, int] | None = None
    for (one, _), (other, place), same in twins.found():
        (skipped if same else apart)[other].add(place)
        if not same and conflict is None:
            conflict = one, other, place
    if conflict is not None and not conflicting:
        one, other, place = conflict
        keyed = (each for each in _records(runs[other].path / "journal") if "key" in each)
        record = next(each for at, each in enumerate(keyed) if at == place)
        raise RunConflict(
            f"{runs[one].path} and {runs[other].path} have different replies to the same call, "
            f"{record.get('place')} (key {record['key'][:8]}…){_more(sum(map(len, apart)))}",
            hint="use --conflicting to merge them anyway, each with its own reply; or omit one "
            "of the runs",
        )
    fd = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, alone=True)
    with os.fdopen(fd, "wb") as file:
        for run, mine, others, lost in zip(runs, skipped, apart, in_flight, strict=True):
            place = -1
            for line in whole_lines(run.path / "journal"):  # they read back, so they are not parsed
                if line.startswith(_SENT, 9):
                    continue  # another record has its outcome
                if key_of(line):
                    place += 1
                    if place in mine:
                        continue
                    if place in others:
                        record = json_line(line[9:])
                        other_key = hashlib.sha256(os.fsencode(f"{run.name} {record['key']}"))
                        run.keys[record["key"]] = other_key.hexdigest()[:32]
                        body = compact({**record, "key": run.keys[record["key"]]})
                        line = checked(body) + b"\n"
                file.write(line)
            file.writelines(checked(compact(record)) + b"\n" for record in lost)
        file.flush()
        os.fsync(file.fileno())


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal; a torn last one is left out.

    Raises:
        RunDirectoryError: one before it cannot be read.
    """
    for number, line in enumerate(whole_lines(path), 1):
        try:
            body = unchecked(line[:-1])
            record = json_line(body)
            if not isinstance(record, dict):
                raise ValueError("it is not a JSON object")
            if "key" in record and not key_of(line):
                raise ValueError("its key does not come first")
        except ValueError as error:
            raise RunDirectoryError(f"{path}: record {number} is damaged: {error}") from error
        yield record


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _more(count: int) -> str:
    return f" and {count - 1:,} more" if count > 1 else ""
