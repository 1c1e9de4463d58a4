"""Plots as Vega-Lite specifications, and as files of SVG or PNG."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from targen_analysis.metrics import Study
from targen_core.cli.findings import Plot

KINDS = ("svg", "png")

_COLORS = ("#2f6db5", "#d9822b", "#3f9a6b", "#a0529c", "#c44e52", "#b5a12f", "#4fa3b8")
_REFERENCE = "#8a919c"

_FONT = "Arial, Liberation Sans, Helvetica, sans-serif"

_WIDTH, _HEIGHT, _ROW = 560, 260, 26
_LETTER = 7  # its width in a label, about


def colors_of(study: Study) -> dict[str, str]:
    """A colour for each dataset, and grey for the reference, on light and on dark ground."""
    colors = {
        corpus.name: color for corpus, color in zip(study.corpora, cycle(_COLORS), strict=False)
    }
    return colors | ({study.reference.name: _REFERENCE} if study.reference is not None else {})


def specification(
    plot: Plot, colors: Mapping[str, str] | None = None, *, width: int | str = _WIDTH
) -> dict[str, Any]:
    """A plot as Vega-Lite, without the version: the installed vl-convert decides which draws it.

    Args:
        plot: the plot.
        colors: of the datasets, the same in all pictures; see `colors_of`.
        width: in pixels; "container" takes that of the element it is drawn in.
    """
    return {
        "description": plot.title,
        "data": {"values": [dict(mark) for mark in plot.data]},
        "width": width,
        **_KINDS[plot.kind](plot, colors or {}),
    }


def theme(*, dark: bool) -> dict[str, Any]:
    """Vega's configuration: the reader's fonts, quiet lines, ink for the ground."""
    ink, line = ("#e4e6eb", "#454a54") if dark else ("#24292f", "#d5d9de")
    words = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": None,
        "font": "system-ui, sans-serif",
        "axis": {**words, "gridColor": line, "domainColor": line, "tickColor": line,
                 "labelLimit": 280, "titleFontWeight": "normal"},
        "legend": {**words, "orient": "top", "title": None, "labelLimit": 300},
        "header": words,
        "rule": {"color": ink},
        "view": {"stroke": None},
        "range": {"category": list(_COLORS)},
    }  # fmt: skip


def write_picture(plot: Plot, colors: Mapping[str, str], kind: str) -> bytes:
    """Return a plot as an SVG or PNG file on white, without a browser or a network.

    The title is above it, since a file has no heading. Its place for letters is measured with a
    font that most machines have, or one as wide.
    """
    import vl_convert

    spec = {**specification(plot, colors), "title": plot.title}
    config = {**theme(dark=False), "background": "white", "font": _FONT, "padding": 16}
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, config=config)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, config=config, scale=2))


def _field(name: str) -> dict[str, Any]:
    # A dot or a bracket in a name means a place inside an object to Vega.
    return {"field": re.sub(r"([.\[\]\\'\"])", r"\\\1", name), "title": name}


def _color(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    if not plot.color:
        return {}
    scale = {}
    if all(mark.get(plot.color) in colors for mark in plot.data):  # they are datasets
        scale = {"domain": list(colors), "range": list(colors.values())}
    encoding = {**_field(plot.color), "type": "nominal"}
    return {"color": {**encoding, "scale": scale} if scale else encoding}


def _tooltip(plot: Plot) -> list[dict[str, Any]]:
    first: Mapping[str, Any] = plot.data[0] if plot.data else {}
    tips = []
    for name in first:
        sample = next((mark[name] for mark in plot.data if mark.get(name) is not None), None)
        number = isinstance(sample, float)
        tips.append(
            {**_field(name), "type": "quantitative" if number else "nominal"}
            | ({"format": ".3~g"} if number else {})
        )
    return tips


def _angle(plot: Plot) -> dict[str, str]:
    """Return the angle of the names along x: upright if side by side they have no room."""
    names = {str(mark[plot.x]) for mark in plot.data}
    needed = len(names) * _LETTER * (1 + max(map(len, names), default=0))
    return {"expr": f"width < {needed} ? -90 : 0"}


def _bars(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    numeric = all(isinstance(mark[plot.x], int | float) for mark in plot.data)
    across: dict[str, Any] = {
        **_field(plot.x),
        "type": "ordinal",
        "axis": {"labelAngle": 0, "labelOverlap": True},
    }
    if not numeric:
        across["sort"] = None
        across["axis"]["labelAngle"] = _angle(plot)
    if numeric:
        across["axis"]["format"] = ".2~f"
    return {
        "height": _HEIGHT,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": across,
            "y": {**_field(plot.y), "type": "quantitative", "axis": {"format": ".0%"}},
            "xOffset": {**_field(plot.color), "sort": list(colors) or None},
            **_color(plot, colors),
            "tooltip": _tooltip(plot),
        },
    }


def _intervals(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    rows = len({mark[plot.y] for mark in plot.data})
    several = len({mark[plot.color] for mark in plot.data}) if plot.color else 1
    down = {**_field(plot.y), "type": "nominal", "sort": None, "title": None,
            "axis": {"grid": True}}  # fmt: skip
    offset = (
        {"yOffset": {**_field(plot.color), "sort": list(colors) or None}} if several > 1 else {}
    )
    scale = {"zero": False}
    line = [] if plot.line is None else [_line(plot.line)]
    return {
        "height": max(3, rows) * _ROW * max(1.0, several * 0.6),
        "encoding": {"y": down, **offset, **_color(plot, colors), "tooltip": _tooltip(plot)},
        "layer": [
            *line,
            {
                "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "title": plot.x, "scale": scale},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": {**_field(plot.x), "type": "quantitative", "scale": scale}},
            },
        ],
    }


def _line(at: float) -> dict[str, Any]:
    """A dashed line across all rows of intervals."""
    return {
        "data": {"values": [{"at": at}]},
        "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "opacity": 0.8},
        "encoding": {
            "x": {"field": "at", "type": "quantitative"},
            "y": None,
            "yOffset": None,
            "color": None,
            "tooltip": {"value": f"{at:g}"},
        },
    }


def _heatmap(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    down = len({mark[plot.y] for mark in plot.data})
    across = len({mark[plot.x] for mark in plot.data})
    name = _field(plot.color)["field"]
    return {
        "width": min(_WIDTH, 110 * across),
        "height": 44 * down,
        "encoding": {
            "x": {**_field(plot.x), "type": "nominal", "sort": None,
                  "axis": {"labelAngle": _angle(plot), "orient": "top"}},
            "y": {**_field(plot.y), "type": "nominal", "sort": None},
            "tooltip": _tooltip(plot),
        },
        "layer": [
            {
                "mark": {"type": "rect", "tooltip": True},
                "encoding": {
                    "color": {
                        **_field(plot.color),
                        "type": "quantitative",
                        "scale": {"range": ["#8fa8c422", "#2f6db5"], "domain": [0, 1]},
                        "legend": None,
                    }
                },
            },
            {
                "mark": {"type": "text", "fontSize": 13},
                "encoding": {
                    "text": {"field": name, "type": "quantitative", "format": ".0%"},
                    "color": {
                        "condition": {"test": {"field": name, "gt": 0.45}, "value": "white"},
                        "value": "#7d8590",
                    },
                },
            },
        ],
    }  # fmt: skip


def _lines(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "mark": {"type": "line", "point": {"size": 25}, "tooltip": True},
        "encoding": {
            "x": {**_field(plot.x), "type": "quantitative"},
            "y": {**_field(plot.y), "type": "quantitative"},
            **_color(plot, colors),
            "tooltip": _tooltip(plot),
        },
    }


def _points(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    mark = {"type": "point", "filled": True, "opacity": 0.6, "tooltip": True}
    return {**_lines(plot, colors), "height": 420, "mark": mark}


def _map(plot: Plot, colors: Mapping[str, str]) -> dict[str, Any]:
    spec = _points(plot, colors)
    for axis in ("x", "y"):
        spec["encoding"][axis] |= {"axis": None, "scale": {"zero": False}}
    # Where a point lies is seen; what it is, only hovering says.
    spec["encoding"]["tooltip"] = [
        tip for tip in _tooltip(plot) if tip["title"] not in (plot.x, plot.y)
    ]
    return {**spec, "height": 460}


_KINDS = {
    "bars": _bars,
    "intervals": _intervals,
    "heatmap": _heatmap,
    "lines": _lines,
    "points": _points,
    "map": _map,
}
