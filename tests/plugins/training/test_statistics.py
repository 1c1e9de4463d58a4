"""Tests and what rows are worth, against closed forms and what others compute."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from targen_training.statistics import holm, mcnemar, over_runs, p_of, seed_draws, worth


def test_mcnemar_is_the_binomial_test():
    one = np.array([True] * 10 + [False] * 3 + [True] * 20)
    other = np.array([False] * 10 + [True] * 3 + [True] * 20)
    assert mcnemar(one, other)[:2] == (10, 3)
    assert mcnemar(one, other)[2] == pytest.approx(2 * stats.binom.cdf(3, 13, 0.5))
    assert mcnemar(one, one) == (0, 0, 1.0)


def test_holm_is_that_of_the_paper():
    # Holm (1979): sorted, times how many are left, never falling.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert max(holm([0.9, 0.8])) == 1.0


def test_runs_are_the_unit_of_a_test_over_runs():
    whole, other = np.array([0.686, 0.636, 0.768]), 0.706
    variance, value = whole.var(ddof=1) * (1 + 1 / 3), other - whole.mean()
    # Where the same test rows would do again: the t-test, of two samples with the same variance.
    figure, p = over_runs(value, np.full(9, value), variance=variance, free=2)
    expected = stats.ttest_ind([other], whole)
    assert p == pytest.approx(expected.pvalue)
    assert figure.high == pytest.approx(expected.confidence_interval().high)
    # The choice of test rows adds to it, and is all there is where runs do not differ.
    draws = np.random.default_rng(0).normal(value, 0.1, 9999)
    wider, _ = over_runs(value, draws, variance=variance, free=2)
    assert wider.high > figure.high
    rows, p = over_runs(value, draws, variance=0.0, free=2)
    assert (rows.low, rows.high) == pytest.approx((value - 0.196, value + 0.196), abs=0.01)
    assert p == p_of(draws)


def test_p_is_two_sided():
    assert p_of(np.array([1.0] * 999)) == pytest.approx(2 / 1000)
    assert p_of(np.array([1.0, -1.0] * 50)) == 1.0


def test_seeds_are_drawn_as_often_as_there_are():
    draws = seed_draws(5, 400)
    assert draws.shape == (400, 5)
    assert draws.sum(axis=1) == pytest.approx(np.ones(400))
    assert (seed_draws(1, 10) == 1).all()


def test_rows_are_worth_what_the_curve_says():
    curve = np.repeat([[0.5], [0.6], [0.7]], 21, axis=1)  # no resample differs
    half = worth([100, 200, 400], curve, np.full(21, 0.65))
    assert half.rows.value == pytest.approx(np.sqrt(200 * 400))
    assert (half.below, half.above) == (0, 0)
    low, high = (worth([100, 200, 400], curve, np.full(21, v)) for v in (0.4, 0.8))
    assert (low.rows.value, low.below) == (pytest.approx(100), 1)
    assert (high.rows.value, high.above) == (pytest.approx(400), 1)
    # A curve that falls is made level: the fewest rows that do as well.
    dented = np.repeat([[0.5], [0.7], [0.6]], 21, axis=1)
    assert worth([100, 200, 400], dented, np.full(21, 0.65)).rows.value == pytest.approx(200)
