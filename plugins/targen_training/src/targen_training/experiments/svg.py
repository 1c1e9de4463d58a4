"""Pictures of plots as SVG, drawn by hand: intervals and lines, without a script or a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from targen_core.cli.findings import Plot
from targen_core.pages import safe

_COLORS = ("#2f6db5", "#d9822b", "#3f9a6b", "#a0529c", "#c44e52", "#b5a12f", "#4fa3b8")
_WIDE, _NARROW = 760, 360
_RIGHT, _TOP = 16, 28


def picture(plot: Plot) -> str:
    """A plot of the kind "intervals" or "lines", twice: the page shows the one that fits."""
    draw = _intervals if plot.kind == "intervals" else _lines
    return draw(plot, _WIDE) + draw(plot, _NARROW)


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


def _wrapped(plot: Plot, width: int, height: float, parts: Sequence[str]) -> str:
    size = "wide" if width == _WIDE else "narrow"
    return (
        f'<svg class="{size}" viewBox="0 0 {width} {height:.0f}" width="{width}" role="img" '
        f'aria-label="{safe(plot.title)}">{"".join(parts)}</svg>'
    )


def _intervals(plot: Plot, width: int) -> str:
    marks = _known(plot, plot.x, "low", "high")
    if not marks:
        return ""
    names = [str(mark[plot.y]) for mark in marks]
    above = width == _NARROW  # names are above their intervals, not next to them
    left = _RIGHT if above else min(430, 20 + 6.6 * max(map(len, names)))
    row = 40 if above else 26
    x = _Scale([mark[end] for mark in marks for end in ("low", "high")], left, width - _RIGHT)
    bottom = _TOP + row * len(marks)
    parts = []
    for tick in x.ticks():
        parts.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{_TOP - 8}" y2="{bottom}"/>'
            f'<text x="{x(tick)}" y="{_TOP - 12}" text-anchor="middle">{tick:g}</text>'
        )
    for at, (name, mark) in enumerate(zip(names, marks, strict=True)):
        y = _TOP + row * (at + 1) - 13
        words = f'x="0" y="{y - 11}"' if above else f'x="{left - 10}" y="{y + 4}" text-anchor="end"'
        tip = f"{name}: {mark[plot.x]:.1f} ({mark['low']:.1f} to {mark['high']:.1f})"
        parts.append(
            f"<g><title>{safe(tip)}</title><text {words}>{safe(name)}</text>"
            f'<line class="mark" x1="{x(mark["low"])}" x2="{x(mark["high"])}" y1="{y}" y2="{y}"/>'
            f'<circle class="mark" cx="{x(mark[plot.x])}" cy="{y}" r="4"/></g>'
        )
    return _wrapped(plot, width, bottom + 10, parts)


def _lines(plot: Plot, width: int) -> str:
    marks = _known(plot, plot.x, plot.y)
    if not marks:
        return ""
    arms = list(dict.fromkeys(str(mark[plot.color]) for mark in marks))
    left = 56
    legend, below = _legend(arms, left, width)
    top = _TOP + below
    bottom = top + 272
    ends = [mark[end] for mark in marks for end in (plot.y, "low", "high") if mark.get(end)]
    x = _Scale([mark[plot.x] for mark in marks], left, width - _RIGHT - 10)
    y = _Scale(ends, bottom, top + 14)
    parts = []
    for tick in y.ticks():
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
            f'<text x="{left - 8}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>'
        )
    rows = "log2" in plot.x
    names = {mark[plot.x]: str(mark["tick"]) for mark in marks if "tick" in mark}
    for place in sorted({mark[plot.x] for mark in marks}):
        name = f"{2**place:,.0f}" if rows else names.get(place, f"{place:g}")
        parts.append(f'<text x="{x(place)}" y="{bottom + 20}" text-anchor="middle">{name}</text>')
    title = "rows" if rows else plot.x
    parts.append(
        f'<text x="{(left + width) / 2:.0f}" y="{bottom + 40}" text-anchor="middle">'
        f"{safe(title)}</text>"
    )
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
    return _wrapped(plot, width, bottom + 50, [*parts, *legend])


def _legend(arms: Sequence[str], left: float, width: int) -> tuple[list[str], int]:
    """The names of the lines, above them, and the height of all rows of names but the first."""
    parts = []
    place, below = left, 0
    for arm, color in zip(arms, cycle(_COLORS), strict=False):
        if place > left and place + 15 + 7 * len(arm) > width:
            place, below = left, below + 20
        parts.append(
            f'<circle cx="{place + 5}" cy="{below + 14}" r="5" fill="{color}"/>'
            f'<text x="{place + 15}" y="{below + 18}">{safe(arm)}</text>'
        )
        place += 30 + 7 * len(arm)
    return parts, below
