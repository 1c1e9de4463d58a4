"""Agreement of raters, with intervals: Cohen's κ, Spearman's r, Krippendorff's α, and shares.

95% intervals of coefficients come from the jackknife over rows (Efron and Tibshirani, 1993, ch.
11). Fisher's z scale keeps their ends from −1 to 1. If all raters agree on every row, there is no
interval. Shares have Wilson's interval (JASA 22, 1927).

Heavy libraries are imported where they are used: the page does not need them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from targen_core.cli.findings import Estimate

Z = 1.959964  # two-sided 95% quantile of the normal distribution
_Row = TypeVar("_Row", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Figure(Estimate):
    """A figure of agreement; without a value if the grades do not define it.

    Attributes:
        rows: how many rows it is of.
        reason: why the value is missing, or "".
    """

    rows: int = 0
    reason: str = ""


def share(hits: float, of: int) -> Figure:
    """`hits` of `of` rows, with Wilson's interval; a row may be hit in part."""
    if not of:
        return Figure(None, reason="no rows were graded")
    value, square = hits / of, Z * Z / of
    middle = (value + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(value * (1 - value) / of + square / (4 * of))
    # Rounding must not put an end on the wrong side of the figure.
    low, high = min(value, max(0.0, middle - half)), max(value, min(1.0, middle + half))
    return Figure(value, low, high, of)


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> Figure:
    """Cohen's κ of two raters (Educational and Psychological Measurement 20, 1960).

    Args:
        pairs: the two grades of each row.
    """

    def kappa(counts: Counter[tuple[Hashable, Hashable]]) -> float | None:
        rows = counts.total()
        left, right = Counter[Hashable](), Counter[Hashable]()
        for (one, other), times in counts.items():
            left[one] += times
            right[other] += times
        chance = sum(left[grade] * right[grade] for grade in left) / rows**2
        same = sum(times for (one, other), times in counts.items() if one == other) / rows
        return None if chance == 1 else (same - chance) / (1 - chance)

    return _figure(pairs, kappa, "both raters gave the same answer for every row")


def spearman(pairs: Sequence[tuple[float, float]]) -> Figure:
    """Spearman's rank correlation of two raters, with mean ranks for ties.

    Args:
        pairs: the two grades of each row as numbers.
    """
    from scipy.stats import spearmanr

    def correlation(counts: Counter[tuple[float, float]]) -> float | None:
        one, other = zip(*counts.elements(), strict=True)
        if len({*one}) == 1 or len({*other}) == 1:
            return None
        return float(spearmanr(one, other).statistic)

    return _figure(pairs, correlation, "one of the two raters gave every row the same grade")


def krippendorff_alpha(rows: Iterable[Sequence[Hashable]]) -> Figure:
    """Krippendorff's nominal α of any number of raters (Content Analysis, 2004, ch. 11).

    Args:
        rows: the grades of each row; those with fewer than two are ignored.
    """
    import krippendorff
    import numpy as np

    graded = [tuple(sorted(row, key=str)) for row in rows if len(row) > 1]
    grades = sorted({grade for row in graded for grade in row}, key=str)

    def alpha(counts: Counter[tuple[Hashable, ...]]) -> float | None:
        values = np.array([[row.count(grade) for grade in grades] for row in counts.elements()])
        if len(grades) < 2 or (values.sum(axis=0) > 0).sum() < 2:
            return None
        found = krippendorff.alpha(value_counts=values, level_of_measurement="nominal")
        return float(found)

    return _figure(graded, alpha, "every row got the same grade")


def _figure(
    rows: Sequence[_Row], coefficient: Callable[[Counter[_Row]], float | None], reason: str
) -> Figure:
    """Return a coefficient of rows, with its interval."""
    counts, size = Counter(rows), len(rows)
    if not size:
        return Figure(None, reason="no rows have two grades")
    value = coefficient(counts)
    if value is None:
        return Figure(None, rows=size, reason=reason)
    if size < 3 or 1 - abs(value) < 1e-12:
        return Figure(value, rows=size)
    without = {row: coefficient(counts - Counter([row])) for row in counts}
    known = {row: each for row, each in without.items() if each is not None}
    if len(known) < len(without):
        return Figure(value, rows=size)
    middle = sum(counts[row] * each for row, each in known.items()) / size
    squares = sum(counts[row] * (each - middle) ** 2 for row, each in known.items())
    if squares < 1e-18:  # rows that are all alike do not predict other samples
        return Figure(value, rows=size)
    error = math.sqrt((size - 1) / size * squares) / (1 - value * value)
    low, high = (math.tanh(math.atanh(value) + sign * Z * error) for sign in (-1, 1))
    return Figure(value, min(value, low), max(value, high), size)
