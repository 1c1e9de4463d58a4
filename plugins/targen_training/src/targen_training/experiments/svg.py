"""Pictures of plots as SVG, drawn by hand: intervals and lines, without a script or a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from targen_cli.findings import Plot
from targen_cli.pages import safe

__all__ = ["picture"]

_COLORS = ("#2f6db5", "#d9822b", "#3f9a6b", "#a0529c", "#c44e52", "#b5a12f", "#4fa3b8")
_WIDTH, _RIGHT, _TOP = 760, 16, 28


def picture(plot: Plot) -> str:
    """A plot of the kind "intervals" or "lines"."""
    return _intervals(plot) if plot.kind == "intervals" else _lines(plot)


class _Scale:
    def __init__(self, values: Sequence[float], low: float, high: float) -> None:
        self.first, self.last = min(values), max(values)
        if self.last - self.first < 1e-9:
            self.first, self.last = self.first - 1, self.last + 1
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        part = (value - self.first) / (self.last - self.first)
        return round(self.low + part * (self.high - self.low), 1)

    def ticks(self) -> list[float]:
        rough = (self.last - self.first) / 5
        size = 10 ** math.floor(math.log10(rough))
        step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough)
        first = math.ceil(self.first / step - 1e-9)
        return [at * step for at in range(first, math.floor(self.last / step + 1e-9) + 1)]


def _known(plot: Plot, *names: str) -> list[dict[str, Any]]:
    return [dict(m) for m in plot.data if all(m.get(name) is not None for name in names)]


def _wrapped(plot: Plot, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img" '
        f'aria-label="{safe(plot.title)}">{"".join(parts)}</svg>'
    )


def _intervals(plot: Plot) -> str:
    marks = _known(plot, plot.x, "low", "high")
    if not marks:
        return ""
    names = [str(mark[plot.y]) for mark in marks]
    left = min(430, 20 + 6.6 * max(map(len, names)))
    x = _Scale([mark[end] for mark in marks for end in ("low", "high")], left, _WIDTH - _RIGHT)
    bottom = _TOP + 26 * len(marks)
    parts = []
    for tick in x.ticks():
        parts.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{_TOP - 8}" y2="{bottom}"/>'
            f'<text x="{x(tick)}" y="{_TOP - 12}" text-anchor="middle">{tick:g}</text>'
        )
    for at, (name, mark) in enumerate(zip(names, marks, strict=True)):
        y = _TOP + 13 + 26 * at
        tip = f"{name}: {mark[plot.x]:.1f} ({mark['low']:.1f} to {mark['high']:.1f})"
        parts.append(
            f'<g><title>{safe(tip)}</title><text x="{left - 10}" y="{y + 4}" text-anchor="end">'
            f"{safe(name)}</text>"
            f'<line x1="{x(mark["low"])}" x2="{x(mark["high"])}" y1="{y}" y2="{y}" '
            f'stroke="{_COLORS[0]}" stroke-width="2" opacity="0.6"/>'
            f'<circle cx="{x(mark[plot.x])}" cy="{y}" r="4.5" fill="{_COLORS[0]}"/></g>'
        )
    return _wrapped(plot, bottom + 10, parts)


def _lines(plot: Plot) -> str:
    marks = _known(plot, plot.x, plot.y)
    if not marks:
        return ""
    bottom, left = 300, 56
    ends = [mark[end] for mark in marks for end in (plot.y, "low", "high") if mark.get(end)]
    x = _Scale([mark[plot.x] for mark in marks], left, _WIDTH - _RIGHT - 10)
    y = _Scale(ends, bottom, _TOP + 14)
    parts = []
    for tick in y.ticks():
        parts.append(
            f'<line class="grid" x1="{left}" x2="{_WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
            f'<text x="{left - 8}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>'
        )
    rows = "log2" in plot.x
    names = {mark[plot.x]: str(mark["tick"]) for mark in marks if "tick" in mark}
    for place in sorted({mark[plot.x] for mark in marks}):
        name = f"{2**place:,.0f}" if rows else names.get(place, f"{place:g}")
        parts.append(f'<text x="{x(place)}" y="{bottom + 20}" text-anchor="middle">{name}</text>')
    title = "rows" if rows else plot.x
    parts.append(
        f'<text x="{(left + _WIDTH) / 2:.0f}" y="{bottom + 40}" text-anchor="middle">'
        f"{safe(title)}</text>"
    )
    arms = list(dict.fromkeys(str(mark[plot.color]) for mark in marks))
    place = left
    for at, arm in enumerate(arms):
        color = _COLORS[at % len(_COLORS)]
        own = sorted((m for m in marks if str(m[plot.color]) == arm), key=lambda m: m[plot.x])
        band = [f"{x(m[plot.x])},{y(m['high'])}" for m in own]
        band += [f"{x(m[plot.x])},{y(m['low'])}" for m in reversed(own)]
        line = " ".join(f"{x(m[plot.x])},{y(m[plot.y])}" for m in own)
        parts.append(
            f'<polygon points="{" ".join(band)}" fill="{color}" opacity="0.13"/>'
            f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        for m in own:
            tip = f"{arm}, {m['rows']:,} rows: {m[plot.y]:.1f} ({m['low']:.1f} to {m['high']:.1f})"
            parts.append(
                f'<circle cx="{x(m[plot.x])}" cy="{y(m[plot.y])}" r="4" fill="{color}">'
                f"<title>{safe(tip)}</title></circle>"
            )
        parts.append(
            f'<circle cx="{place + 5}" cy="14" r="5" fill="{color}"/>'
            f'<text x="{place + 15}" y="18">{safe(arm)}</text>'
        )
        place += 30 + 7 * len(arm)
    return _wrapped(plot, bottom + 50, parts)
