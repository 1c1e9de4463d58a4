"""Merging: one run directory of the rows of several runs of a task.

The rows of the runs are gone through in turns, each run in its own order and all of them at the
same rate, so that what is cut off at the end is cut off every run alike. A row is taken if its
label still wants rows and it is not nearly a row that was taken. What order the runs are named in
plays no part.

What comes of it stands alone: it has the runs' manifests, the records of all their calls and all
that they rejected, so that the runs may be deleted. It is written beside its place and put there
whole.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import shlex
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from targen_core.calls.journal import checked, compact, unchecked
from targen_core.calls.usage import Usage
from targen_core.engine.filters import Candidate, Filter, Filters, Refusal
from targen_core.engine.guard import Guard
from targen_core.engine.quota_tracker import OPEN, QuotaTracker, ending
from targen_core.engine.quotas import Quotas
from targen_core.engine.registered import RegisteredFilter
from targen_core.engine.seeds import Dropped
from targen_core.engine.shards import Shard
from targen_core.errors import (
    CorruptJournal,
    QuotaNotMet,
    RunConflict,
    RunDirectoryError,
    RunLocked,
    UnreadableFile,
    UsageError,
    WriteFailed,
)
from targen_core.options import Limits
from targen_core.outputs import remove
from targen_core.plain import kind_of, open_plain
from targen_core.reading import json_line, read_jsonl
from targen_core.reading.lines import LINE
from targen_core.runs.folder.card import dataset_card
from targen_core.runs.folder.directory import RunDirectory
from targen_core.runs.folder.found import is_busy
from targen_core.runs.folder.place import is_fresh
from targen_core.runs.folder.report import build_report, read_report
from targen_core.runs.folder.sections import counted_sections
from targen_core.runs.folder.sources import sources_of
from targen_core.runs.folder.tracing import Traced, rows
from targen_core.runs.records.lock import PartPlan
from targen_core.runs.records.manifest import Manifest, MergedRun, as_words, flat
from targen_core.runs.records.model_names import model_name
from targen_core.runs.records.reading import MEMBERS, check_members
from targen_core.runs.records.writing import keep_copies
from targen_core.tasks.fields import text_at
from targen_core.tasks.model import Task
from targen_core.text import plural, printable, row_name
from targen_core.wording import ANOTHER_OUT, Action, Blank, Either, Option, Words, listed
from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter

__all__ = ["Merged", "merge_runs"]

_ALWAYS = ("id", "labels", "branches", "lists", "unit")  # of a task: no merge without them alike
_NAMED = 12  # differences that are named
_KEYED = b'{"key":"'  # how the record of a call begins
_FEW = 100  # rows that one run alone is asked for
_COMMANDS = 8  # that are said
_NEAR = "targen-standard:near-duplicates"
_EXCLUDED = "filter excluded"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to.

    Attributes:
        report: as `report.json` has it.
        notes: what to know of the runs: in what they differ, what is missing.
        short: that labels lack rows, and what would give them; None where none does.
    """

    report: dict[str, Any]
    notes: Sequence[str]
    short: QuotaNotMet | None


@dataclass(slots=True)
class _Run:
    """One of the runs."""

    path: Path
    manifest: Manifest
    report: dict[str, Any]
    name: str = ""
    number: int = 0  # in their order
    family: str = ""  # what decides what a candidate is that has an id
    prefix: str = ""  # of its candidates' ids, where those of several families are merged
    units: int = 0
    taken: int = 0  # rows
    copies: set[int] = field(default_factory=set)  # units that an earlier run has, too
    keys: dict[str, str] = field(default_factory=dict)  # of calls that another has a reply to


def merge_runs(
    paths: Sequence[Path],
    out: Path,
    task_of: Callable[[Path, Manifest], Task[Any, Any]],
    *,
    filter_of: Callable[[PartPlan], Filter | None] = lambda plan: None,
    quotas: Callable[[Task[Any, Any]], Quotas | None] = lambda task: None,
    near_duplicates: float | None = None,
    mix: bool = False,
) -> Merged:
    """Merge runs of one task into the directory `out`.

    Args:
        paths: run directories, in any order.
        out: what is to be made; another merge there is replaced.
        task_of: finds the task of a run.
        filter_of: makes a filter that a run had; None if that is not installed.
        quotas: the rows wanted; None: all that the runs were asked for.
        near_duplicates: from which similarity on, in percent, a row is not taken beside one that
            was; by default what the runs had, of several the strictest.
        mix: merge runs that contradict each other, too, each as it is.

    Raises:
        UsageError: what cannot be merged, named with the runs.
        RunLocked: a run is in progress.
        RunDirectoryError: a run cannot be read.
        WriteFailed: the operating system refuses; nothing is left half-written.
    """
    if not out.name.strip("."):
        raise UsageError(
            Option("out") + f" {out} is no name for a new folder",
            hint="such as " + Option("out", "runs/merged"),
        )
    runs = _opened(paths, out)
    _require_one_task(runs, mix=mix)
    _order(runs, mix=mix)
    _require_one_division(runs)
    across, within = _filters_of(runs, filter_of)
    notes = [*_notes(runs), *_within_words(within)]
    first = runs[0]
    task = task_of(first.path, first.manifest)
    wanted = quotas(task) or _asked_of_all(runs, task)
    if near_duplicates is None:
        alike = [run.manifest.usual_options.get("near_duplicates", 0.0) for run in runs]
        near_duplicates = min((one for one in alike if one), default=0.0)
    elif not 0 <= near_duplicates <= 100:
        raise UsageError(
            Option("near_duplicates") + f" is {near_duplicates:g}; it must be from 0 to 100"
        )
    _find_copies(runs, task)
    usage = Usage()
    part = out.with_name(f".{out.name}.merging")
    with _Part(part, out) as directory:
        _join_journals(runs, directory.journal, usage, mix=mix)
        manifest = _manifest(runs, task, wanted, near_duplicates)
        tracker = QuotaTracker(task.quota_names, task.branches, task.parts)
        tracker.aim(wanted, by_intended=manifest.spec.balance == "intended")
        _add_flows(tracker, runs)
        _copy_rejects(runs, directory)
        filters = Filters([NearDuplicateFilter(near_duplicates), *across])
        _Writer(task, tracker, directory, filters).write(runs)
        short = None if tracker.met else _short(tracker, runs, task, out)
        report = _report(runs, task, manifest, tracker, usage, directory, short)
        _copy_files(first, directory.path)
        manifest = manifest.model_copy(
            update={
                "merged": tuple(
                    one.model_copy(update={"rows": run.taken})
                    for one, run in zip(manifest.merged, runs, strict=True)
                )
            }
        )
        manifest.save(directory.manifest)
        sample = next(read_jsonl(directory.path / "dataset.jsonl"), None)
        directory.finish(
            complete=True, report=report, card=dataset_card(task, manifest, report, sample)
        )
    return Merged(report, notes, short)


# --- the runs, and what they have in common ---


def _opened(paths: Sequence[Path], out: Path) -> list[_Run]:
    """The runs, each read through the gate."""
    if not paths:
        raise UsageError(
            "name the runs to merge",
            hint=Either(
                Action("merge", Blank("runs/rte-0-*"), out="runs/rte"),
                Action("merge", ["runs/rte-0", "runs/rte-1"], out="runs/rte"),
            ),
        )
    runs: list[_Run] = []
    for path in paths:
        if path.is_dir() and not (path / "manifest.json").exists():
            inner = [each for each in sorted(path.iterdir()) if (each / "manifest.json").exists()]
            if inner:
                raise UsageError(
                    f"{path} holds several runs: a merge is of one task",
                    hint=f"name the runs of one task, such as {inner[0]}",
                )
        manifest = Manifest.load(path / "manifest.json")
        twin = next((run.path for run in runs if run.path.samefile(path)), None)
        if twin is not None:
            raise UsageError(f"{path} is named twice", hint="name each run once")
        if out.exists() and out.samefile(path):
            raise UsageError(Option("out") + f" {out} is one of the runs", hint=ANOTHER_OUT)
        if manifest.merged:
            raise UsageError(
                f"{path} is merged of {plural(len(manifest.merged), 'run')} itself",
                hint="merge those runs and the others, all at once",
            )
        if is_busy(path):
            raise RunLocked(f"a process is using {path}", hint="wait for it, or stop it")
        runs.append(_Run(path, manifest, read_report(path)))
    names = Counter(run.path.resolve().name for run in runs)
    for run in runs:
        path = run.path.resolve()
        run.name = path.name if names[path.name] == 1 else f"{path.parent.name}/{path.name}"
    return runs


def _require_one_task(runs: Sequence[_Run], *, mix: bool) -> None:
    """Refuse runs whose rows are not of one kind.

    Raises:
        RunConflict: naming two runs, and in what their tasks differ.
    """
    first = runs[0]
    for run in runs[1:]:
        mine, other = (each.manifest.task.model_dump(mode="json") for each in (first, run))
        for name in _ALWAYS:
            if mine[name] != other[name]:
                raise RunConflict(
                    f"{first.path} and {run.path} are not of one task: {name} "
                    f"{_shown(mine[name])} and {_shown(other[name])}"
                )
        if first.manifest.spec.balance != run.manifest.spec.balance:
            raise RunConflict(
                f"{first.path} and {run.path} count rows by other labels: "
                + Option("balance")
                + f" {first.manifest.spec.balance} and {run.manifest.spec.balance}"
            )
        flats = flat(mine), flat(other)
        apart = [k for k in sorted({*flats[0], *flats[1]}) if flats[0].get(k) != flats[1].get(k)]
        if apart and not mix:
            said = "; ".join(
                f"{name} {_shown(flats[0].get(name))} and {_shown(flats[1].get(name))}"
                for name in (["version"] if "version" in apart else apart[:3])
            )
            raise RunConflict(
                f"{first.path} and {run.path} were made by other prompts or versions of "
                f"{first.manifest.task.id}: {said}",
                hint=Option("mix", True) + " merges them all the same",
            )


def _order(runs: list[_Run], *, mix: bool) -> None:
    """Number the runs, whatever order they were named in."""
    for run in runs:
        run.family = _family(run.manifest)

    def place(run: _Run) -> tuple[Any, ...]:
        shard = run.manifest.spec.shard
        models = [model_name(plan) for plan in run.manifest.steps.values()]
        numbers = (0, 0) if shard is None else (shard.count, shard.number)
        said = json.dumps(run.manifest.model_dump(mode="json"), sort_keys=True)
        return run.manifest.spec.seed, models, run.family, numbers, said, run.name, str(run.path)

    runs.sort(key=place)
    for number, run in enumerate(runs):
        run.number = number
        if mix:
            run.family = str(number)
    families = list(dict.fromkeys(run.family for run in runs))
    for run in runs:
        run.prefix = f"{families.index(run.family) + 1}:" if len(families) > 1 else ""


def _require_one_division(runs: Sequence[_Run]) -> None:
    """Refuse shards of one run that divide it differently: some of it is in several, some in none.

    Raises:
        RunConflict: naming two of them.
    """
    firsts: dict[str, tuple[_Run, Shard]] = {}
    for run in runs:
        if (shard := run.manifest.spec.shard) is None:
            continue
        other, there = firsts.setdefault(run.family, (run, shard))
        if there.count != shard.count:
            raise RunConflict(
                f"{other.path} is shard {there}, {run.path} shard {shard}: they do not divide a "
                "run in the same way, so parts of it are in both and others in neither",
                hint="make all shards with one count, such as "
                + Option("shard", f"{shard.number}/{max(shard.count, there.count)}")
                + ", or with another "
                + Option("seed", ...)
                + "; "
                + Option("mix", True)
                + " merges them all the same",
            )


def _family(manifest: Manifest) -> str:
    """What runs have in common whose candidates of one id are the same candidate.

    The address of a model is no part of it: shards have servers of their own.
    """
    decides = manifest.deciding()
    apart = {"steps", "targets", "shard", "near_duplicates", "filters"}
    apart |= {"contexts_limit", "contexts_fraction"}
    steps = {
        step: [plan.backend, model_name(plan) or plan.identity, plan.params]
        for step, plan in manifest.steps.items()
    }
    kept = {name: value for name, value in decides.items() if name not in apart}
    text = json.dumps([kept, steps], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _notes(runs: Sequence[_Run]) -> Iterator[str]:
    """In what the runs differ, which shards are missing, and what is not done yet."""
    for run in runs:
        if run.report["status"] in ("stopped", "unfinished"):
            yield f"{run.name} has not been finished: {Action('resume', run.path)}"
    yield from _missing_words(runs)
    yield from _sizes(runs)
    differences = _differences(runs)
    for (setting, values), steps in [*differences.items()][:_NAMED]:
        of = f" of {', '.join(steps)}" if any(steps) else ""
        yield f"the runs differ in {setting}{of}: {values}"
    if (more := len(differences) - _NAMED) > 0:
        yield f"the runs differ in {more} more: see their manifest.json"
    if not _exclude_the_same(runs):
        yield "the runs exclude different datasets: nothing is promised of the merged rows"


def _within_words(names: Sequence[str]) -> Iterator[str]:
    """That some filters have not compared rows of different runs."""
    if names:
        yield (
            f"{' and '.join(names)} applied within each run; rows of different runs are not "
            "compared by " + ("them" if len(names) > 1 else "it")
        )


def _filters_of(
    runs: Sequence[_Run], filter_of: Callable[[PartPlan], Filter | None]
) -> tuple[list[Filter], list[str]]:
    """Filters that rows of different runs pass through, and the names of the other ones.

    A filter is as in the first run that has it; that for near-duplicates is asked for apart.
    """
    plans: dict[str, tuple[str, PartPlan]] = {}
    for run in runs:
        for place, plan in run.manifest.lock.parts.items():
            kind, _, name = place.partition(" ")
            if kind == "filter" and plan.id != _NEAR and place != _EXCLUDED:
                plans.setdefault(plan.id, (name, plan))
    across: list[Filter] = []
    within: list[str] = []
    for name, plan in plans.values():
        made = filter_of(plan)
        if made is not None and made.across_runs:
            guard = Guard(runs[0].manifest.task.id, "").of("filter", plan.id)
            across.append(RegisteredFilter(made, guard))
        else:
            within.append(name)
    return across, within


def _differences(runs: Sequence[_Run]) -> dict[tuple[str, str], list[str]]:
    """The steps, or "", by the setting in which runs differ and which of them have what."""
    decides = [flat(run.manifest.deciding()) for run in runs]
    differences: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(name for each in decides for name in each):
        if name.partition(".")[0] in ("targets", "shard") or name.endswith(".identity"):
            continue
        by_value: dict[str, list[str]] = {}
        for run, each in zip(runs, decides, strict=True):
            by_value.setdefault(_shown(each.get(name)), []).append(run.name)
        if len(by_value) > 1:
            values = "; ".join(f"{v} in {', '.join(of[:3])}" for v, of in by_value.items())
            head, _, rest = name.partition(".")
            step, _, setting = rest.partition(".") if head == "steps" else ("", "", name)
            setting = setting.removeprefix("options.").removeprefix("params.")
            differences.setdefault((setting, values), []).append(step)
    return differences


def _missing_shards(runs: Sequence[_Run]) -> Iterator[tuple[int, list[int]]]:
    """How many shards a run has and which are not there, where others of it are."""
    shards: dict[tuple[str, int], set[int]] = {}
    for run in runs:
        shard = run.manifest.spec.shard
        if shard is not None:
            shards.setdefault((run.family, shard.count), set()).add(shard.number)
    for (_, count), numbers in shards.items():
        if missing := sorted({*range(1, count + 1)} - numbers):
            yield count, missing


def _sizes(runs: Sequence[_Run]) -> Iterator[str]:
    """That shards of one run were begun with other numbers of rows."""
    sizes: dict[str, dict[int, list[str]]] = {}
    for run in runs:
        if (shard := run.manifest.spec.shard) is not None:
            total = sum(shard.quotas.values())
            sizes.setdefault(run.family, {}).setdefault(total, []).append(run.name)
    for names in sizes.values():
        if len(names) > 1:
            values = "; ".join(f"{n:,} in {', '.join(of[:3])}" for n, of in sorted(names.items()))
            yield f"the shards are parts of different numbers of rows: {values}"


def _missing_words(runs: Sequence[_Run]) -> Iterator[str]:
    for count, missing in _missing_shards(runs):
        some = ", ".join(map(str, missing[:_NAMED])) + (", …" if len(missing) > _NAMED else "")
        yield f"of {count} shards, these are not among the runs: {some}"


def _exclude_the_same(runs: Sequence[_Run]) -> bool:
    return len({_digests(run.manifest) for run in runs}) == 1


def _digests(manifest: Manifest) -> tuple[str, ...]:
    plan = manifest.lock.parts.get(_EXCLUDED)
    return () if plan is None else tuple(source.digest for source in plan.sources)


def _asked_of_all(runs: Sequence[_Run], task: Task[Any, Any]) -> Quotas:
    """The rows that the runs were asked for, by label."""
    total: Counter[str] = Counter()
    for run in runs:
        total.update(dict(run.manifest.targets[-1].quotas))
    return Quotas(total).over(task.quota_names)


# --- the same candidate, or the same call, in several runs ---


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
        """What a later run has under a key that an earlier has, and whether it is the same.

        Each is a run's number and the place of the pair in it.
        """
        keys = np.frombuffer(self._keys, np.uint64)
        if not len(keys):
            return
        values, ends = np.frombuffer(self._values, np.uint64), np.array(self._ends)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        new = np.ones(len(order), bool)
        new[1:] = ordered[1:] != ordered[:-1]
        heads = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
        begun = np.concatenate(([0], ends[:-1]))
        for head, later in zip(heads[~new].tolist(), order[~new].tolist(), strict=True):
            one, other = (int(np.searchsorted(ends, at, side="right")) for at in (head, later))
            if one != other:
                same = bool(values[head] == values[later])
                yield (one, head - int(begun[one])), (other, later - int(begun[other])), same


def _find_copies(runs: Sequence[_Run], task: Task[Any, Any]) -> None:
    """Count each run's units, and find candidates that several runs have.

    Raises:
        RunConflict: runs have other rows of one candidate.
    """
    twins = _Twins()
    for run in runs:
        for traced in rows(run.path):
            run.units += 1
            texts = [text_at(row, path) for row in traced.rows for path in task.fields]
            value = _hash("\0".join([*texts, str(traced.record.get("label"))]))
            twins.add(_hash(f"{run.family} {traced.id}"), value)
        twins.end()
    apart: list[tuple[int, int, int]] = []
    for (one, _), (other, place), same in twins.found():
        if same:
            runs[other].copies.add(place)
        else:
            apart.append((one, other, place))
    if not apart:
        return
    one, other, place = apart[0]
    there, here = runs[one], runs[other]
    traced = next(each for at, each in enumerate(rows(here.path)) if at == place)
    shards = [run.manifest.spec.shard for run in (there, here)]
    why = "a candidate of the same seed and model is to be the same"
    if len({shard.count if shard else 1 for shard in shards}) > 1:
        why = "they are not shards of one run"
    raise RunConflict(
        f"{there.path} and {here.path} have other rows of candidate {traced.id}"
        f"{_more(len(apart))}: {why}",
        hint=Option("mix", True) + " merges them all the same; or leave one of the runs out",
    )


def _join_journals(runs: Sequence[_Run], path: Path, usage: Usage, *, mix: bool) -> None:
    """Write the records of all calls, those that several runs have once; count what they took.

    Raises:
        RunConflict: runs have other replies to one call.
        CorruptJournal: one cannot be read.
    """
    twins = _Twins()
    for run in runs:
        for record in _records(run.path / "journal"):
            try:
                usage.recall(record)
                if "key" in record:
                    key = bytes.fromhex(record["key"])
                    twins.add(int.from_bytes(key[:8], "big"), _hash(record["text"]))
            except (KeyError, TypeError, ValueError) as error:
                raise CorruptJournal(
                    f"{run.path / 'journal'}: a record is not valid: {error}"
                ) from error
        twins.end()
    skipped: list[set[int]] = [set() for _ in runs]
    apart: list[set[int]] = [set() for _ in runs]
    conflict: tuple[int, int, int] | None = None
    for (one, _), (other, place), same in twins.found():
        (skipped if same else apart)[other].add(place)
        if not same and conflict is None:
            conflict = one, other, place
    if conflict is not None and not mix:
        one, other, place = conflict
        keyed = (each for each in _records(runs[other].path / "journal") if "key" in each)
        record = next(each for at, each in enumerate(keyed) if at == place)
        raise RunConflict(
            f"{runs[one].path} and {runs[other].path} have other replies to one call, "
            f"{record.get('place')} (key {record['key'][:8]}…){_more(sum(map(len, apart)))}",
            hint=Option("mix", True)
            + " merges them all the same, each with its own; or leave one of the runs out",
        )
    fd = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, alone=True)
    with os.fdopen(fd, "wb") as file:
        for run, mine, others in zip(runs, skipped, apart, strict=True):
            place = -1
            for line in _lines(run.path / "journal"):  # they read back, so they are not parsed
                if line.startswith(_KEYED, 9):
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
        file.flush()
        os.fsync(file.fileno())


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal; a torn last one is left out.

    Raises:
        CorruptJournal: one before it cannot be read.
    """
    for number, line in enumerate(_lines(path), 1):
        try:
            body = unchecked(line[:-1])
            record = json_line(body)
            if not isinstance(record, dict):
                raise ValueError("it is no object")
            if "key" in record and not line.startswith(_KEYED, 9):
                raise ValueError("its key does not come first")
        except ValueError as error:
            raise CorruptJournal(f"{path}: record {number} is damaged: {error}") from error
        yield record


def _lines(path: Path) -> Iterator[bytes]:
    """The whole lines of a journal."""
    try:
        fd = open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(fd, "rb") as file:
        for line in iter(lambda: file.readline(LINE), b""):
            if not line.endswith(b"\n"):
                if len(line) == LINE:
                    raise CorruptJournal(f"{path}: a record is longer than {LINE:,} bytes")
                return
            yield line


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _more(count: int) -> str:
    return f" and {count - 1:,} more" if count > 1 else ""


def _shown(value: Any) -> str:
    return printable(as_words(None if value == {} else value), max_length=60)


# --- the rows ---


class _Writer:
    """Takes rows, or says why not."""

    def __init__(
        self, task: Task[Any, Any], tracker: QuotaTracker, sink: RunDirectory, filters: Filters
    ) -> None:
        self._task = task
        self._tracker = tracker
        self._sink = sink
        self._filters = filters
        self._idx = 0

    def write(self, runs: Sequence[_Run]) -> None:
        """Go through all rows in turns."""
        turns = heapq.merge(*map(_turns, runs), key=lambda turn: turn[:2])
        for _, number, place, traced in turns:
            self._judge(runs[number], place, traced)

    def _judge(self, run: _Run, place: int, traced: Traced) -> None:
        record, tracker = traced.record, self._tracker
        if odd := [n for n in ("id", "intended", "label") if type(record.get(n)) is not str]:
            raise RunDirectoryError(f"{run.path}: a row is on record without {odd[0]}")
        branch, label = (str(record.get(name)) for name in ("intended", "label"))
        if branch not in tracker.flows:
            raise RunDirectoryError(f"{run.path}: {traced.id} is of an unknown branch {branch!r}")
        aim = tracker.aims[branch] if tracker.by_intended else label
        quota = aim if aim in tracker.have else OPEN
        if not tracker.knows(quota, 1):
            raise RunDirectoryError(f"{run.path}: {traced.id} is of an unknown label {label!r}")
        counted = tracker.counted(branch, quota)
        seed = f"{run.prefix}{traced.id.partition('/')[0]}"
        instances, among, text, written = self._content(traced, seed)
        one = instances[0] if len(instances) == 1 else instances
        candidate = Candidate(among, one, text, written, branch, lambda: traced.rows)
        verdict = detail = ""
        refusal: Refusal | None = None
        if place in run.copies:
            verdict, detail = "duplicate", "another of the merged runs has the very candidate"
        elif tracker.is_full(counted):
            verdict, detail = "surplus", f"label {counted} has all its rows"
        else:
            refusal = self._filters.find(candidate)
            if refusal is not None:
                verdict, detail = refusal.verdict, refusal.detail
        ended = ending(label, record.get("claimed"), closed=label in tracker.have)
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
                f"{traced.run}: {row_name(traced.number)} is no row of {task.name}: "
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


def _turns(run: _Run) -> Iterator[tuple[float, int, int, Traced]]:
    """A run's units, each behind its place from 0 to 1 in the run."""
    for place, traced in enumerate(rows(run.path)):
        yield (2 * place + 1) / (2 * run.units), run.number, place, traced


def _of(run: _Run, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of a run as the merge has it."""
    mine = {**record, "run": run.name}
    if "id" in record:
        mine["id"] = f"{run.prefix}{record['id']}"
    if run.keys and "calls" in record:
        mine["calls"] = [run.keys.get(key, key) for key in record["calls"]]
    return mine


def _rejected(
    run: _Run, traced: Traced, instances: Sequence[Any], verdict: str, detail: str
) -> dict[str, Any]:
    """What to write of a row that is not taken."""
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


def _copy_rejects(runs: Sequence[_Run], sink: RunDirectory) -> None:
    for run in runs:
        for record in read_jsonl(run.path / "rejects.jsonl"):
            sink.reject(_of(run, record))


# --- what is said of it ---


def _add_flows(tracker: QuotaTracker, runs: Sequence[_Run]) -> None:
    """Add up what became of the candidates of all runs."""
    for run in runs:
        for branch, counts in run.report["flow"].items():
            flow = tracker.flows[branch]
            flow.accepted.update(counts["accepted"])
            flow.surplus.update(counts["surplus"])
            flow.rejected.update(counts["rejected"])
            flow.reasons.update(counts["reasons"])
            flow.duplicate += counts["duplicate"]
            flow.skipped += counts["skipped"]
            flow.unsure += counts.get("unsure", 0)
        for part in run.report["dropped_list_items"]:
            dropped = Dropped(part["step"], "", part["reason"], "", None)
            tracker.dropped[dropped.step, dropped.reason] += part["count"]


def _manifest(runs: Sequence[_Run], task: Task[Any, Any], wanted: Quotas, alike: float) -> Manifest:
    """That of the first run, with what all are wanted to come to, and all of them in it."""
    first = runs[0].manifest
    spec = first.spec.replace(
        quotas=wanted.for_task(task), shard=None, near_duplicates=alike, limits=Limits()
    )
    near = PartPlan(id=_NEAR, options={"near_duplicates": alike})
    parts = {**first.lock.parts, f"filter {near.names[1]}": near}
    if not _exclude_the_same(runs):
        plan = parts.pop(_EXCLUDED, None)
        gone = () if plan is None else plan.names
        said = {k: v for k, v in spec.options.items() if k.rpartition(".")[0] not in gone}
        filters = tuple(name for name in spec.filters if name not in gone)
        spec = spec.replace(options=said, filters=filters)
    lock = first.lock.model_copy(update={"parts": parts})
    return Manifest(
        spec=spec,
        lock=lock,
        created=max(run.manifest.created for run in runs),
        merged=tuple(
            MergedRun(name=run.name, prefix=run.prefix, rows=0, manifest=run.manifest)
            for run in runs
        ),
    )


def _report(
    runs: Sequence[_Run],
    task: Task[Any, Any],
    manifest: Manifest,
    tracker: QuotaTracker,
    usage: Usage,
    directory: RunDirectory,
    short: QuotaNotMet | None,
) -> dict[str, Any]:
    seconds = [run.report.get("seconds") for run in runs]
    known = [one for one in seconds if one is not None]
    total = usage.total
    unused = sum(run.report["unused_calls"] or 0 for run in runs)
    report = build_report(
        manifest,
        tracker,
        usage,
        seconds=sum(known) if len(known) == len(seconds) else None,
        used_calls=total.calls + total.cached - unused,
        retries=sum(run.report.get("retries", 0) for run in runs),
        error=short,
        deliveries={"answers_by_files": any(run.report.get("answers_by_files") for run in runs)},
        sources=sources_of(task, directory.path / "provenance.jsonl"),
        counted=counted_sections(manifest, directory.path / "rejects.jsonl"),
        dataset=directory.path / "dataset.jsonl",
    )
    models: dict[str, dict[str, None]] = {}
    for run in runs:
        for step, plan in run.manifest.steps.items():
            models.setdefault(step, {})[model_name(plan)] = None
    prices = [run.report.get("prices", {}) for run in runs]
    steps = dict.fromkeys(step for each in prices for step in each)
    return {
        **report,
        "models": {step: ", ".join(filter(None, names)) for step, names in models.items()},
        "prices": {
            step: prices[0].get(step)
            for step in steps
            if all(each.get(step) == prices[0].get(step) for each in prices)
        },
        "merged": [
            {
                "run": run.name,
                "seed": run.manifest.spec.seed,
                "shard": str(run.manifest.spec.shard or ""),
                "status": run.report["status"],
                "rows": run.taken,
                "of": sum(run.report["rows"].values()),
            }
            for run in runs
        ],
        "missing_shards": [
            {"count": count, "missing": missing} for count, missing in _missing_shards(runs)
        ],
    }


def _short(
    tracker: QuotaTracker, runs: Sequence[_Run], task: Task[Any, Any], out: Path
) -> QuotaNotMet:
    """That labels lack rows, with the commands that would give them."""
    lacking = {
        name: rows - tracker.have[name]
        for name, rows in tracker.requested.items()
        if rows > tracker.have[name]
    }
    said = (
        "; ".join(
            f"label {name} has {tracker.have[name]:,} of {tracker.requested[name]:,} rows"
            for name in lacking
        )
        or "a part of the task lacks rows"
    )
    missing = "; ".join(_missing_words(runs))
    unfinished = [run for run in runs if run.report["status"] in ("stopped", "unfinished")]
    commands: list[Words] = ["make those shards and name them, too"] if missing else []
    commands += [Action("resume", run.path) for run in unfinished]
    if not commands:
        asked = runs[:1] if sum(lacking.values()) <= _FEW else runs
        commands = [_grown(run, lacking, len(asked), task.rows_per_instance) for run in asked]
    more = f"; and so on, {len(commands)} runs in all" if len(commands) > _COMMANDS else ""
    error = QuotaNotMet(
        f"{said}: {missing or 'the runs have no others that differ from each other'}",
        hint=listed(commands[:_COMMANDS], "; ")
        + f"{more}; then merge again into {shlex.quote(str(out))}",
    )
    error.lacking = sum(lacking.values())
    error.requested = sum(tracker.requested.values())
    return error


def _grown(run: _Run, lacking: Mapping[str, int], among: int, unit: int) -> Words:
    """The call that gives a run its share of what is lacking, and some to spare."""
    target = run.manifest.targets[-1].quotas
    labels = {}
    for name, count in lacking.items():
        more = -(-(count + count // 10 + 1) // (among * unit)) * unit
        labels[name] = target.get(name, 0) + more
    return Action("resume", run.path, labels=labels)


# --- the directory ---


def _copy_files(first: _Run, folder: Path) -> None:
    """Copy the task's file and given items: the manifest speaks of them."""
    names = [*first.manifest.copies]
    if first.manifest.task_file:
        names.append(first.manifest.task_file.partition(":")[0])
    for name in names:
        try:
            check_members(first.path, [name])
            keep_copies({name: (first.path / name).absolute()}, folder)
        except UnreadableFile as error:
            raise RunDirectoryError(str(error)) from error


class _Part:
    """A run directory that is written beside its place, and put there if all went well."""

    def __init__(self, part: Path, out: Path) -> None:
        self._part = part
        self._out = out
        self._before = out.with_name(f".{out.name}.before")

    def __enter__(self) -> RunDirectory:
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._require_folders()
            self._recover()
            self._require_place()
            self._directory = RunDirectory(self._part)
            for path in self._part.iterdir():  # what a merge left that was killed
                if path.name != ".lock":
                    remove(path)
        except OSError as error:
            raise WriteFailed(f"cannot write to {self._out}: {error.strerror}") from error
        self._directory.open_outputs()
        return self._directory

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is not None:
                remove(self._part)
                return
            # Locked until it is in its place: another merge would empty it.
            if self._out.exists():
                self._out.rename(self._before)
            self._part.rename(self._out)
            self._recover()
        except OSError as why:
            raise WriteFailed(f"cannot write to {self._out}: {why.strerror}") from why
        finally:
            self._directory.close()

    def _require_folders(self) -> None:
        """Refuse links and the like where the merge goes: what they point to would be emptied."""
        for path in (self._out, self._part, self._before):
            if (kind := kind_of(path)) not in ("", "a folder"):
                raise RunConflict(
                    f"{path} is {kind}, not a folder", hint="remove it, or " + ANOTHER_OUT
                )

    def _require_place(self) -> None:
        if not self._out.exists() or is_fresh(self._out):
            return
        manifest = self._out / "manifest.json"
        if not manifest.exists() or not Manifest.load(manifest).merged:
            what = "holds a run" if manifest.exists() else "exists and is not a run directory"
            raise RunConflict(f"{self._out} {what}", hint=ANOTHER_OUT)
        if is_busy(self._out):
            raise RunLocked(f"a process is using {self._out}", hint="wait for it, or stop it")

    def _recover(self) -> None:
        """Take what is not the merge's own, such as exports, from the one before; or put it back.

        A process that was killed may have left it there.
        """
        if not self._before.exists():
            return
        if not self._out.exists():
            self._before.rename(self._out)
            return
        for path in self._before.iterdir():
            if path.name not in MEMBERS and not (self._out / path.name).exists():
                path.rename(self._out / path.name)
        remove(self._before)
