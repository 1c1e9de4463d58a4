"""Pictures of plots as SVG, drawn by hand: intervals and lines, without a script or a library."""

from __future__ import annotations

import math
from collections.abc import Sequence

from targen_core.cli.findings import Plot
from targen_core.pages import safe

_COLORS = ("#2f6db5", "#d9822b", "#3f9a6b", "#a0529c", "#c44e52", "#b5a12f", "#4fa3b8")
_WIDTH, _RIGHT, _TOP = 760, 16, 28


def picture(plot: Plot) -> str:
    """A plot of the kind "intervals" or "lines"; marks without a value are left out."""
    return (_intervals if plot.kind == "intervals" else _lines)(plot)


class _Scale:
    """Places of values from `low` to `high`, which may fall."""

    def __init__(self, values: Sequence[float], low: float, high: float) -> None:
        self.first, self.last = min(values), max(values)
        if self.last - self.first < 1e-9:
            self.first, self.last = self.first - 1, self.last + 1
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        part = (value - self.first) / (self.last - self.first)
        return round(self.low + part * (self.high - self.low), 1)

    def ticks(self) -> list[float]:
        size: float = 10 ** math.floor(math.log10((self.last - self.first) / 5))
        step = next(s for each in (1, 2, 5, 10) if 5 * (s := size * each) >= self.last - self.first)
        first = math.ceil(self.first / step - 1e-9)
        return [at * step for at in range(first, math.floor(self.last / step + 1e-9) + 1)]


def _svg(plot: Plot, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img" '
        f'aria-label="{safe(plot.title)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{safe(text)}</text>'


def _intervals(plot: Plot) -> str:
    marks = [m for m in plot.data if None not in (m[plot.x], m["low"], m["high"])]
    if not marks:
        return ""
    left = min(430, 20 + 6.6 * max(len(str(mark[plot.y])) for mark in marks))
    x = _Scale([mark[end] for mark in marks for end in ("low", "high")], left, _WIDTH - _RIGHT)
    bottom = _TOP + 26 * len(marks)
    parts = []
    for tick in x.ticks():
        parts.append(f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="20" y2="{bottom}"/>')
        parts.append(_text(x(tick), _TOP - 12, f"{tick:g}", "middle"))
    for at, mark in enumerate(marks):
        y, name = _TOP + 26 * at + 13, str(mark[plot.y])
        tip = f"{name}: {mark[plot.x]:.1f} ({mark['low']:.1f} to {mark['high']:.1f})"
        parts.append(
            f"<g><title>{safe(tip)}</title>{_text(left - 10, y + 4, name, 'end')}"
            f'<line class="mark" x1="{x(mark["low"])}" x2="{x(mark["high"])}" y1="{y}" y2="{y}"/>'
            f'<circle class="mark" cx="{x(mark[plot.x])}" cy="{y}" r="4"/></g>'
        )
    return _svg(plot, bottom + 10, parts)


def _lines(plot: Plot) -> str:
    """Lines over the logarithm of x + 1, with the values of x below."""
    marks = [m for m in plot.data if m[plot.y] is not None]
    if not marks:
        return ""
    arms = list(dict.fromkeys(str(mark[plot.color]) for mark in marks))
    left, top = 56, _TOP + 20 * len(arms)
    bottom = top + 272
    x = _Scale([math.log2(1 + mark[plot.x]) for mark in marks], left, _WIDTH - 26)
    ends = [mark[end] for mark in marks for end in (plot.y, "low", "high") if mark[end] is not None]
    y = _Scale(ends, bottom, top)
    parts = []
    for tick in y.ticks():
        parts.append(
            f'<line class="grid" x1="{left}" x2="{_WIDTH - _RIGHT}" y1="{y(tick)}" y2="{y(tick)}"/>'
        )
        parts.append(_text(left - 8, y(tick) + 4, f"{tick:g}", "end"))
    for value in sorted({mark[plot.x] for mark in marks}):
        parts.append(_text(x(math.log2(1 + value)), bottom + 20, f"{value:,}", "middle"))
    parts.append(_text((left + _WIDTH) / 2, bottom + 40, plot.x, "middle"))
    for at, arm in enumerate(arms):
        color = _COLORS[at % len(_COLORS)]
        own = sorted((m for m in marks if str(m[plot.color]) == arm), key=lambda m: m[plot.x])
        places = [(x(math.log2(1 + m[plot.x])), m) for m in own]
        band = [f"{px},{y(m['high'])}" for px, m in places]
        band += [f"{px},{y(m['low'])}" for px, m in reversed(places)]
        line = " ".join(f"{px},{y(m[plot.y])}" for px, m in places)
        parts.append(
            f'<circle cx="{left + 5}" cy="{20 * at + 14}" r="5" fill="{color}"/>'
            f"{_text(left + 15, 20 * at + 18, arm)}"
            f'<polygon points="{" ".join(band)}" fill="{color}" opacity="0.13"/>'
            f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        for px, m in places:
            tip = f"{arm}, {m[plot.x]:,}: {m[plot.y]:.1f} ({m['low']:.1f} to {m['high']:.1f})"
            parts.append(
                f'<circle cx="{px}" cy="{y(m[plot.y])}" r="4" fill="{color}">'
                f"<title>{safe(tip)}</title></circle>"
            )
    return _svg(plot, bottom + 50, parts)
