"""SunGen's weights: found by how rows trained on change a noise-robust loss of the same rows.

Gao et al. (2023, arXiv:2205.12679), algorithm 1: an inner model is trained on weighted rows. The
weights then descend the gradient of a loss that wrong labels cannot dominate. The inner model here
is a linear head, so that each gradient is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from targen_training.weighing.head import (
    Array,
    alignment,
    reverse_gradient,
    shares_of,
)
from targen_training.weighing.influence import require_learned

_SETTLED = 1e-3  # of a weight, in one iteration


class SunGenOptions(BaseModel):
    """Options of SunGen's weights; the defaults are the published values, except for `balance`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int = Field(100, ge=1, description="maximum number of updates of the weights")
    outer_rate: float = Field(
        0.25, gt=0, allow_inf_nan=False, description="Adam's learning rate for the weights"
    )
    inner_rate: float = Field(
        1e-3, gt=0, allow_inf_nan=False, description="Adam's learning rate for the inner model"
    )
    inner_epochs: int = Field(1, ge=1, description="epochs of the inner model")
    batch: int = Field(32, ge=1, description="rows per step of the inner model")
    outer_rows: int = Field(
        50_000, ge=1, description="number of rows, sampled once, whose loss updates the weights"
    )
    trust: float = Field(
        0.9,
        gt=0,
        le=1,
        description="share of rows whose loss is trusted: those with the highest weights",
    )
    sharpness: float = Field(
        10.0,
        gt=0,
        allow_inf_nan=False,
        description="sharpness of the labels in the noise-robust loss",
    )
    clip: float = Field(
        3.0, gt=0, allow_inf_nan=False, description="maximum norm of the weights' gradient"
    )
    balance: bool = Field(
        True,
        description="shift the weights of all labels equally on average, so that no label vanishes "
        "(published: false)",
    )


def bilevel_weights(
    inputs: Any,
    labels: NDArray[np.int64],
    count: int,
    options: SunGenOptions,
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Array:
    """The weight of each row, or of each group of rows, from 0 to 1.

    Adam's epsilon is practically 0 here, so the gradient's size, which falls with the number of
    rows, does not matter. Each iteration moves a weight by about `outer_rate` in its logit.

    Args:
        inputs: (n, d), last column 1.
        labels: (n,).
        count: how many labels there are.
        options: see there.
        groups: of each row the number of its group, whose rows have one weight; by default each
            row is one.
        seed: decides batches, and the rows whose loss decides.
        watch: called with the number of iterations done, and their maximum.

    Raises:
        NotLearned: the inner model is no better than the commonest label.
    """
    rows = len(labels)
    groups = np.arange(rows) if groups is None else groups
    targets = np.eye(count)[labels]
    free = np.zeros(int(groups.max()) + 1)
    chance = np.random.default_rng([seed, 0])
    outer = np.arange(rows)
    if rows > options.outer_rows:
        outer = np.sort(chance.choice(rows, options.outer_rows, replace=False))
    adam = _Adam(free.shape, options.outer_rate, epsilon=1e-30)
    before = _sigmoid(free)
    for iteration in range(options.iterations):
        weights = _sigmoid(free)[groups]
        head = _epochs(inputs, targets, weights, options, [seed, 1, iteration])
        shares = shares_of(inputs, head)
        if not iteration:
            require_learned(shares, labels, "rows that it learned from")
        trusted = outer[weights[outer] >= _nth_largest(weights, int(options.trust * rows))]
        if not len(trusted):
            break
        slope = reverse_gradient(
            inputs[trusted], shares[trusted], labels[trusted], options.sharpness
        )
        # A sum over batches, each a mean over its rows and labels.
        slope *= np.ceil(len(trusted) / options.batch) / (count * len(trusted))
        # How the outer loss changes with the logit of each row's weight, through one step. The
        # weights' sum, by which the inner loss is divided, is held fixed, as in the authors' code.
        by_row: Array = alignment(inputs, shares, targets, slope)
        by_row *= -(options.inner_rate / weights.sum()) * weights * (1 - weights)
        if options.balance:
            by_label = np.bincount(labels, by_row) / np.bincount(labels)
            by_row += (by_label.mean() - by_label)[labels]
        gradient: Array = np.bincount(groups, weights=by_row, minlength=len(free)).astype(float)
        gradient *= min(1.0, options.clip / (float(np.linalg.norm(gradient)) + 1e-6))
        free = free - adam.step(gradient)
        watch(iteration + 1, options.iterations)
        now = _sigmoid(free)
        if np.abs(now - before).max() < _SETTLED:
            break
        before = now
    return _sigmoid(free)


class _Adam:
    """Kingma and Ba (2015), with their decay rates."""

    def __init__(self, shape: tuple[int, ...], rate: float, epsilon: float = 1e-8) -> None:
        self._mean, self._square = np.zeros(shape), np.zeros(shape)
        self._rate, self._epsilon, self._steps = rate, epsilon, 0

    def step(self, gradient: Array) -> Array:
        """Return the step to subtract."""
        self._steps += 1
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.001 * (gradient**2 - self._square)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        return self._rate * mean / (np.sqrt(square) + self._epsilon)


def _epochs(
    inputs: Any, targets: Array, weights: Array, options: SunGenOptions, seed: list[int]
) -> Array:
    """A head that begins at 0, after some epochs of weighted rows."""
    chance = np.random.default_rng(seed)
    head = np.zeros((targets.shape[1], inputs.shape[1]))
    adam = _Adam(head.shape, options.inner_rate)
    for _ in range(options.inner_epochs):
        order = chance.permutation(len(weights))
        for start in range(0, len(order), options.batch):
            batch = order[start : start + options.batch]
            part = inputs[batch]
            off = (shares_of(part, head) - targets[batch]) * weights[batch, None]
            head -= adam.step(np.asarray((part.T @ off).T) / len(batch))
    return head


def _nth_largest(weights: Array, number: int) -> float:
    return float(np.sort(weights)[::-1][max(1, number) - 1])


def _sigmoid(free: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-np.clip(free, -500, 500)))
    return found
