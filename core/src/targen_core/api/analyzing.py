"""`analyze`: what is in a dataset, by the metrics that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from targen_core.api.reading import DataLike
from targen_core.errors import MissingDependency
from targen_core.plugins.registry import Registry

if TYPE_CHECKING:
    from targen_analysis.analysis import Analysis

__all__ = ["analyze"]


def analyze(
    *data: DataLike,
    against: DataLike | None = None,
    task: str | None = None,
    metrics: str | Iterable[str] = (),
    without: str | Iterable[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    text: str | Iterable[str] = (),
    label: str = "",
    seed: int = 0,
    registry: Registry | None = None,
) -> Analysis:
    """Measure datasets side by side, and against a reference such as the original.

    It needs the distribution targen-analysis. A metric that fails does not stop the others: see
    `Analysis.failed`.

    Args:
        *data: runs, `Dataset`s, their paths, or rows.
        against: the reference that they are compared with.
        task: the task of the rows in files; runs and `Dataset`s know theirs.
        metrics: what to measure; by default every metric that is installed.
        without: metrics to leave out.
        options: metric -> option -> value.
        text: the text columns, for data without a task.
        label: the label column, for data without a task.
        seed: random seed for resampling and sampling.
        registry: finds metrics and tasks; by default what is installed.

    Returns:
        The findings by metric, `analysis["lexical"]`; `analysis.save(folder)`
        writes them and the page.

    Raises:
        MissingDependency: targen-analysis is not installed.
        UsageError: the request is invalid.
    """
    try:
        from targen_analysis.api import analyze as measured
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("targen_analysis"):
            raise
        raise MissingDependency(
            "analyze needs the distribution targen-analysis, which is not installed",
            distribution="targen-analysis",
            hint="pip install targen-analysis",
        ) from error
    return measured(
        data,
        against=against,
        task=task,
        metrics=_names(metrics),
        without=_names(without),
        options=options or {},
        text=_names(text),
        label=label,
        seed=seed,
        registry=registry,
    )


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names, where one alone may stand for a list of it."""
    return (names,) if isinstance(names, str) else tuple(names)
