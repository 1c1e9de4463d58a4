"""`merge`: several runs of a task as one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.report import Report
from targen_core.api.request import (
    PathText,
    SourcesLike,
    as_path,
    names_of_sources,
    registry_for,
)
from targen_core.api.run import Run
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.manifest import Manifest
from targen_core.tasks.model import Task
from targen_standard.given import registry_of
from targen_standard.merging.merge import merge_runs


@exported
def merge(
    runs: Iterable[PathText | Run],
    *,
    out: PathText,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    near_duplicates: float | None = None,
    exclude: SourcesLike | None = None,
    conflicting: bool = False,
    task: Task[Any, Any] | None = None,
    registry: Registry | None = None,
) -> Run:
    """Merge runs of one task into an independent run directory.

    Rows come from the runs in turns, in exact numbers by label, without near-duplicates. The order
    of `runs` plays no part: the same runs give the same bytes.

    Args:
        runs: runs, or their directories: shards of one run, or runs of other seeds or models. Rows
            transformed from existing data may be merged with generated ones of the same form.
        out: the directory to make; another merge there is replaced.
        n: total rows, split evenly over the labels; by default all that the runs were asked for.
            If only some transformed existing data, the default is all that they have.
        labels: rows by label.
        near_duplicates: similarity in per cent above which a row is a near-duplicate; 0 turns the
            check off. The default is that of the runs, the strictest if they differ.
        exclude: datasets whose rows must not occur, exactly or nearly: in any form that
            `read_dataset` reads, or several in a list.
        conflicting: whether to merge runs that contradict each other, each unchanged.
        task: the `Task`, if the runs were made with a `Task` object; a `Run` remembers it.
        registry: resolves names; by default among all that is installed.

    Returns:
        The merged run: its path, its report and its rows.

    Raises:
        UsageError: what cannot be merged.
        JobFailed: labels lack rows; the rows that there are are merged.
    """
    if isinstance(runs, str | Path | Run) or not isinstance(runs, Iterable):
        raise UsageError(f"`runs` is {repr(runs)[:80]}, not a list", hint="pass a list of runs")
    runs = list(runs)
    paths = [run.path if isinstance(run, Run) else as_path(run) for run in runs]
    known = registry_of(runs) if registry is None else registry
    path = as_path(out)
    with tempfile.TemporaryDirectory(prefix="targen-") as folder:
        come = merge_runs(
            known,
            paths,
            path,
            n=n,
            labels=labels,
            near_duplicates=near_duplicates,
            exclude=names_of_sources("exclude", exclude, Path(folder)),
            conflicting=conflicting,
            task=task,
        )
    if come.short is not None:
        come.short.add_note(f"to load the existing rows: targen_core.load({str(out)!r})")
        raise come.short
    manifest = Manifest.load(path / "manifest.json")
    return Run(path, Report.of(come.report), registry_for(path, manifest, known, task))
