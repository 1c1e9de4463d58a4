"""Findings: figures with intervals, tables and plots, which metrics and comparisons give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Cell", "Estimate", "Excerpt", "Findings", "Plot", "Table"]


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
    """A text of a row, whole or in part; left out if rows may not be published."""

    __slots__ = ()


Cell = str | int | float | Estimate | None
"""A value of a table cell; a dash is shown for None."""


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
        kind: "bars" (groups of bars), "intervals" (points with error bars, whose ends are "low" and
            "high" in the data), "heatmap", "lines" or "points". With "map", similar points lie
            close together, and the axes have no meaning.
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
    """The results of a metric.

    Attributes:
        headlines: whole sentences with numbers, for the top of the report.
        figures: dataset -> figure -> estimate, for programs.
        glance: the few figures for the top of the report, datasets side by side: figure -> a few
            words on reading it. Figures that no dataset has are left out.
        better: those of them that have a better side: figure -> "higher" or "lower".
        tables: for people.
        plots: for people.
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
