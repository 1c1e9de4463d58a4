"""`analyze`: what is in a dataset, by the metrics that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from targen_core.api.reading import DataLike
from targen_core.api.words import in_python
from targen_core.findings import Findings
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry

__all__ = ["Analysis", "analyze"]


class Analysis(Protocol):
    """What metrics found."""

    @property
    def failed(self) -> Sequence[Any]:
        """The metrics that could not be measured, each with its `problem` and `hint`."""

    def __getitem__(self, metric: str, /) -> Findings:
        """Return the findings of a metric, by its name or its id.

        Raises:
            KeyError: it was not measured, and why.
        """

    def as_dict(self) -> dict[str, Any]:
        """Return all findings as JSON has them."""

    def save(self, out: str | Path, *, pictures: str = "", force: bool = False) -> list[Path]:
        """Write the findings and the page to a folder, and return the files.

        Raises:
            UsageError: an analysis is there and `force` is not given, or something else is.
        """


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
    measured = (registry or load_registry()).function("analyze", of="analyze")
    with in_python():
        analysis: Analysis = measured(
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
        return analysis


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names, where one alone may stand for a list of it."""
    return (names,) if isinstance(names, str) else tuple(names)
