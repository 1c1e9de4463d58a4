"""Agreement of raters: Cohen's κ, Spearman's r, Krippendorff's α, and shares, with intervals.

These are pure functions of plain sequences, without chance. A figure that the grades do not
define has no value and says why, so that no NaN ever reaches a report.

Intervals of coefficients are of 95%, by the jackknife (Efron and Tibshirani, An Introduction to
the Bootstrap, 1993, ch. 11). Each row is left out once. The standard error is transformed to
Fisher's z scale, so that no end lies beyond −1 or 1. The jackknife needs smooth functions of how
often each combination of grades occurs, and all coefficients here are such. Rows with the same
combination are left out together at no cost. If all raters agree on every row, there is no
variation and no interval. Shares have Wilson's interval (JASA 22, 1927).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.findings import Estimate

Z = 1.959964  # two-sided 95% quantile of the normal distribution
_Grade = TypeVar("_Grade", bound=Hashable)
_Pattern = TypeVar("_Pattern", bound=Hashable)
_Pair = tuple[int, int]


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


def f1(pairs: Sequence[tuple[Collection[Hashable], Collection[Hashable]]]) -> Figure:
    """F1 of what two raters found in each row: twice what both found, over all that they found.

    Swapping the two does not change the result.
    """
    counts = Counter((len({*one} & {*other}), len(one) + len(other)) for one, other in pairs)
    if not counts:
        return Figure(None, reason="no rows have an answer from both raters")

    def of(counts: Mapping[_Pair, int]) -> float | None:
        shared = sum(both * times for (both, _), times in counts.items())
        found = sum(size * times for (_, size), times in counts.items())
        return 2 * shared / found if found else None

    return _figure(counts, of, "neither rater found any")


def cohen_kappa(
    one: Sequence[_Grade | None],
    other: Sequence[_Grade | None],
    *,
    order: Sequence[_Grade] = (),
    linear: bool = False,
) -> Figure:
    """Cohen's κ of two raters: agreement beyond what their habits give by chance.

    Args:
        one: the first rater's grades, one per row, None if a row has no grade.
        other: the second rater's, of the same rows.
        order: the scale from best to worst; needed where `linear`.
        linear: count a disagreement by its steps on the scale (Cohen, Psychological Bulletin 70,
            1968), not all alike (Cohen, Educational and Psychological Measurement 20, 1960).

    Raises:
        ValueError: the sequences differ in length, or a grade is not on the scale.
    """
    pairs = _pairs(one, other)
    steps = _places(order if linear else None, pairs)
    counts = Counter((steps[left], steps[right]) for left, right in pairs)
    if not counts:
        return Figure(None, reason="no rows have a grade from both raters")
    at = np.arange(len(steps))
    apart = abs(np.subtract.outer(at, at)) if linear else 1 - np.eye(len(steps))

    def kappa(counts: Mapping[_Pair, int]) -> float | None:
        together = np.zeros(apart.shape)
        for pair, times in counts.items():
            together[pair] = times
        expected = together.sum(axis=1) @ apart @ together.sum(axis=0) / together.sum()
        return float(1 - (together * apart).sum() / expected) if expected else None

    return _figure(counts, kappa, "both raters gave the same answer for every row")


def spearman(one: Sequence[float | None], other: Sequence[float | None]) -> Figure:
    """Spearman's rank correlation of two raters, with mean ranks for ties.

    Args:
        one: the first rater's grades as numbers, one per row, None if a row has no grade.
        other: the second rater's, of the same rows.

    Raises:
        ValueError: the sequences differ in length.
    """
    pairs = _pairs(one, other)
    if not pairs:
        return Figure(None, reason="no rows have a grade from both raters")
    counts = Counter(pairs)

    def correlation(counts: Mapping[tuple[float, float], int]) -> float | None:
        times = np.array(list(counts.values()))
        away, far = (_ranks(values, times) for values in zip(*counts, strict=True))
        spread = (times * away * away).sum() * (times * far * far).sum()
        return float((times * away * far).sum() / math.sqrt(spread)) if spread else None

    return _figure(counts, correlation, "one of the two raters gave every row the same grade")


def krippendorff_alpha(
    rows: Sequence[Sequence[_Grade | None]],
    *,
    order: Sequence[_Grade] = (),
    level: Literal["nominal", "ordinal"] = "nominal",
) -> Figure:
    """Krippendorff's α of any number of raters, each of whom may lack grades.

    Args:
        rows: the grades of each row, by any rater. Rows with fewer than two grades are ignored, and
            so is None.
        order: the scale from best to worst; needed for "ordinal".
        level: the weight of a disagreement: the same for all, or by the grades between the two
            (Krippendorff, Content Analysis, 2004, ch. 11).

    Raises:
        ValueError: a grade is not on the scale.
    """
    graded = [[grade for grade in row if grade is not None] for row in rows]
    graded = [row for row in graded if len(row) > 1]
    if not graded:
        return Figure(None, reason="no rows have two grades")
    places = _places(order if level == "ordinal" else None, graded)
    size = len(places)
    counts = Counter(tuple(sorted(places[grade] for grade in row)) for row in graded)
    times = {row: np.bincount(row, minlength=size) for row in counts}

    def alpha(counts: Mapping[tuple[int, ...], int]) -> float | None:
        totals, together = np.zeros(size), np.zeros((size, size))
        for row, rows in counts.items():
            totals += rows * times[row]
            pairs = np.outer(times[row], times[row]) - np.diag(times[row])
            together += rows * pairs / (len(row) - 1)
        # Between two grades lie all those between them, and half of each of the two.
        middles = totals.cumsum() - totals / 2
        apart = 1 - np.eye(size) if level == "nominal" else np.subtract.outer(middles, middles) ** 2
        expected = totals @ apart @ totals
        observed = (totals.sum() - 1) * (together * apart).sum()
        return float(1 - observed / expected) if expected else None

    return _figure(counts, alpha, "every row got the same grade")


def _figure(
    counts: Mapping[_Pattern, int],
    coefficient: Callable[[Mapping[_Pattern, int]], float | None],
    reason: str,
) -> Figure:
    """A coefficient of the combinations of grades that occur, with its interval."""
    rows = sum(counts.values())
    value = coefficient(counts)
    if value is None:
        return Figure(None, rows=rows, reason=reason)
    value = max(-1.0, min(1.0, value))
    without = [
        coefficient({**counts, pattern: times - 1} if times > 1 else _less(counts, pattern))
        for pattern, times in counts.items()
        if rows > 2
    ]
    kept = [each for each in without if each is not None]
    if rows < 3 or len(kept) < len(without) or 1 - abs(value) < 1e-12:
        return Figure(value, rows=rows)
    times = list(counts.values())
    middle = sum(n * each for n, each in zip(times, kept, strict=True)) / rows
    squares = sum(n * (each - middle) ** 2 for n, each in zip(times, kept, strict=True))
    if squares < 1e-18:  # unanimous rows do not predict other samples
        return Figure(value, rows=rows)
    error = math.sqrt((rows - 1) / rows * squares) / (1 - value * value)
    z = math.atanh(value)
    low, high = math.tanh(z - Z * error), math.tanh(z + Z * error)
    return Figure(value, min(value, low), max(value, high), rows)  # whatever rounding does


def _less(counts: Mapping[_Pattern, int], pattern: _Pattern) -> dict[_Pattern, int]:
    return {other: times for other, times in counts.items() if other != pattern}


def _pairs(
    one: Sequence[_Grade | None], other: Sequence[_Grade | None]
) -> list[tuple[_Grade, _Grade]]:
    both = zip(one, other, strict=True)
    return [(left, right) for left, right in both if left is not None and right is not None]


def _places(
    order: Sequence[_Grade] | None, graded: Sequence[Sequence[_Grade]]
) -> dict[_Grade, int]:
    """The places of grades on the scale `order`; without one, of those that occur, in any order."""
    found = dict.fromkeys(grade for row in graded for grade in row)
    places = {grade: at for at, grade in enumerate(found if order is None else order)}
    for grade in found:
        if grade not in places:
            raise ValueError(f"{grade!r} is not on the scale {', '.join(map(str, order or ()))}")
    return places


def _ranks(values: Sequence[float], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean ranks of values that occur so many times, less the mean of all ranks."""
    _, place = np.unique(values, return_inverse=True)
    rows = np.bincount(place, weights=times)
    return np.asarray((rows.cumsum() - (rows + times.sum()) / 2)[place])
