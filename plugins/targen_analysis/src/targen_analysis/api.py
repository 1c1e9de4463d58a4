"""`analyze`: what is in a dataset, by the metrics that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from targen_analysis.analysis import Analysis, ask, measure_all
from targen_analysis.data.corpus import Columns, named_apart, read_corpus
from targen_analysis.metrics import Corpus, Study
from targen_core import Registry, Task
from targen_core.api.run import Folder
from targen_core.errors import UsageError
from targen_standard.given import DataLike, TaskLike, registry_of, task_of

__all__ = ["analyze"]


def analyze(
    *data: DataLike,
    against: DataLike | None = None,
    task: TaskLike | None = None,
    metrics: str | Iterable[str] = (),
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

    A metric that fails does not stop the others: see `Analysis.failed`. `targen_core.analyze` is
    this function.

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
        from targen_analysis.report.folder import check_free

        check_free(Path(out).expanduser(), force=force)
    analysis = _measured(
        data,
        against=against,
        task=task_of(task),
        metrics=_names(metrics),
        without=_names(without),
        options=options or {},
        columns=Columns(_names(text), label),
        seed=seed,
        registry=registry,
    )
    if out is not None:
        analysis.save(out, force=force)
    return analysis


def _measured(
    data: Sequence[Any],
    *,
    against: Any,
    task: Task[Any, Any] | str | None,
    metrics: Sequence[str],
    without: Sequence[str],
    options: Mapping[str, Any],
    columns: Columns,
    seed: int,
    registry: Registry | None,
) -> Analysis:
    if not data:
        raise UsageError("pass at least one dataset to analyse")
    registry = registry_of(data) if registry is None else registry
    texts = []
    for name, value in options.items():
        if isinstance(value, Mapping):
            texts += [f"{name}.{key}={each}" for key, each in value.items()]
        else:
            texts.append(f"{name}={value}")
    asked = ask(registry, metrics, without, texts)
    if not asked:
        raise UsageError("no metrics are left to measure", hint="exclude fewer metrics")
    sources = [_source(each) for each in data]
    corpora = [read_corpus(registry, each, task=task, columns=columns) for each in sources]
    if against is not None:
        other = _source(against)
        known = task or _task_of(corpora)
        corpora.append(read_corpus(registry, other, task=known, columns=columns))
        sources.append(other)
    corpora = named_apart(corpora, sources)
    reference = corpora.pop() if against is not None else None
    return measure_all(Study(tuple(corpora), reference, seed), asked)


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple, also for a single one."""
    return (names,) if isinstance(names, str) else tuple(names)


def _source(data: Any) -> Any:
    if isinstance(data, Folder):
        return data.path
    if isinstance(data, str | PathLike) and not str(data).startswith("hf:"):
        return Path(data).expanduser()
    return data


def _task_of(corpora: Sequence[Corpus]) -> Task[Any, Any] | None:
    """Return the task of the first run with an installed task, for its comparison data."""
    return next((c.task for c in corpora if c.run is not None and c.task is not None), None)
