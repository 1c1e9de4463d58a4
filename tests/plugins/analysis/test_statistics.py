"""Intervals are where they should be; what metrics are given."""

from __future__ import annotations

import random

import numpy as np
import pytest

from targen_analysis.statistics import difference, generator, half_samples, mean, rate, subsample
from targen_testing.sample import SAMPLE


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


def test_a_mean_s_interval_and_a_subsample():
    assert mean([]).value is None
    assert mean([3.0]).low is None
    estimate = mean([1.0, 2.0, 3.0])
    assert (estimate.value, estimate.low) == (2.0, pytest.approx(2 - 1.959964 / 3**0.5))
    rng = generator(random.Random(1))
    assert subsample(5, 3, rng).tolist() == [0, 1, 2]
    few = subsample(3, 10, rng).tolist()
    assert sorted(set(few)) == few
    assert len(few) == 3


def test_labels_are_those_that_occur_in_the_order_of_their_task(corpus):
    assert corpus("wxyz", ["b", "", "a", "b"]).label_names == ("a", "b")
    # The labels of this task are not in the order of the alphabet.
    mine = corpus("wxyz", ["bad", "stray", "good", "bad"], task=SAMPLE)
    assert mine.label_names == (*[label.name for label in SAMPLE.labels], "stray")


def test_chance_is_decided_by_seed_and_purpose_alone(corpus, study):
    def drawn(purpose="sample", name="mine", seed=3):
        return study(corpus(["text"], name=name), seed=seed).rng(purpose).random()

    mine = study(corpus(["text"]), seed=3)
    assert [mine.rng("sample").random() for _ in range(2)] == [drawn(), drawn(name="x")]
    assert drawn() not in (drawn("other"), drawn(seed=4))
