"""What a metric is, what it is given, and what it finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_core.tasks.model import Task

__all__ = [
    "Cell",
    "Corpus",
    "Estimate",
    "Excerpt",
    "Findings",
    "Metric",
    "MetricOptions",
    "Plot",
    "Study",
    "Table",
]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A dataset as metrics see it.

    Attributes:
        name: its name in tables and plots, unique in a study.
        rows: the rows as their file holds them, in order.
        fields: names of the texts of a row, such as "premise" or "target.span1_text".
        texts: of each row, the text of each field; "" where the row lacks it.
        labels: of each row, its label's name, or "" where it has none.
        intended: of each row, the label that was asked for; empty where a file
            holds no second column of labels.
        rendered: of each row, the text that a model would be shown, with the
            words of the template that the fields stand in.
        task: whose rows they are, where that is known and installed.
        run: the run directory that they are from, where they are.
        notes: what a reader must know of how it was read.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    fields: tuple[str, ...]
    texts: Sequence[tuple[str, ...]]
    labels: Sequence[str]
    rendered: Sequence[str]
    intended: Sequence[str] = ()
    task: Task[Any, Any] | None = None
    run: Path | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels that occur: those of the task in its order, then others."""
        used = set(self.labels) - {""}
        known = [label.name for label in self.task.labels] if self.task else []
        first = [name for name in known if name in used]
        return (*first, *sorted(used - set(first)))


@dataclass(frozen=True, slots=True)
class Study:
    """What a metric is to measure.

    Attributes:
        corpora: the datasets, at least one, each with at least one row.
        reference: what they are compared with, or None.
        seed: random seed; use `rng`.
    """

    corpora: tuple[Corpus, ...]
    reference: Corpus | None = None
    seed: int = 0

    @property
    def everything(self) -> tuple[Corpus, ...]:
        """The datasets, followed by the reference."""
        return (*self.corpora, *((self.reference,) if self.reference is not None else ()))

    def rng(self, purpose: str) -> random.Random:
        """A random generator for one purpose, independent of whatever else was drawn."""
        return random.Random(f"{self.seed}/{purpose}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its uncertainty.

    Attributes:
        value: the figure, or None if the data cannot tell.
        low: lower end of the 95 % interval, if there is one.
        high: its upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


class Excerpt(str):
    """What a row says, or a part of it: where a row's text may not be published, left out."""

    __slots__ = ()


Cell = str | int | float | Estimate | None
"""What stands in a table; None is shown as a dash."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: for people, and row by row for programs."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture as plain data; the report draws it.

    Attributes:
        kind: "bars" (groups of bars), "intervals" (points with error bars, whose
            ends are "low" and "high" in the data), "heatmap", "lines", "points", or "map"
            (points that lie near those they are like; its axes mean nothing).
        title: what it shows.
        data: one mapping a mark: texts and numbers, under any names.
        x: the name that lies along the horizontal axis.
        y: the name that lies along the vertical axis.
        color: the name that decides the colour; of a heat map the number in a cell.
        line: of intervals, where along x a line is drawn that figures are read
            against, such as 1 for ratios.
    """

    kind: Literal["bars", "intervals", "heatmap", "lines", "points", "map"]
    title: str
    data: Sequence[Mapping[str, Any]]
    x: str
    y: str
    color: str = ""
    line: float | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a metric found.

    Attributes:
        headlines: whole sentences with numbers, for the top of the report.
        figures: dataset -> figure -> estimate, for programs.
        glance: the few of these figures that stand on top of the report, datasets
            side by side: figure -> how to read it, in a few words; one that no
            dataset has is left out.
        better: those of them that have a better side: figure -> "higher" or "lower".
        tables: for people.
        plots: likewise.
        rows: dataset -> what was measured of single rows, a mapping each, for programs:
            `analyze` writes them as JSON lines. "row" is a row's place, from 0.
        warnings: what makes the data or the figures doubtful.
        notes: how it was measured, and what the figures do not say.
    """

    headlines: tuple[str, ...] = ()
    figures: Mapping[str, Mapping[str, Estimate]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    glance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    better: Mapping[str, Literal["higher", "lower"]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class MetricOptions(BaseModel):
    """Options of a metric: a subclass's fields are what `-o METRIC.KEY=VALUE` sets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Measures datasets, alone and against a reference.

    Attributes:
        title: heading of its part of the report.
        measure: `measure(study, options)` gives the findings; it imports what
            is heavy inside. It raises `ModuleNotFoundError` where a package
            is missing and `targen_core.errors.UsageError` where something
            else is, such as a model; both are reported, and the other metrics
            go on. What the data do not hold is a note, no error.
        options: their class; `options` of `measure` is one of them.
        extra: the extra of its distribution that brings what `measure` imports
            beside the distribution's own dependencies, or "".
        order: its place in the report, the lowest first.
        summary: one line for people.
    """

    title: str
    measure: Callable[[Study, Any], Findings]
    options: type[MetricOptions] = MetricOptions
    extra: str = ""
    order: int = 100
    summary: str = ""
