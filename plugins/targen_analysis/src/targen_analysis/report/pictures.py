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

Spec = dict[str, Any]


def colors_of(study: Study) -> dict[str, str]:
    """Return a colour for each dataset, and grey for the reference, on light and on dark ground."""
    colors = dict(zip((corpus.name for corpus in study.corpora), cycle(_COLORS), strict=False))
    return colors | ({study.reference.name: _REFERENCE} if study.reference is not None else {})


def theme(*, dark: bool) -> Spec:
    """Return Vega's configuration: the reader's fonts, quiet lines, ink for the ground."""
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
    """Return a plot as an SVG or PNG file on white, without a browser or a network."""
    import vl_convert

    spec = {**specification(plot, colors), "title": plot.title}
    config = {**theme(dark=False), "background": "white", "font": _FONT, "padding": 16}
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, config=config)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, config=config, scale=2))


def inline_svg(plot: Plot, colors: Mapping[str, str], name: str) -> str:
    """Return a plot as SVG for a page with others; `name` begins the ids of its parts."""
    import vl_convert

    config = {**theme(dark=False), "background": "white", "font": _FONT, "padding": 12}
    svg = str(vl_convert.vegalite_to_svg(specification(plot, colors), config=config))
    return re.sub(r'(\bid="|url\(#)', rf"\g<1>{name}-", svg)


def specification(
    plot: Plot, colors: Mapping[str, str] | None = None, *, width: int | str = _WIDTH
) -> Spec:
    """Return a plot as Vega-Lite, without the version, which the installed vl-convert decides.

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


def _field(name: str, kind: str, **more: Any) -> Spec:
    # A dot or a bracket in a name means a place inside an object to Vega.
    escaped = re.sub(r"([.\[\]\\'\"])", r"\\\1", name)
    return {"field": escaped, "title": name, "type": kind, **more}


def _color(plot: Plot, colors: Mapping[str, str]) -> Spec:
    if not plot.color:
        return {}
    color = _field(plot.color, "nominal")
    if all(mark.get(plot.color) in colors for mark in plot.data):  # they are datasets
        color["scale"] = {"domain": list(colors), "range": list(colors.values())}
    return {"color": color}


def _tooltip(plot: Plot) -> list[Spec]:
    tips = []
    for name in plot.data[0] if plot.data else ():
        sample = next((mark[name] for mark in plot.data if mark.get(name) is not None), None)
        is_number = isinstance(sample, float)
        form = {"format": ".3~g"} if is_number else {}
        tips.append(_field(name, "quantitative" if is_number else "nominal", **form))
    return tips


def _angle(plot: Plot) -> Spec:
    """Return the angle of the names along x: upright if side by side they have no room."""
    names = {str(mark[plot.x]) for mark in plot.data}
    needed = len(names) * _LETTER * (1 + max(map(len, names), default=0))
    return {"expr": f"width < {needed} ? -90 : 0"}


def _bars(plot: Plot, colors: Mapping[str, str]) -> Spec:
    across = _field(
        plot.x, "ordinal", axis={"labelAngle": 0, "labelOverlap": True, "format": ".2~f"}
    )
    if not all(isinstance(mark[plot.x], int | float) for mark in plot.data):
        across |= {"sort": None, "axis": {"labelAngle": _angle(plot), "labelOverlap": True}}
    return {
        "height": _HEIGHT,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": across,
            "y": _field(plot.y, "quantitative", axis={"format": ".0%"}),
            "xOffset": _field(plot.color, "nominal", sort=list(colors) or None),
            **_color(plot, colors),
            "tooltip": _tooltip(plot),
        },
    }


def _intervals(plot: Plot, colors: Mapping[str, str]) -> Spec:
    rows = len({mark[plot.y] for mark in plot.data})
    several = len({mark[plot.color] for mark in plot.data}) if plot.color else 1
    encoding: Spec = {
        "y": {**_field(plot.y, "nominal"), "sort": None, "title": None, "axis": {"grid": True}},
        **_color(plot, colors),
        "tooltip": _tooltip(plot),
    }
    if several > 1:
        encoding["yOffset"] = _field(plot.color, "nominal", sort=list(colors) or None)
    low = {"field": "low", "type": "quantitative", "title": plot.x, "scale": {"zero": False}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55},
            "encoding": {"x": low, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {"x": _field(plot.x, "quantitative", scale={"zero": False})},
        },
    ]
    if plot.line is not None:  # across all rows
        none = dict.fromkeys(("y", "yOffset", "color"))
        line = {
            "data": {"values": [{"at": plot.line}]},
            "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "opacity": 0.8},
            "encoding": {"x": {"field": "at", "type": "quantitative"}, **none,
                         "tooltip": {"value": f"{plot.line:g}"}},
        }  # fmt: skip
        layers.insert(0, line)
    height = max(3, rows) * _ROW * max(1.0, several * 0.6)
    return {"height": height, "encoding": encoding, "layer": layers}


def _heatmap(plot: Plot, colors: Mapping[str, str]) -> Spec:
    down, across = (len({mark[name] for mark in plot.data}) for name in (plot.y, plot.x))
    share = _field(plot.color, "quantitative")
    white = {"test": {"field": share["field"], "gt": 0.45}, "value": "white"}
    scale = {"range": ["#8fa8c422", "#2f6db5"], "domain": [0, 1]}
    return {
        "width": min(_WIDTH, 110 * across),
        "height": 44 * down,
        "encoding": {
            "x": _field(plot.x, "nominal", sort=None,
                        axis={"labelAngle": _angle(plot), "orient": "top"}),
            "y": _field(plot.y, "nominal", sort=None),
            "tooltip": _tooltip(plot),
        },
        "layer": [
            {
                "mark": {"type": "rect", "tooltip": True},
                "encoding": {"color": {**share, "scale": scale, "legend": None}},
            },
            {
                "mark": {"type": "text", "fontSize": 13},
                "encoding": {
                    "text": {**share, "format": ".0%"},
                    "color": {"condition": white, "value": "#7d8590"},
                },
            },
        ],
    }  # fmt: skip


def _lines(plot: Plot, colors: Mapping[str, str]) -> Spec:
    return {
        "height": _HEIGHT,
        "mark": {"type": "line", "point": {"size": 25}, "tooltip": True},
        "encoding": {
            "x": _field(plot.x, "quantitative"),
            "y": _field(plot.y, "quantitative"),
            **_color(plot, colors),
            "tooltip": _tooltip(plot),
        },
    }


def _points(plot: Plot, colors: Mapping[str, str]) -> Spec:
    mark = {"type": "point", "filled": True, "opacity": 0.6, "tooltip": True}
    return {**_lines(plot, colors), "height": 440, "mark": mark}


def _map(plot: Plot, colors: Mapping[str, str]) -> Spec:
    spec = _points(plot, colors)
    for axis in ("x", "y"):
        spec["encoding"][axis] |= {"axis": None, "scale": {"zero": False}}
    # Where a point lies is seen; what it is, only hovering says.
    tips = [tip for tip in _tooltip(plot) if tip["title"] not in (plot.x, plot.y)]
    spec["encoding"]["tooltip"] = tips
    return spec


_KINDS = {
    "bars": _bars,
    "intervals": _intervals,
    "heatmap": _heatmap,
    "lines": _lines,
    "points": _points,
    "map": _map,
}
