"""`merge`: several runs of a task as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.report import Report
from targen_core.api.request import PathText, as_path, quotas_of, registry_for
from targen_core.api.run import Run
from targen_core.engine.filters import Filter
from targen_core.errors import UnknownName, UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.tasks import find_task
from targen_core.runs.records.lock import PartPlan
from targen_core.runs.records.manifest import Manifest
from targen_core.tasks.model import Task
from targen_core.wording import Action, Blank, Option, in_python
from targen_standard.given import registry_of

if TYPE_CHECKING:
    from targen_standard.merging.merge import Merged

__all__ = ["merge", "merged"]


def merge(
    runs: Iterable[PathText | Run],
    *,
    out: PathText,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    near_duplicates: float | None = None,
    conflicting: bool = False,
    task: Task[Any, Any] | None = None,
    registry: Registry | None = None,
) -> Run:
    """Merge runs of one task into an independent run directory.

    Rows come from the runs in turns, in exact numbers by label, without near-duplicates. The order
    of `runs` plays no part: the same runs give the same bytes.

    Args:
        runs: runs, or their directories: shards of one run, or runs of other seeds or models.
        out: the directory to make; another merge there is replaced.
        n: total rows, split evenly over the labels; by default all that the runs were asked for.
        labels: rows by label.
        near_duplicates: similarity in per cent above which a row is a near-duplicate; 0 turns the
            check off. The default is that of the runs, the strictest if they differ.
        conflicting: whether to merge runs that contradict each other, each unchanged.
        task: the `Task`, if the runs were made with a `Task` object; a `Run` remembers it.
        registry: resolves names; by default among all that is installed.

    Returns:
        The merged run: its path, its report and its rows.

    Raises:
        UsageError: what cannot be merged.
        JobFailed: labels lack rows; the rows that there are are merged.
    """
    if isinstance(runs, str | Path | Run):
        raise UsageError(f"`runs` is {repr(runs)[:80]}, not a list", hint="pass a list of runs")
    runs = list(runs)
    paths = [run.path if isinstance(run, Run) else as_path(run) for run in runs]
    known = registry_of(runs) if registry is None else registry
    come = merged(
        known,
        paths,
        as_path(out),
        n=n,
        labels=labels,
        near_duplicates=near_duplicates,
        conflicting=conflicting,
        task=task,
    )
    if come.short is not None:
        come.short.add_note(f"to load the existing rows: targen_core.load({str(out)!r})")
        raise come.short
    path = as_path(out)
    manifest = Manifest.load(path / "manifest.json")
    return Run(path, Report.of(come.report), registry_for(path, manifest, known, task))


def merged(
    registry: Registry,
    paths: Iterable[Path],
    out: Path,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    near_duplicates: float | None = None,
    conflicting: bool = False,
    task: Task[Any, Any] | None = None,
) -> Merged:
    """Return the result of a merge, and report labels that lack rows without raising.

    Raises:
        UsageError: what cannot be merged.
    """
    from targen_standard.merging.merge import merge_runs

    if n is not None and labels:
        raise UsageError(
            "give the number of rows in only one way",
            hint=Option("n", 100) + ", or " + Option("labels", {"A": 40}),
        )

    def task_of(path: Path, manifest: Manifest) -> Task[Any, Any]:
        known = registry_for(path, manifest, registry, task)
        try:
            return find_task(known, manifest.task_name(path), manifest.task.variants)[1]
        except UnknownName as error:
            if "task" in manifest.objects:
                objects = {"task": manifest.objects["task"]}
                error.hint = in_python(Action("merge", Blank("RUNS"), out=out, **objects))
            raise

    def filter_of(plan: PartPlan) -> Filter | None:
        try:
            item = registry.find("filter", plan.id)
        except UnknownName:
            return None
        made: Filter = registry.configured(item, plan.options)[0]
        return made

    return merge_runs(
        [*paths],
        out,
        task_of,
        filter_of=filter_of,
        quotas=lambda of: None if n is None and not labels else quotas_of(of, n, labels, None),
        near_duplicates=near_duplicates,
        conflicting=conflicting,
    )
