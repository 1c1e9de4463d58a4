"""A linear head's derivatives against finite differences and retraining; SunGen's and ProGen's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from targen_training.weighing.bilevel import SunGenOptions, bilevel_weights
from targen_training.weighing.head import (
    fit,
    gradient,
    hessian_product,
    shares_of,
    solve,
    with_bias,
)
from targen_training.weighing.influence import InfluenceOptions, influence_of

STEP = 1e-6


@pytest.fixture
def rows():
    """60 rows of 3 labels in 6 dimensions, and 20 more to validate on."""
    chance = np.random.default_rng(5)
    labels = chance.integers(0, 3, 80)
    inputs = with_bias(chance.normal(size=(80, 5)) + np.eye(5)[labels] * 1.2)
    return inputs[:60], labels[:60], inputs[60:], labels[60:]


def separable(flipped, seed, count=400):
    """Two Gaussians apart, some of whose labels are wrong: inputs, labels, which are wrong."""
    chance = np.random.default_rng(seed)
    true = np.arange(count) % 2
    points = chance.normal(size=(count, 5))
    points[:, 0] += np.where(true == 1, 2.5, -2.5)
    wrong = chance.random(count) < np.where(true == 1, flipped[1], flipped[0])
    return with_bias(points), np.where(wrong, 1 - true, true), wrong


def objective(inputs, targets, counts, decay, head):
    entropy = -(targets * np.log(shares_of(inputs, head))).sum(1)
    return counts @ entropy + decay * (head[:, :-1] ** 2).sum()


def slope_of(function, head, by):
    """How fast a function of the head changes in a direction."""
    return (function(head + STEP * by) - function(head - STEP * by)) / 2 / STEP


@pytest.mark.parametrize("sparse", [False, True])
def test_gradient_and_hessian_are_those_of_the_objective(rows, sparse):
    inputs, labels, *_ = rows
    inputs = csr_matrix(inputs) if sparse else inputs
    chance = np.random.default_rng(0)
    head, by = chance.normal(size=(2, 3, 6))
    targets, counts = np.eye(3)[labels], chance.random(60)

    def at(head):
        return gradient(inputs, shares_of(inputs, head), targets, counts, 0.3, head)

    def product(by):
        return hessian_product(inputs, shares_of(inputs, head), counts, 0.3, by)

    slope = slope_of(lambda it: objective(inputs, targets, counts, 0.3, it), head, by)
    assert (at(head) * by).sum() == pytest.approx(slope, rel=1e-6)
    np.testing.assert_allclose(product(by), slope_of(at, head, by), rtol=1e-5, atol=1e-7)
    solved = solve(lambda it: product(it) + it, by)
    np.testing.assert_allclose(product(solved) + solved, by, atol=1e-8)


def test_the_fitted_head_is_sklearn_s(rows):
    """Counts of 1 and a decay of 1/(2C) make its objective."""
    from sklearn.linear_model import LogisticRegression

    inputs, labels, *_ = rows
    theirs = LogisticRegression(C=0.7, tol=1e-10, max_iter=5000).fit(inputs[:, :-1], labels)
    ours = fit(inputs, np.eye(3)[labels], np.ones(60), 1 / 1.4)
    np.testing.assert_allclose(
        shares_of(inputs, ours), theirs.predict_proba(inputs[:, :-1]), atol=1e-6
    )


def reverse_cross_entropy(shares, labels, sharpness):
    """As ProGen defines it."""
    soft = np.exp(sharpness * np.eye(shares.shape[1])[labels])
    return -(shares * np.log(soft / soft.sum(1, keepdims=True))).sum(1)


def test_influence_is_what_retraining_finds(rows):
    """Without damping, at the optimum, it is the validation loss's derivative in a row's weight."""
    inputs, labels, others, theirs = rows
    options = InfluenceOptions.model_validate({"damping": 0, "decay": 0.02})
    found, _ = influence_of(inputs, labels, (others, theirs), 3, options)

    def loss(row, more):
        counts = np.full(60, 1 / 60)
        counts[row] += more
        head = fit(inputs, np.eye(3)[labels], counts, 0.02)
        return reverse_cross_entropy(shares_of(others, head), theirs, 1.0).mean()

    for row in range(0, 60, 7):
        retrained = (loss(row, 1e-5) - loss(row, -1e-5)) / 2e-5
        assert found[row] == pytest.approx(retrained, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("flipped", "balance"), [((0.3, 0.3), True), ((0.1, 0.4), True), ((0.1, 0.4), False)]
)
def test_wrong_labels_get_low_weights(flipped, balance):
    inputs, labels, wrong = separable(flipped, 0)
    options = SunGenOptions.model_validate({"balance": balance})
    weights = bilevel_weights(inputs, labels, 2, options, seed=0)
    assert weights[wrong].mean() < 0.1 < 0.8 < weights[~wrong].mean()
    assert all(weights[labels == label].mean() > 0.4 for label in (0, 1))
    parts = (inputs[100:], labels[100:], (inputs[:100], labels[:100]))
    found, _ = influence_of(*parts, 2, InfluenceOptions.model_validate({}))
    assert found[wrong[100:]].mean() > 0 > found[~wrong[100:]].mean()
