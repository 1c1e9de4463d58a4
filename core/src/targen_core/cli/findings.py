"""Findings: figures with intervals, tables and plots, which metrics and comparisons give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its uncertainty.

    Attributes:
        value: the figure, or None if the data cannot tell.
        low: lower end of the 95% interval, if there is one.
        high: its upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def mapped(self, rising: Callable[[float], float]) -> Estimate:
        """Return it with its value and ends through a function that keeps their order."""
        ends = (self.value, self.low, self.high)
        return Estimate(*(None if end is None else rising(end) for end in ends))


class Excerpt(str):
    """A text of a row, whole or in part; left out if rows may not be published."""

    __slots__ = ()


Cell = str | int | float | Estimate | None
"""A value of a table cell; a dash is shown for None."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table for people; programs read its rows.

    Attributes:
        title: its heading.
        columns: the heading of each column.
        rows: for each row, a cell for each column.
        note: a note that is shown with the table, or "".
    """

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
        data: a mapping for each mark, with strings and numbers under any names.
        x: the name of the values on the horizontal axis.
        y: the name of the values on the vertical axis.
        color: the name of the values that determine the colour; in a heat map, the number in a
            cell.
        line: for intervals, the position on the x axis of a reference line, such as 1 for ratios.
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
        glance: the few figures to compare at the top of the report: figure -> a short explanation.
            Figures that no dataset has are left out.
        better: for figures that can be better or worse: figure -> "higher" or "lower".
        tables: the tables of the report.
        plots: the plots of the report.
        rows: dataset -> a mapping of measures for each row, for programs: `analyze` writes them as
            JSON lines. "row" is the row's number, from 0.
        warnings: reasons to doubt the data or the figures.
        notes: how the figures were measured, and what they do not show.
    """

    headlines: tuple[str, ...] = ()
    figures: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    glance: Mapping[str, str] = field(default_factory=dict)
    better: Mapping[str, Literal["higher", "lower"]] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def flow_changes(
    flows: Mapping[str, Mapping[str, Any]], aims: Mapping[str, str | None]
) -> tuple[int, int]:
    """Return how many candidates got another label than requested, and how many have both labels.

    Surplus ones count: a label that is full says nothing about whether they were relabelled. See
    `flow_losses` for the arguments.
    """
    labelled = [
        (aim, end, count)
        for name, flow in flows.items()
        if (aim := aims.get(name, name)) is not None
        for place in ("accepted", "surplus")
        for end, count in flow[place].items()
    ]
    return sum(n for aim, end, n in labelled if end != aim), sum(n for *_, n in labelled)


def flow_losses(
    flows: Mapping[str, Mapping[str, Any]], aims: Mapping[str, str | None], most: int
) -> dict[str, dict[str, int]]:
    """Return the candidates of a label flow that became no row, by outcome and by branch.

    Surplus candidates have an outcome per final label if step 4 relabelled any of them: otherwise
    the flow would hide what it did.

    Args:
        flows: the flow of each branch, as in a run's report.
        aims: the label that a branch was to give, if its name differs.
        most: if there are more such final labels, surplus is one outcome.
    """
    ends = sorted({end for flow in flows.values() for end in flow["surplus"]})
    relabelled = any(
        aims.get(name, name) not in (None, end)
        for name, flow in flows.items()
        for end in flow["surplus"]
    )
    losses = {"rejected": {name: sum(flow["rejected"].values()) for name, flow in flows.items()}}
    if relabelled and len(ends) <= most:
        for end in ends:
            losses[f"surplus ({end})"] = {
                n: flow["surplus"].get(end, 0) for n, flow in flows.items()
            }
    else:
        losses["surplus"] = {name: sum(flow["surplus"].values()) for name, flow in flows.items()}
    losses["duplicate"] = {name: flow["duplicate"] for name, flow in flows.items()}
    return {name: counts for name, counts in losses.items() if any(counts.values())}
