"""Tables and plots that several metrics make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.findings import Estimate, Plot, Table

_BARS = 20


def figure_table(
    title: str,
    figures: Mapping[str, Mapping[str, Estimate]],
    names: Iterable[str],
    shown: Mapping[str, str] = MappingProxyType({}),
    *,
    note: str = "95% intervals.",
) -> Table:
    """Show figures of datasets side by side.

    Args:
        title: the table's.
        figures: dataset -> figure -> estimate; a missing figure is a dash.
        names: the figures to show, in order.
        shown: figure -> how the table calls it, if that is not its name.
        note: the table's.
    """
    rows = [(shown.get(name, name), *(of.get(name) for of in figures.values())) for name in names]
    return Table(title, ("figure", *figures), rows, note=note)


def interval_plot(
    title: str,
    figures: Iterable[tuple[str, str, Estimate]],
    x: str,
    y: str,
    line: float | None = None,
) -> Plot:
    """Plot the intervals of figures with a value, each with its dataset and its name on `y`."""
    marks = [
        {"dataset": dataset, y: name, x: figure.value, "low": figure.low, "high": figure.high}
        for dataset, name, figure in figures
        if figure.value is not None
    ]
    return Plot("intervals", title, marks, x=x, y=y, color="dataset", line=line)


def rouge_plot(title: str, best: Mapping[str, NDArray[np.float32]]) -> Plot:
    """Plot how the highest ROUGE-L of each dataset's rows is distributed."""
    marks = [
        {"dataset": dataset, "ROUGE-L": low / _BARS, "share": float(share)}
        for dataset, values in best.items()
        for low, share in enumerate(np.histogram(values, bins=_BARS, range=(0, 1))[0] / len(values))
    ]
    return Plot("bars", title, marks, x="ROUGE-L", y="share", color="dataset")
