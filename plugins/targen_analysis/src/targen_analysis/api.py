"""`analyze`: what is in a dataset, by the metrics that are installed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from targen_analysis.analysis import Analysis, measure_all, request_metrics
from targen_analysis.corpus import Columns, read_study
from targen_core.api.kinds import exported
from targen_core.api.request import TaskLike
from targen_core.api.run import Folder
from targen_core.errors import UsageError
from targen_core.options import several
from targen_core.plugins.registry import Registry
from targen_standard.given import DataLike, registry_of, task_of


@exported
def analyze(
    *data: DataLike,
    against: DataLike | None = None,
    task: TaskLike | None = None,
    metrics: str | Iterable[str] | None = None,
    without: str | Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    text: str | Iterable[str] = (),
    label: str = "",
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    registry: Registry | None = None,
) -> Analysis:
    """Measure datasets side by side, and against a reference such as the original.

    A metric that fails does not stop the others: see `Analysis.failed`.

    Args:
        *data: runs, `Dataset`s, their paths, or rows.
        against: the reference that they are compared with.
        task: the task of the rows in files; runs and `Dataset`s know theirs.
        metrics: what to measure; by default every metric that is installed.
        without: metrics to leave out.
        options: metric -> option -> value, or "metric.option" -> value.
        text: the text columns, for data without a task.
        label: the label column, for data without a task.
        seed: random seed for resampling and sampling.
        out: a folder for the findings and the page; by default, no files are written.
        force: replace an earlier analysis.
        registry: finds metrics and tasks; by default what is installed.

    Returns:
        The findings by metric, `analysis["lexical"]`; `analysis.save(folder)`
        writes them and the page, as `out` does.

    Raises:
        UsageError: the request is invalid, or `out` contains something else.
    """
    if out is not None:
        from targen_analysis.report.files import check_free

        check_free(Path(out).expanduser(), force=force)
    if not data:
        raise UsageError("pass at least one dataset to analyse")
    registry = registry_of(data) if registry is None else registry
    values: dict[str, Any] = {}
    for name, value in (options or {}).items():
        own = value.items() if isinstance(value, Mapping) and "." not in name else [("", value)]
        for key, each in own:  # as JSON: also a path, or a number of numpy
            plain = json.loads(json.dumps(each, default=str))
            values[f"{name}.{key}" if key else name] = plain
    names = several(metrics)
    if metrics is not None and not names:
        raise UsageError("metrics is empty", hint="omit metrics= to measure everything")
    requested = request_metrics(registry, names, several(without), values)
    if not requested:
        raise UsageError("no metrics are left to measure", hint="exclude fewer metrics")
    study = read_study(
        registry,
        [_source(each) for each in data],
        _source(against),
        task=task_of(task),
        columns=Columns(several(text), label),
        seed=seed,
    )
    sources = (_source(each) for each in (*data, against))
    files = [each for each in sources if isinstance(each, str | PathLike)]
    analysis = measure_all(study, requested, files=map(Path, files))
    if out is not None:
        analysis.save(out, force=force)
    return analysis


def _source(data: Any) -> Any:
    if isinstance(data, Folder):
        return data.path
    if isinstance(data, str | PathLike) and not str(data).startswith("hf:"):
        return Path(data).expanduser()
    return data
