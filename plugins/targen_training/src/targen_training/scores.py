"""How good predictions are: figures with 95 % intervals, by bootstrap over rows.

Where a row holds several decisions (the options of a question, the questions of a
passage), rows are drawn and not decisions: those of one row stand or fall
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.metrics.model import Estimate
from targen_core.tasks.cases import RIGHT, WRONG
from targen_core.training.model import Decision

__all__ = ["Scores", "score"]

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model got right.

    Attributes:
        figures: name -> estimate: `accuracy` and `macro_f1` of labels; of options besides
            `best_option` (the likeliest option of a question is right: COPA, ReCoRD),
            `f1a` (F1 of right options) and `exact_match` (all options of a question are
            told: MultiRC).
        by_label: label -> decisions, precision, recall, F1; None where it is undefined.
        confusion: label -> predicted label -> decisions.
        decisions: how many were scored.
        rows: of how many rows.
    """

    figures: dict[str, Estimate]
    by_label: dict[str, tuple[int, float | None, float | None, float | None]]
    confusion: dict[str, dict[str, int]]
    decisions: int
    rows: int


def score(
    decisions: Sequence[Decision], scores: Sequence[Sequence[float]], labels: Sequence[str]
) -> Scores:
    """Hold predictions against the labels of `decisions`, none of which is ""."""
    names = (*labels, *sorted({d.label for d in decisions} - set(labels)))
    truth = np.array([names.index(d.label) for d in decisions])
    matrix = np.array(scores, dtype=np.float64)
    said = matrix.argmax(axis=1)
    _, rows = np.unique([d.row for d in decisions], return_inverse=True)
    count = int(rows.max()) + 1

    def table(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        pairs = truth * len(names) + said
        counts: NDArray[np.float64] = np.bincount(
            pairs, weights[rows], minlength=len(names) ** 2
        ).astype(np.float64)
        return counts.reshape(len(names), len(names))

    measures: dict[str, Callable[[NDArray[np.float64]], float]] = {
        "accuracy": lambda weights: _accuracy(table(weights)),
        "macro_f1": lambda weights: float(np.nanmean(_f1(table(weights)))),
    }
    if set(names) == {RIGHT, WRONG}:
        measures |= _of_options(decisions, matrix, truth, said, rows, names, table)
    whole = np.ones(count)
    draws = np.random.default_rng(0).multinomial(count, [1 / count] * count, size=_RESAMPLES)
    figures = {}
    for name, measure in measures.items():
        values = [measure(draw.astype(np.float64)) for draw in draws]
        low, high = np.nanquantile(values, [0.025, 0.975])
        figures[name] = Estimate(measure(whole), float(low), float(high))
    counts = table(whole)
    return Scores(
        figures,
        {name: _label(counts, at) for at, name in enumerate(names)},
        {
            one: {two: int(counts[i, j]) for j, two in enumerate(names)}
            for i, one in enumerate(names)
        },
        len(decisions),
        count,
    )


def _accuracy(table: NDArray[np.float64]) -> float:
    total = table.sum()
    return float(np.trace(table) / total) if total else float("nan")


def _f1(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 by label; not a number for a label that neither occurs nor is given."""
    both = table.sum(axis=0) + table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        ratio: NDArray[np.float64] = np.where(both > 0, 2 * np.diag(table) / both, np.nan)
    return ratio


def _label(
    table: NDArray[np.float64], at: int
) -> tuple[int, float | None, float | None, float | None]:
    right, predicted, there = table[at, at], table[:, at].sum(), table[at].sum()
    f1 = float(_f1(table)[at])
    return (
        int(there),
        float(right / predicted) if predicted else None,
        float(right / there) if there else None,
        None if np.isnan(f1) else f1,
    )


def _of_options(
    decisions: Sequence[Decision],
    matrix: NDArray[np.float64],
    truth: NDArray[np.int64],
    said: NDArray[np.int64],
    rows: NDArray[np.int64],
    names: Sequence[str],
    table: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> dict[str, Any]:
    right = names.index(RIGHT)
    keys: dict[tuple[int, int], int] = {}
    question = np.array([keys.setdefault((d.row, d.question), len(keys)) for d in decisions])
    of_row = np.zeros(len(keys), dtype=np.int64)
    of_row[question] = rows
    exact = np.ones(len(keys))
    np.minimum.at(exact, question, (said == truth).astype(np.float64))
    best = np.zeros(len(keys))
    order = np.lexsort((-matrix[:, right], question))  # the likeliest first, the first of equals
    first = order[np.unique(question[order], return_index=True)[1]]
    best[question[first]] = truth[first] == right

    def mean(values: NDArray[np.float64]) -> Callable[[NDArray[np.float64]], float]:
        return lambda weights: float(np.average(values, weights=weights[of_row]))

    return {
        "best_option": mean(best),
        "f1a": lambda weights: float(np.nan_to_num(_f1(table(weights))[right])),
        "exact_match": mean(exact),
    }
