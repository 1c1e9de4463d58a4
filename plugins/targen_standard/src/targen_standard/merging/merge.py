"""Merging: one run directory of the rows of several runs of a task.

The rows of the runs are visited in turns, each run in its own order. All runs have the same rate,
so that all lose equally at the end. A row is kept if its label still needs rows and it is not
nearly one that was kept. The order in which runs are named does not matter.

Runs of two tasks can be merged if one half transformed existing data and the rows of both have the
same form. The result has the task of the other half, which also describes labels. It credits the
sources of rows by the task of each run.

The result does not need the runs, so that they may be deleted. It has their manifests, the records
of all their calls and all their rejects. It is written next to its final place and moved there when
complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.api.request import counts_in, quotas_of, registry_for
from targen_core.calls.usage import Usage
from targen_core.dataset.source import changed_words
from targen_core.engine.filters import Filters
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.errors import QuotaNotMet, RunConflict, UnknownName, UsageError
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.files import write_atomically
from targen_core.runs.permissions import sign_run
from targen_core.runs.reporters import CARD, Ended, card_in, files_of
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task
from targen_standard.filters.excluded.filter import ExclusionFilter
from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter
from targen_standard.merging.folder import NewFolder, copy_files
from targen_standard.merging.notes import not_excluded, notes_on, within_words
from targen_standard.merging.outcome import merged_manifest, merged_report, shortage
from targen_standard.merging.rows import Writer, add_flows, copy_rejects
from targen_standard.merging.runs import (
    Run,
    asked_of_all,
    exported,
    filters_of,
    halves,
    opened,
    put_in_order,
    require_excluded,
    require_one_division,
    require_one_task,
)
from targen_standard.merging.twins import find_copies, join_journals
from targen_standard.reporting.card import is_edited, kept_words


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge.

    Attributes:
        report: as `report.json` has it.
        notes: what to know of the runs: in what they differ, what is missing.
        warnings: possible faults of the rows, which are shown even with `--quiet`.
        short: labels that lack rows, with a remedy; None if all are full.
    """

    report: dict[str, Any]
    notes: Sequence[str]
    warnings: Sequence[str]
    short: QuotaNotMet | None


def merge_runs(
    registry: Registry,
    paths: Sequence[Path],
    out: Path,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    near_duplicates: float | None = None,
    exclude: Sequence[str] = (),
    conflicting: bool = False,
    task: Task[Any, Any] | None = None,
) -> Merged:
    """Merge runs as `merge` does, and report labels that lack rows without raising.

    Raises:
        UsageError: what cannot be merged, named with the runs.
        RunDirectoryError: a run is in progress.
        RunDirectoryError: a run cannot be read.
        RunDirectoryError: the operating system refuses; no half-written files remain.
    """
    labels = counts_in(labels)
    if n is not None and labels:
        raise UsageError(
            "give the number of rows in only one way",
            hint="-n 100, or --label A=40",
        )
    if not out.name.strip("."):
        raise UsageError(
            f"--out {out} cannot be used as the name of a new folder",
            hint="for example --out runs/merged",
        )
    runs = opened(paths, out)
    require_one_task(runs, conflicting=conflicting)
    put_in_order(runs, conflicting=conflicting)
    require_one_division(runs)
    across, within = filters_of(registry, runs)
    notes = [*notes_on(runs), *within_words(within)]
    first = runs[0]
    tasks = _tasks_of(registry, runs, out, task)
    task = tasks[first.name]
    if n is None and not labels:
        wanted = asked_of_all(runs, task)
    else:
        wanted = quotas_of(task, n, labels, None)
    if near_duplicates is None:
        alike = [run.manifest.usual_options.get("near_duplicates", 0.0) for run in runs]
        near_duplicates = min((one for one in alike if one), default=0.0)
    elif not 0 <= near_duplicates <= 100:
        raise UsageError(f"--near-duplicates is {near_duplicates:g}; it must be from 0 to 100")
    excluded = _excluding(exclude, near_duplicates, task)
    sources = () if excluded is None else excluded.sources
    require_excluded(runs, sources, task, conflicting=conflicting)
    find_copies(runs, task)
    usage = Usage()
    unfinished = out.with_name(f".{out.name}.merging")
    with NewFolder(unfinished, out) as directory:
        join_journals(runs, directory.journal, usage, conflicting=conflicting)
        manifest = merged_manifest(runs, task, wanted, near_duplicates, exclude, sources)
        branches, parts = manifest.task.aims, task.seeding.parts if len(halves(runs)) == 1 else {}
        tracker = QuotaTracker(task.quota_names, branches, parts)
        tracker.aim(wanted, by_intended=manifest.config.balance == "intended")
        add_flows(tracker, runs)
        copy_rejects(runs, directory)
        own = [] if excluded is None else [excluded]
        filters = Filters([NearDuplicateFilter(near_duplicates), *own, *across])
        Writer(task, tracker, directory, filters).write(runs)
        short = None if tracker.met else shortage(tracker, runs, task, out)
        report = merged_report(runs, tasks, manifest, tracker, usage, directory, short)
        copy_files(first, directory.path)
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
        told = task if len(halves(runs)) == 1 else _of_both(runs, tasks)
        ended = Ended(
            folder=directory.path, task=told, manifest=manifest, report=report, sample=sample
        )
        if there := card_in(out):  # of an earlier merge, which somebody may have edited
            write_atomically(directory.path / CARD, there)
        files = files_of(ended)
        directory.finish(complete=True, report=report, files=files)
    sign_run(manifest, out, {run.path: run.manifest for run in runs})
    if is_edited(files.get(CARD, "")):
        notes.append(kept_words(out / CARD))
    edited = [changed_words(run.path / "dataset.jsonl") for run in runs if run.edited]
    return Merged(report, notes, [*edited, *not_excluded(runs, sources)], short)


def _excluding(
    exclude: Sequence[str], similarity: float, task: Task[Any, Any]
) -> ExclusionFilter | None:
    """The filter that refuses rows of these datasets, which it has read; None without any."""
    if not exclude:
        return None
    made = ExclusionFilter(exclude, similarity)
    made.check_task(task)
    return made


def _tasks_of(
    registry: Registry, runs: Sequence[Run], out: Path, task: Task[Any, Any] | None
) -> dict[str, Task[Any, Any]]:
    """The task of each run, by the run's name: one, or one for each half.

    Raises:
        RunConflict: their rows have different columns.
    """
    labels = dict.fromkeys(label for run in runs for label in run.manifest.task.labels)
    tasks: dict[str, Task[Any, Any]] = {}
    columns: dict[str, Run] = {}
    for half in halves(runs):
        whose = _task_of(registry, half[0], out, task).including(labels)
        tasks |= {run.name: whose for run in half}
        columns.setdefault(", ".join(sorted({*whose.schema.model_fields} - {"idx"})), half[0])
    if len(columns) > 1:
        said = " and ".join(f"{run.path} has the columns {names}" for names, run in columns.items())
        raise RunConflict(said, hint=exported(*columns.values()))
    return tasks


def _of_both(runs: Sequence[Run], tasks: Mapping[str, Task[Any, Any]]) -> Task[Any, Any]:
    """The task of a card, which credits the methods of both halves."""
    firsts = [half[0] for half in halves(runs)]
    told = [(run.name, tasks[run.name]) for run in firsts]
    return tasks[runs[0].name].replace(
        about={
            "source": " ".join(
                f"{name}: {each.about.source}" for name, each in told if each.about.source
            ),
            "citation": "\n\n".join(
                dict.fromkeys(each.about.citation.strip() for _, each in told)
            ).strip(),
        },
    )


def _task_of(
    registry: Registry, run: Run, out: Path, task: Task[Any, Any] | None
) -> Task[Any, Any]:
    """Find the task of a run; `task` is the object that it was made with."""
    manifest = run.manifest
    known = registry_for(run.path, manifest, registry, task)
    try:
        with manifest.telling_what_to_install():
            return find_task(known, manifest.task_name(run.path), manifest.task.variants)[1]
    except UnknownName as error:
        if "task" in manifest.objects:
            error.hint = "in Python: merge(RUNS, out=OUT, task=TASK)"
        raise
