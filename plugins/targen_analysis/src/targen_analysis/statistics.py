"""Errors of figures: resampled rows, and rates; and what several metrics make of figures."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from targen_core.cli.findings import Estimate

Z = 1.959964
"""Two-sided 95% quantile of the normal distribution."""

Rows = NDArray[np.int64]
"""Indexes of rows, possibly repeated."""


def generator(rng: random.Random) -> np.random.Generator:
    """Numpy's chance, seeded from Python's."""
    return np.random.default_rng(rng.getrandbits(64))


def random_state(seed: int) -> np.random.RandomState:
    """Return scikit-learn's chance; given only a number, it would ask the system for entropy."""
    return np.random.RandomState(np.random.MT19937(seed))


def subsample(size: int, of: int, rng: np.random.Generator) -> Rows:
    """Draw `size` of `of` rows without replacement, in their order; all if there are fewer."""
    if size >= of:
        return np.arange(of)
    return np.sort(rng.choice(of, size, replace=False))


def bootstrap(
    measure: Callable[[Rows], NDArray[np.float64]],
    at: NDArray[np.float64],
    *,
    size: int,
    of: int,
    replicates: int,
    rng: np.random.Generator,
) -> list[Estimate]:
    """Return 95% intervals around figures by the centred bootstrap of rows.

    Each replicate measures `size` rows drawn with replacement from `of`. Drawing a row twice lowers
    counts of types, so replicates lie to one side of the figure, not around it. The interval is the
    figure plus the quantiles of the replicates' distance from their own mean. This takes the bias
    out of the basic interval of Efron and Tibshirani (An Introduction to the Bootstrap, 1993, ch.
    13).

    Args:
        measure: rows -> figures, shape (k,).
        at: the figures that the intervals are put about, shape (k,).
        size: rows of a replicate.
        of: rows that there are.
        replicates: how many; 0 gives no intervals.
        rng: the chance.
    """
    if replicates < 2 or of < 2:
        return [Estimate(_number(value)) for value in at]
    drawn = np.array([measure(rng.integers(0, of, size)) for _ in range(replicates)])
    away = np.quantile(drawn - drawn.mean(axis=0), [0.025, 0.975], axis=0)
    return [
        Estimate(_number(value), _number(value + low), _number(value + high))
        for value, low, high in zip(at, *away, strict=True)
    ]


def half_samples(
    measure: Callable[[Rows], float],
    at: float,
    *,
    size: int,
    of: int,
    max_size: int,
    replicates: int,
    rng: np.random.Generator,
) -> Estimate:
    """Return a 95% interval by subsamples without replacement.

    For figures that a repeated row would spoil, such as a compression ratio. The standard deviation
    is computed over subsamples of s rows, s being half of `size` and at most `max_size`. It is
    scaled to `size` rows by sqrt(s / size / (1 - s / of)). With all rows and s half of them the
    factor is 1 (the delete-half jackknife; Shao and Wu, Annals of Statistics 17, 1989).
    """
    (estimate,) = half_samples_together(
        lambda rows: np.array([measure(rows)]),
        np.array([at]),
        size=size,
        of=of,
        max_size=max_size,
        replicates=replicates,
        rng=rng,
    )
    return estimate


def half_samples_together(
    measure: Callable[[Rows], NDArray[np.float64]],
    at: NDArray[np.float64],
    *,
    size: int,
    of: int,
    max_size: int,
    replicates: int,
    rng: np.random.Generator,
) -> list[Estimate]:
    """The same for several figures that one look at the rows gives, shape (k,)."""
    take = min(size // 2, max_size)
    if replicates < 2 or take < 2:
        return [Estimate(_number(value)) for value in at]
    drawn = np.array([measure(subsample(take, of, rng)) for _ in range(replicates)])
    spread = Z * np.std(drawn, axis=0, ddof=1) * math.sqrt(take / size / (1 - take / of))
    return [
        Estimate(_number(value), _number(value - half), _number(value + half))
        for value, half in zip(at, spread, strict=True)
    ]


def over_draws(draws: Sequence[float] | NDArray[np.float64], mean: float | None = None) -> Estimate:
    """Return a mean, by default that of random draws, with the middle 95% of the draws.

    It has no value without draws, or if one of them is NaN.
    """
    if not len(draws) or np.isnan(draws).any():
        return Estimate(None)
    middle = float(np.mean(draws)) if mean is None else mean
    low, high = np.quantile(draws, [0.025, 0.975])
    # Equal draws may differ from their own mean in the last digit.
    return Estimate(middle, float(min(low, middle)), float(max(high, middle)))


def rate(hits: float, of: float) -> Estimate:
    """A share with its Wilson interval (Wilson, JASA 22, 1927); of rows, or what they are worth."""
    if not of:
        return Estimate(None)
    share, square = hits / of, Z * Z / of
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return Estimate(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def apart(one: Estimate, other: Estimate) -> bool:
    """Return whether two intervals do not overlap; True without intervals."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low > other.high or one.high < other.low


def least(difference: Estimate) -> float:
    """Return the least distance of a difference from 0; 0 without an interval."""
    if difference.low is None or difference.high is None:
        return 0.0
    return max(0.0, difference.low, -difference.high)


def entropy(counts: NDArray[np.int64]) -> float:
    """Return Shannon's entropy (1948) of counts, in bits; NaN without counts."""
    there = counts[counts > 0]
    if not len(there):
        return float("nan")
    shares = there / there.sum()
    return float(-(shares * np.log2(shares)).sum())


def difference(one: Estimate, other: Estimate) -> Estimate:
    """One share less another, from Wilson intervals (Newcombe, Stat. Med. 17, 1998, method 10)."""
    if one.value is None or other.value is None:
        return Estimate(None)
    assert one.low is not None and one.high is not None
    assert other.low is not None and other.high is not None
    away = one.value - other.value
    down = math.hypot(one.value - one.low, other.high - other.value)
    up = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(away, away - down, away + up)


def mean(values: Sequence[float]) -> Estimate:
    """A mean with its normal interval."""
    if not values:
        return Estimate(None)
    middle = float(np.mean(values))
    if len(values) < 2:
        return Estimate(middle)
    half = Z * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Estimate(middle, middle - half, middle + half)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
