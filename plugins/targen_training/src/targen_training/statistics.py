"""Comparisons of models: intervals, paired differences, and their p."""

from __future__ import annotations

from collections.abc import Sequence

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


def compared(
    value: float, resampled: Numbers, *, variance: float = 0.0, free: int = 0
) -> tuple[Estimate, float]:
    """Return a difference with its 95% interval, and its two-sided p against 0.

    The error is that of the bootstrap. If arms were generated several times, the variance between
    runs is added, and Student's t has the degrees of freedom of that variance.

    Args:
        value: the difference of two means.
        resampled: the same in resamples of test rows and seeds.
        variance: of `value`, by the variance between runs; 0 if it is unknown.
        free: the degrees of freedom of `variance`.
    """
    from scipy.stats import norm, t

    found = interval(value, resampled)
    error = float(np.sqrt(np.nanvar(resampled) + variance))
    if not error:
        return found, 0.0 if value else 1.0
    if not variance:
        return found, float(2 * norm.sf(abs(value) / error))
    half = float(t.isf(0.025, free)) * error
    return Estimate(value, value - half, value + half), float(2 * t.sf(abs(value) / error, free))


def seed_draws(seeds: int, resamples: int) -> Numbers:
    """Return the constant weight of each seed in each resample, of shape (resamples, seeds)."""
    drawn = np.random.default_rng(1).multinomial(seeds, [1 / seeds] * seeds, size=resamples)
    return drawn / seeds


def holm(values: Sequence[float]) -> list[float]:
    """The p values that hold for all of several tests together (Holm, 1979)."""
    order = np.argsort(values)
    scaled = np.sort(values) * np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return [float(each) for each in adjusted]
