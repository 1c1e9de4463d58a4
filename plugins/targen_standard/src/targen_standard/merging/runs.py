"""The runs of a merge: opened, put in order, and refused if they do not go together."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.cli.commands.shelf import is_busy
from targen_core.cli.tracing import Traced, rows
from targen_core.dataset.source import written
from targen_core.engine.filters import Filter, RegisteredFilter
from targen_core.engine.guard import Guard
from targen_core.engine.quotas import Quotas, Shard
from targen_core.errors import RunConflict, RunDirectoryError, UnknownName, UsageError
from targen_core.hints import flags, quoted
from targen_core.plain import digest_of
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.manifest import Manifest, PartPlan, SourcePlan, as_words, flat, model_name
from targen_core.runs.report import read_report
from targen_core.runs.reporters import card_in, cited_in
from targen_core.tasks.model import Task
from targen_core.text import plural, printable, row_name
from targen_standard.filters.excluded.sources import open_excluded

_OF_ROWS = ("id", "labels", "unit")  # of a task: no merge without them alike
_ALWAYS = (*_OF_ROWS, "branches", "lists")  # of runs that made their rows in the same way


NEAR = "targen-standard:near-duplicates"


EXCLUDED = "filter excluded"
EXCLUDING = "targen-standard:excluded"


@dataclass(slots=True)
class Run:
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
    edited: bool = False  # its rows are not those that its card cites
    excluded: dict[str, str] = field(default_factory=dict)  # datasets' names by their digests

    @property
    def has_sources(self) -> bool:
        """Return whether its rows were made from rows of existing data."""
        return bool(self.report.get("sources"))

    def label_of(self, task: Task[Any, Any], traced: Traced) -> Any:
        """Return the label of a unit: the one on record, unless somebody edited the rows."""
        if self.edited:
            instances = task.from_rows(traced.rows)
            if len(instances) == 1:
                return task.label_of(instances[0])
        return traced.record.get("label")


def opened(paths: Sequence[Path], out: Path) -> list[Run]:
    """The runs, each read through the gate."""
    if not paths:
        raise UsageError(
            "give the runs to merge",
            hint="targen merge runs/rte-0-* --out runs/rte",
        )
    runs: list[Run] = []
    for path in paths:
        if path.is_dir() and not (path / "manifest.json").exists():
            inner = [each for each in sorted(path.iterdir()) if (each / "manifest.json").exists()]
            if inner:
                raise UsageError(
                    f"{path} contains several runs, and only runs of the same task can be merged",
                    hint=f"pass the runs of one task, such as {inner[0]}",
                )
        manifest = Manifest.load(path / "manifest.json")
        twin = next((run.path for run in runs if run.path.samefile(path)), None)
        if twin is not None:
            raise UsageError(f"{path} was passed twice", hint="pass each run only once")
        if out.exists() and out.samefile(path):
            raise UsageError(
                f"--out {out} is one of the runs to merge", hint="choose a different --out"
            )
        if manifest.merged:
            raise UsageError(
                f"{path} was itself merged from {plural(len(manifest.merged), 'run')}",
                hint="merge those runs with the others instead",
            )
        if is_busy(path):
            raise RunDirectoryError(f"a process is using {path}", hint="wait for it, or stop it")
        run = Run(path, manifest, read_report(path), edited=_is_edited(path))
        if plan := manifest.lock.parts.get(EXCLUDED):
            run.excluded = {source.digest: source.source for source in plan.sources}
        if run.edited:
            _require_records(run)
        runs.append(run)
    names = Counter(run.path.resolve().name for run in runs)
    for run in runs:
        path = run.path.resolve()
        run.name = path.name if names[path.name] == 1 else f"{path.parent.name}/{path.name}"
    return runs


def _is_edited(path: Path) -> bool:
    if written(path) is None:  # a run that continues has the card of an earlier end
        return False
    cited = cited_in(card_in(path))
    return cited != "" and cited != digest_of(path / "dataset.jsonl", inside=path)


def _require_records(run: Run) -> None:
    """Refuse a run whose rows were edited so that its records do not fit them.

    Raises:
        RunConflict: naming the first row that has no record, or how many records were added.
    """
    number, file = 0, run.path / "dataset.jsonl"
    for traced in rows(run.path):
        if traced.rows[0].get("idx") != traced.record.get("idx"):
            break
        number += len(traced.rows)
    problem = ""
    if number < sum(1 for _ in read_jsonl(file)):
        problem = f"{row_name(number)} has no record in provenance.jsonl"
    else:
        flow = run.report["flow"].values()
        accepted = sum(sum(counts["accepted"].values()) for counts in flow)
        added = sum(1 for _ in read_jsonl(run.path / "provenance.jsonl")) - accepted
        if added > 0:
            has = "is a record" if added == 1 else f"are {added:,} records"
            problem = f"there {has} in provenance.jsonl of what the run did not accept"
    if problem:
        raise RunConflict(
            f"{file} was changed after the run ended, and {problem}; a merge cannot use rows from "
            "elsewhere",
            hint=f"use the rows as a file, with --task: targen export {quoted(run.path)} --out "
            f"{run.path.resolve().name}.jsonl",
        )


def halves(runs: Sequence[Run]) -> list[list[Run]]:
    """Return runs that made their rows from existing data apart from those that did not.

    Runs that made their rows in one way are not divided: some may not have any rows.
    """
    ways = [(run.manifest.task.branches, run.manifest.task.lists) for run in runs]
    if all(way == ways[0] for way in ways):
        return [[*runs]]
    made = [[run for run in runs if run.has_sources is which] for which in (False, True)]
    return [half for half in made if half]


def require_one_task(runs: Sequence[Run], *, conflicting: bool) -> None:
    """Refuse runs whose rows are not of one kind.

    Raises:
        RunConflict: naming two runs, and in what their tasks differ.
    """
    firsts = []
    for half in halves(runs):
        firsts.append(half[0])
        for run in half[1:]:
            _require_alike(half[0], run, _ALWAYS)
            if not conflicting:
                _require_one_version(half[0], run)
    for other in firsts[1:]:
        _require_alike(firsts[0], other, _OF_ROWS)


def _require_alike(first: Run, run: Run, names: Sequence[str]) -> None:
    mine, other = _tasks(first, run)
    for name in names:
        if mine[name] == other[name]:
            continue
        why = f" ({name}: {shown(mine[name])} in the first, {shown(other[name])} in the second)"
        if name in ("branches", "lists"):
            why = ": their rows were made in different ways"
        raise RunConflict(
            f"{first.path} and {run.path} have different tasks{why}", hint=exported(first, run)
        )
    if first.manifest.config.balance != run.manifest.config.balance:
        raise RunConflict(
            f"{first.path} and {run.path} count rows by different labels: --balance "
            f"{first.manifest.config.balance} and {run.manifest.config.balance}"
        )


def _tasks(*runs: Run) -> list[dict[str, Any]]:
    return [run.manifest.task.model_dump(mode="json") for run in runs]


def _require_one_version(first: Run, run: Run) -> None:
    flats = [*map(flat, _tasks(first, run))]
    apart = [k for k in sorted({*flats[0], *flats[1]}) if flats[0].get(k) != flats[1].get(k)]
    if not apart:
        return
    said = "; ".join(
        f"{name} {shown(flats[0].get(name))} and {shown(flats[1].get(name))}"
        for name in (["version"] if "version" in apart else apart[:3])
    )
    variants = [", ".join(each.manifest.config.variants) for each in (first, run)]
    if variants[0] != variants[1]:
        said = " and ".join(f"variant {names or 'default'}" for names in variants)
    raise RunConflict(
        f"{first.path} and {run.path} used different prompts or versions of "
        f"{first.manifest.task.id}: {said}",
        hint="use --conflicting to merge them anyway",
    )


def exported(first: Run, run: Run) -> str:
    """Return how to use the rows of two runs together that cannot be merged."""
    each = [
        f"targen export {quoted(one.path)} --out {one.path.resolve().name}.jsonl"
        for one in (first, run)
    ]
    return (
        f"to use both, {each[0]} and {each[1]}, give both files the same columns, and pass "
        "them to train or compare with --task"
    )


def put_in_order(runs: list[Run], *, conflicting: bool) -> None:
    """Number the runs, whatever order they were named in."""
    for run in runs:
        run.family = _family(run.manifest)

    is_joined = len(halves(runs)) > 1

    def place(run: Run) -> tuple[Any, ...]:
        shard = run.manifest.config.shard
        models = [model_name(plan) for plan in run.manifest.steps.values()]
        numbers = (0, 0) if shard is None else (shard.count, shard.number)
        said = json.dumps(run.manifest.model_dump(mode="json"), sort_keys=True)
        usual = run.manifest.config.seed, models, run.family, numbers, said, run.name, str(run.path)
        # The task that describes its rows and labels describes those of both halves.
        return is_joined and run.has_sources, *usual

    runs.sort(key=place)
    for number, run in enumerate(runs):
        run.number = number
        if conflicting:
            run.family = str(number)
    families = list(dict.fromkeys(run.family for run in runs))
    for run in runs:
        run.prefix = f"{families.index(run.family) + 1}:" if len(families) > 1 else ""


def require_one_division(runs: Sequence[Run]) -> None:
    """Refuse shards that divide one run differently: some parts are in several, some in none.

    Raises:
        RunConflict: naming two of them.
    """
    firsts: dict[str, tuple[Run, Shard]] = {}
    for run in runs:
        if (shard := run.manifest.config.shard) is None:
            continue
        other, there = firsts.setdefault(run.family, (run, shard))
        if there.count != shard.count:
            raise RunConflict(
                f"{other.path} is shard {there} and {run.path} shard {shard}: they do not divide a "
                "run in the same way. Some parts are in both, and others in neither",
                hint="generate all shards with the same count, such as --shard "
                f"{shard.number}/{max(shard.count, there.count)}, or with a different "
                "--seed; or use --conflicting to merge them anyway",
            )


def _family(manifest: Manifest) -> str:
    """Return a key of runs in which one id means the same candidate.

    The address of a model does not count: shards have their own servers.
    """
    decides = manifest.deciding()
    apart = {"steps", "targets", "shard", "near_duplicates", "filters"}
    apart.add("contexts_limit")
    steps = {
        step: [plan.backend, model_name(plan) or plan.identity, plan.params]
        for step, plan in manifest.steps.items()
    }
    kept = {name: value for name, value in decides.items() if name not in apart}
    text = json.dumps([kept, steps], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def filters_of(registry: Registry, runs: Sequence[Run]) -> tuple[list[Filter], list[str]]:
    """Filters that rows of different runs pass through, and the names of the other ones.

    A filter is as in the first run that has it; the near-duplicate filter is passed separately.
    """
    plans: dict[str, tuple[str, PartPlan]] = {}
    for run in runs:
        for place, plan in run.manifest.lock.parts.items():
            kind, _, name = place.partition(" ")
            if kind == "filter" and plan.id != NEAR and place != EXCLUDED:
                plans.setdefault(plan.id, (name, plan))
    across: list[Filter] = []
    within: list[str] = []
    for name, plan in plans.values():
        made: Filter | None = None
        with suppress(UnknownName):  # it is not installed
            made = registry.configured(registry.find("filter", plan.id), plan.options)[0]
        if made is not None and made.across_runs:
            guard = Guard(runs[0].manifest.task.id, "").of("filter", plan.id)
            across.append(RegisteredFilter(made, guard))
        else:
            within.append(name)
    return across, within


def exclude_the_same(runs: Sequence[Run]) -> bool:
    """Return whether all runs excluded the same datasets."""
    return len({tuple(run.excluded) for run in runs}) == 1


def require_excluded(
    runs: Sequence[Run], sources: Sequence[SourcePlan], task: Task[Any, Any], *, conflicting: bool
) -> None:
    """Refuse runs whose rows might repeat those of a dataset that another of them excludes.

    `sources` are the datasets whose rows the merge itself leaves out. A run may exclude another
    one that is merged.

    Raises:
        RunConflict: naming a dataset, and a run that does not exclude it.
    """
    if conflicting or exclude_the_same(runs):
        return
    known = {source.digest for source in sources}
    named = {name for run in runs for name in run.excluded.values()}
    merged = [str(run.path) for run in runs if run.path.name in named]
    known |= {source.plan.digest for source in open_excluded(merged, task)}
    for run in runs:
        for digest, name in run.excluded.items():
            other = next((each for each in runs if digest not in each.excluded), None)
            if digest not in known and other is not None:
                names = dict.fromkeys(name for each in runs for name in each.excluded.values())
                raise RunConflict(
                    f"{run.path} excludes {name}, but {other.path} does not: the merged rows might "
                    "include rows from it",
                    hint=f"use {flags(exclude=[*names])} to leave out such rows, or --conflicting "
                    "to keep them",
                )


def asked_of_all(runs: Sequence[Run], task: Task[Any, Any]) -> Quotas:
    """The rows that the runs were asked for, by label; of two halves, those that they have.

    One half was often asked for what the other could not give.
    """
    total: Counter[str] = Counter()
    are_halves = len(halves(runs)) > 1
    for run in runs:
        total.update(run.report["rows"] if are_halves else run.manifest.targets[-1].quotas)
    return Quotas(total).over(task.quota_names)


def shown(value: Any, max_length: int = 60) -> str:
    """Return a setting as a message has it."""
    return printable(as_words(None if value == {} else value), max_length=max_length)
