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


def half_samples(
    measure: Callable[[Rows], NDArray[np.float64]],
    at: NDArray[np.float64],
    *,
    size: int,
    of: int,
    max_size: int,
    replicates: int,
    rng: np.random.Generator,
    relative: bool = False,
) -> list[Estimate]:
    """Return 95% intervals around figures by subsamples without replacement.

    The standard deviation is computed over subsamples of s rows, s being half of `size` and at most
    `max_size`. It is scaled to `size` rows by sqrt(s / size / (1 - s / of)). With all rows and s
    half of them the factor is 1 (the delete-half jackknife; Shao and Wu, Annals of Statistics 17,
    1989).

    Args:
        measure: rows -> figures, shape (k,).
        at: the figures of `size` rows, shape (k,).
        size: rows of a figure.
        of: rows that there are.
        max_size: rows of a subsample, at most.
        replicates: number of subsamples; fewer than two give no intervals.
        rng: the chance.
        relative: whether the deviation is a share of the figure, as for counts.
    """
    take = min(size // 2, max_size)
    if replicates < 2 or take < 2:
        return [Estimate(finite(value)) for value in at]
    drawn = np.array([measure(subsample(take, of, rng)) for _ in range(replicates)])
    spread = Z * np.std(drawn, axis=0, ddof=1) * math.sqrt(take / size / (1 - take / of))
    if relative:
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = spread * np.abs(at / drawn.mean(axis=0))
    return [
        Estimate(finite(value), finite(value - half), finite(value + half))
        if math.isfinite(half)
        else Estimate(finite(value))
        for value, half in zip(at.tolist(), spread.tolist(), strict=True)
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


def finite(value: float) -> float | None:
    """Return a number, or None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None
