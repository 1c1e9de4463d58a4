"""Label smoothing and temporal ensembling, in numbers and by `tfidf`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from targen_training.ensembling import Ensemble, smoothed
from targen_training.linear import TFIDF, TfidfOptions
from targen_training.testing.suite import telling


def options(**values):
    return TfidfOptions.model_validate(values)


def shares(seed, rows=40, labels=3):
    made = np.random.default_rng(seed).random((rows, labels)) ** 3
    return made / made.sum(1, keepdims=True)


def test_averages_are_shares_from_the_first_interval_on():
    targets = np.arange(40) % 3
    ensemble = Ensemble(targets, 3, options(ensemble=10))
    soft = smoothed(targets, 3, 0.15)
    np.testing.assert_allclose(soft.sum(1), 1)
    np.testing.assert_allclose(soft[0], [0.9, 0.05, 0.05])
    given = [shares(seed) for seed in range(12)]
    for at, each in enumerate(given, 1):
        ensemble.update(each)
        np.testing.assert_allclose(ensemble.mean.sum(1), 1, rtol=1e-12)
        by_hand = sum(0.2 * 0.8 ** (at - 1 - k) * part for k, part in enumerate(given[:at]))
        np.testing.assert_allclose(ensemble.mean, by_hand / (1 - 0.8**at), rtol=1e-12)


def test_the_loss_is_one_cross_entropy():
    """CE(q, p) + s KL(z || p) and (1 + s) CE(t, p) differ by a constant that p is not in."""
    targets = np.arange(40) % 3
    ensemble = Ensemble(targets, 3, options(ensemble=10))
    soft = smoothed(targets, 3, 0.15)
    for seed in range(4):
        ensemble.update(shares(seed))
    mixed, scale = ensemble.targets(soft)
    apart = []
    for seed in (20, 21):
        p, mean = shares(seed) + 1e-3, ensemble.mean
        two = -(soft * np.log(p)).sum(1) + ensemble.strength * (mean * np.log(mean / p)).sum(1)
        apart.append(two + scale * (mixed * np.log(p)).sum(1))
    np.testing.assert_allclose(apart[0], apart[1], rtol=1e-9)


def noisy(rows=60, wrong=12):
    data = telling("good", "bad", rows=rows)
    other = {"good": "bad", "bad": "good"}
    turned = [
        replace(each, label=other[each.label]) if at % (2 * rows // wrong) == 0 else each
        for at, each in enumerate(data.decisions)
    ]
    return replace(data, decisions=turned)


def scores(data, tmp_path, name, **values):
    folder = tmp_path / name
    folder.mkdir()
    TFIDF.train(data, options(**values), folder)
    held = telling("good", "bad", seed=1).decisions
    return np.array(TFIDF.load(folder)(held)), held


def test_the_recipe_learns_in_spite_of_wrong_labels(tmp_path):
    found, held = scores(noisy(), tmp_path, "m", recipe="supergen", regularization=100)
    assert [("good", "bad")[at] for at in found.argmax(1)] == [each.label for each in held]
    plain, _ = scores(noisy(), tmp_path, "p", regularization=100)
    assert not np.allclose(found, plain)


def test_a_row_counts_by_its_weight(tmp_path):
    """A row of weight 2 is as the same row twice; n-grams are counted by rows, once each."""
    data = telling("good", "bad", rows=10)
    heavy = [replace(d, weight=2.0) for d in data.decisions]
    twice = [d for d in data.decisions for _ in range(2)]
    forms = {"once": data.decisions, "heavy": heavy, "twice": twice}
    for values in ({}, {"label_smoothing": 0.1}, {"class_weight": False}):
        once, one, two = (
            scores(
                replace(data, decisions=each), tmp_path, f"{name} {values}", min_rows=1, **values
            )[0]
            for name, each in forms.items()
        )
        np.testing.assert_allclose(one, two, atol=8e-3)  # what is common is by rows
        assert np.abs(one - once).max() > 0.03
