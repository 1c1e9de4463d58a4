"""Tables and pictures of difficulty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from targen_analysis.data.excerpt import excerpt
from targen_analysis.difficulty.measured import Measured
from targen_analysis.views import figure_table
from targen_core.cli.findings import Estimate, Plot, Table

_SHOWN = {
    "V-information": "V-information (bits)",
    "label entropy": "label entropy (bits; the maximum of V-information)",
    "accuracy": "correct on unseen rows",
    "accuracy while learned": "correct on training rows, last epoch",
}
"""Figure -> how the table calls it, where that is not its name."""

_POINTS = 400
"""Rows of a dataset on the map."""

_EXCERPT = 160
"""Characters of a row under the pointer."""

_BELOW = -6.0
"""PVI below this value falls into one bar of the histogram."""

_BARS = 24

Results = Mapping[str, Measured]
"""Dataset -> what was measured."""


def figures_table(figures: Mapping[str, Mapping[str, Estimate]], size: int) -> Table:
    """Every figure, datasets side by side."""
    title = f"Difficulty of {size:,} rows, each judged by a model that was not trained on it"
    names = dict.fromkeys(name for mine in figures.values() for name in mine)
    note = "More bits mean easier for this model."
    return figure_table(title, figures, names, _SHOWN, note=note)


def row_tables(name: str, measured: Measured, shown: int) -> list[Table]:
    """The hardest and the easiest rows, and those whose label is in doubt."""
    if not measured.learned or not shown:
        return []
    order = np.argsort(measured.pvi, kind="stable").tolist()
    doubtful = measured.suspects
    of = f"{len(doubtful):,} of {len(order):,} rows"
    return [
        Table(
            f"Probable mislabels of {name}: {of}",
            _COLUMNS,
            [_line(measured, at) for at in doubtful[:shown]],
            note="Check these rows: a label may also be right but hard to predict, or the model "
            "may be wrong.",
        ),
        Table(f"Hardest rows of {name}", _COLUMNS, [_line(measured, at) for at in order[:shown]]),
        Table(
            f"Easiest rows of {name}",
            _COLUMNS,
            [_line(measured, at) for at in order[::-1][:shown]],
            note="PVI is relative to the label's share: a rare label has a high PVI even if the "
            "model finds it only fairly likely.",
        ),
    ]


_COLUMNS = ("PVI (bits)", "label", "model's label", "row")


def _line(measured: Measured, at: int) -> tuple[float, str, str, str]:
    likeliest = int(measured.with_input[at].argmax())
    return (
        round(float(measured.pvi[at]), 2),
        measured.decisions.labels[at],
        f"{measured.names[likeliest]}, {2 ** float(measured.with_input[at, likeliest]):.0%}",
        excerpt(measured.decisions.texts[at]),
    )


def of_rows(measured: Measured) -> list[dict[str, object]]:
    """Return the figures of each row, in the dataset's order; probabilities of unseen rows."""
    chart, decisions, names = measured.chart, measured.decisions, measured.names
    return [
        {
            "row": decisions.rows[at],
            "label": decisions.labels[at],
            "PVI": float(measured.pvi[at]),
            "probabilities": dict(
                zip(names, np.exp2(measured.with_input[at]).tolist(), strict=True)
            ),
            "confidence": float(chart.confidence[at]),
            "variability": float(chart.variability[at]),
            "correctness": float(chart.correctness[at]),
        }
        for at in sorted(range(len(decisions)), key=lambda at: decisions.rows[at])
    ]


def plots(results: Results) -> tuple[Plot, ...]:
    """Return plots: the spread of PVI, the map, and whether the epochs were enough."""
    return (
        Plot(
            "bars",
            "PVI of the rows, in bits (high: easy; below 0: the row contradicts its label)",
            _histogram(results),
            x="PVI",
            y="share",
            color="dataset",
        ),
        Plot(
            "points",
            "The map: easy rows at the top left, hard ones at the bottom left, ambiguous ones at "
            "the right",
            [mark for name, measured in results.items() for mark in _places(name, measured)],
            x="variability",
            y="confidence",
            color="dataset",
        ),
        Plot(
            "lines",
            "V-information after each epoch; the highest value is used",
            [
                {"dataset": name, "epoch": epoch, "V-information": float(bits)}
                for name, measured in results.items()
                for epoch, bits in enumerate(measured.curve, 1)
            ],
            x="epoch",
            y="V-information",
            color="dataset",
        ),
    )


def _histogram(results: Results) -> list[dict[str, object]]:
    lowest = max(_BELOW, min(float(measured.pvi.min()) for measured in results.values()))
    highest = max(float(measured.pvi.max()) for measured in results.values())
    width = 0.25 if highest - lowest <= _BARS * 0.25 else 0.5
    low, high = math.floor(lowest / width), math.floor(highest / width) + 1
    edges = width * np.arange(low, high + 1)
    marks: list[dict[str, object]] = []
    for name, measured in results.items():
        inside = np.maximum(measured.pvi, edges[0])
        counts, _ = np.histogram(inside, bins=edges)
        marks += [
            {"dataset": name, "PVI": float(edge), "share": count / len(inside)}
            for edge, count in zip(edges, counts.tolist(), strict=False)
        ]
    return marks


def _places(name: str, measured: Measured) -> Sequence[dict[str, object]]:
    # Decisions are in random order.
    chart = measured.chart
    return [
        {
            "dataset": name,
            "variability": float(chart.variability[at]),
            "confidence": float(chart.confidence[at]),
            "right in": f"{chart.correctness[at]:.0%} of the epochs",
            "PVI": float(measured.pvi[at]),
            "label": measured.decisions.labels[at],
            "row": excerpt(measured.decisions.texts[at], _EXCERPT),
        }
        for at in range(min(_POINTS, len(measured.pvi)))
    ]
