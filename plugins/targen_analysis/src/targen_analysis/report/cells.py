"""Numbers as people read them, in tables of any kind."""

from __future__ import annotations

from targen_core.cli.findings import Cell, Estimate

DASH = "-"


def number(value: float | int | None) -> str:
    """Return at most four digits, whole numbers with commas; a dash for None."""
    if value is None:
        return DASH
    if isinstance(value, int) or value.is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def interval(estimate: Estimate) -> str:
    """Both ends of an interval, or ""."""
    if estimate.low is None or estimate.high is None:
        return ""
    between = " to " if estimate.low < 0 else "–"  # a dash before a minus cannot be read
    return f"{number(_rounded(estimate.low))}{between}{number(_rounded(estimate.high))}"


def _rounded(value: float) -> float:
    """Without the digits that a small distance from 0 brings."""
    return round(value, 4)


def shown(cell: Cell) -> str:
    """A cell of a table as plain text."""
    if isinstance(cell, Estimate):
        ends = interval(cell)
        return f"{number(cell.value)} ({ends})" if ends else number(cell.value)
    if cell is None or isinstance(cell, int | float):
        return number(cell)
    return cell
