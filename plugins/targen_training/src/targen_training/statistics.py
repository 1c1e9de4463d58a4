"""Comparisons of models: paired differences, and numbers of equally good rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.findings import Estimate

Numbers = NDArray[np.float64]


def interval(value: float, resampled: Numbers) -> Estimate:
    """A figure with the middle 95% of its resamples."""
    if np.isnan(value) or np.isnan(resampled).all():
        return Estimate(None)
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def over_runs(
    value: float, resampled: Numbers, *, variance: float, free: int
) -> tuple[Estimate, float]:
    """Return a figure with its 95% interval over test rows and runs, and its two-sided p against 0.

    The error is a sum: Student's t for the runs, and a normal one for the rows (the distribution of
    Behrens, 1929, and Fisher, 1935). A bootstrap of two or three runs would understate their
    variance, and that of a single run would be 0. Without variance between runs, the bootstrap of
    the rows remains.

    Args:
        value: the mean over runs, or the difference of two such means.
        resampled: the same in resamples of test rows, of the same runs.
        variance: of `value`, by the variance between runs.
        free: the degrees of freedom of `variance`.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm, t

    if not variance > 0:
        return interval(value, resampled), p_of(resampled)
    runs, rows = variance**0.5, float(np.nanstd(resampled))
    errors = rows * norm.ppf((np.arange(1000) + 0.5) / 1000)

    def beyond(distance: float) -> float:
        return 2 * float(t.sf((distance - errors) / runs, free).mean())

    most = float(t.isf(0.001, free)) * runs + float(errors[-1])
    half = brentq(lambda distance: beyond(distance) - 0.05, 0.0, most)
    return Estimate(value, value - half, value + half), min(1.0, beyond(abs(value)))


def p_of(differences: Numbers) -> float:
    """Two-sided p of resampled differences: how often they lie on the other side of 0."""
    return p_of_sides(sides(differences))


def sides(differences: Numbers) -> NDArray[np.int64]:
    """Count the differences up to 0, those from 0, and the known ones: of shape (3,)."""
    known = differences[~np.isnan(differences)]
    return np.array([(known <= 0).sum(), (known >= 0).sum(), len(known)], dtype=np.int64)


def p_of_sides(counts: NDArray[np.int64]) -> float:
    """Return the two-sided p of differences from their `sides`, which can be added up."""
    below, above, known = map(int, counts)
    return min(1.0, 2 * (min(below, above) + 1) / (known + 1))


def seed_draws(seeds: int, resamples: int) -> Numbers:
    """Return the constant weight of each seed in each resample, of shape (resamples, seeds)."""
    drawn = np.random.default_rng(1).multinomial(seeds, [1 / seeds] * seeds, size=resamples)
    return drawn / seeds


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Return the counts that only one or only the other got right, and the exact two-sided p.

    McNemar's test (1947) by the binomial distribution, which needs no large counts.
    """
    from scipy.stats import binomtest

    first = int((one & ~other).sum())
    second = int((other & ~one).sum())
    if not first + second:
        return first, second, 1.0
    return first, second, float(binomtest(first, first + second, 0.5).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """The p values that hold for all of several tests together (Holm, 1979)."""
    order = sorted(range(len(values)), key=lambda at: values[at])
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, at in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = largest
    return adjusted


@dataclass(frozen=True, slots=True)
class Worth:
    """The number of rows of a learning curve that do as well as something else.

    Attributes:
        rows: how many, with a 95% interval; an end of the curve where that is not enough.
        below: the share of resamples that lie below the curve's first point.
        above: the share above the whole curve.
    """

    rows: Estimate
    below: float
    above: float


def worth(rows: Sequence[int], curve: Numbers, target: Numbers) -> Worth:
    """Where a learning curve reaches a figure.

    The curve is made to rise (isotonic regression, each point weighted alike) and read on the
    logarithm of its rows, in every resample by itself.

    Args:
        rows: of the points of the curve, ascending.
        curve: figures of shape (points, 1 + resamples), those of the data first.
        target: figures of shape (1 + resamples,), those of the data first.
    """
    from sklearn.isotonic import isotonic_regression

    places = np.log(np.array(rows, dtype=np.float64))
    log_rows = np.empty(len(target))
    for at, score in enumerate(target):
        rising = isotonic_regression(np.nan_to_num(curve[:, at]))
        # Where the curve is level, the fewest rows that reach the figure count.
        first = int(np.searchsorted(rising, score - 1e-9, side="left"))
        if first == 0:
            log_rows[at] = places[0]
        elif first == len(rising):
            log_rows[at] = places[-1]
        else:
            part = (score - rising[first - 1]) / (rising[first] - rising[first - 1])
            log_rows[at] = places[first - 1] + part * (places[first] - places[first - 1])
    reached = np.exp(log_rows)
    tops = np.nan_to_num(curve).max(axis=0)
    lows = np.nan_to_num(curve)[0]
    return Worth(
        interval(float(reached[0]), reached[1:]),
        float((target[1:] <= lows[1:]).mean()),
        float((target[1:] > tops[1:]).mean()),
    )
