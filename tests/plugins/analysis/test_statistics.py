"""Intervals are where they should be; what metrics are given."""

from __future__ import annotations

import numpy as np
import pytest

from targen_analysis.statistics import difference, half_samples, rate


def test_wilson_s_interval():
    estimate = rate(8, 10)
    assert estimate.value == 0.8
    assert (estimate.low, estimate.high) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert rate(0, 0).value is None
    assert (rate(0, 5).low, rate(5, 5).high) == (0, 1)


def test_a_difference_of_shares_as_published():
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II (a), method 10.
    estimate = difference(rate(56, 70), rate(48, 80))
    assert estimate.value == pytest.approx(0.2)
    assert (estimate.low, estimate.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert difference(rate(0, 0), rate(1, 2)).value is None


def test_resampled_intervals_of_a_mean_are_as_wide_as_theory_has_it():
    rng = np.random.default_rng(0)
    values = rng.normal(10, 2, 400)
    whole = {"size": 400, "of": 400, "replicates": 400, "rng": rng}
    half = 1.96 * values.std() / 20
    for max_size in (200, 50):  # half of all, and fewer
        (estimate,) = half_samples(
            lambda rows: np.array([values[rows].mean()]),
            np.array([values.mean()]),
            max_size=max_size,
            **whole,
        )
        assert estimate.high - estimate.low == pytest.approx(2 * half, rel=0.15)
        (total,) = half_samples(  # a count grows with the rows, and so does its error
            lambda rows: np.array([values[rows].sum()]),
            np.array([values.sum()]),
            max_size=max_size,
            relative=True,
            **whole,
        )
        assert total.high - total.low == pytest.approx(2 * 400 * half, rel=0.15)
