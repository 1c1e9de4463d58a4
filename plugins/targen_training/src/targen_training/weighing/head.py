"""A linear head and its derivatives, exactly: softmax regression on given features.

Shapes: inputs X (n, d), dense or scipy's CSR, with a last column of 1 for the bias. Head W is (C,
d), a line per label. Shares P (n, C) are softmax(X Wᵀ). Targets Y (n, C) are shares that add up to
1, mostly one-hot. Counts ω are (n,). The objective is sum of ω_i CE(y_i, p_i) + decay ‖W‖², the
bias left out of the norm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def with_bias(inputs: Any) -> Any:
    """Inputs with a last column of 1; sparse ones stay so."""
    if isinstance(inputs, np.ndarray):
        return np.hstack([inputs, np.ones((inputs.shape[0], 1))])
    from scipy.sparse import csr_matrix, hstack

    return hstack([inputs, csr_matrix(np.ones((inputs.shape[0], 1)))], format="csr")


def balance(labels: NDArray[np.int64], counts: Array, number: int) -> Array:
    """Return each row's factor for its count so that all labels count alike, (n,).

    Args:
        labels: of each row the number of its label, (n,); each label has a row.
        counts: how much each row counts, (n,), above 0.
        number: how many labels there are.
    """
    sums = np.bincount(labels, weights=counts, minlength=number)
    shares: Array = sums.sum() / (number * sums)
    return shares[labels]


def shares_of(inputs: Any, head: Array) -> Array:
    """Return the head's share for each label, (n, C)."""
    from scipy.special import softmax

    shares: Array = softmax(np.asarray(inputs @ head.T), axis=1)
    return shares


def gradient(
    inputs: Any, shares: Array, targets: Array, counts: Array, decay: float, head: Array
) -> Array:
    """The objective's gradient, (C, d)."""
    slope = _sum(inputs, (shares - targets) * counts[:, None])
    return slope + 2 * decay * _without_bias(head)


def hessian_product(inputs: Any, shares: Array, counts: Array, decay: float, by: Array) -> Array:
    """The objective's Hessian times a head, both (C, d)."""
    moved = np.asarray(inputs @ by.T)
    spread = shares * (moved - (shares * moved).sum(1, keepdims=True))
    return _sum(inputs, spread * counts[:, None]) + 2 * decay * _without_bias(by)


def fit(
    inputs: Any, targets: Array, counts: Array, decay: float, start: Array | None = None
) -> Array:
    """The head at the objective's lowest point, by Newton's method in a trust region.

    Args:
        inputs: (n, d).
        targets: (n, C).
        counts: (n,), not below 0.
        decay: above 0, so that the lowest point is unique up to the biases' sum.
        start: where to begin; zeros by default.

    Returns:
        W, (C, d); the same arguments give the same.
    """
    from scipy.optimize import minimize

    shape = (targets.shape[1], inputs.shape[1])

    def shares(flat: Array) -> Array:
        return shares_of(inputs, flat.reshape(shape))

    def loss(flat: Array) -> tuple[float, Array]:
        known, head = shares(flat), flat.reshape(shape)
        entropy = -(targets * np.log(np.maximum(known, 1e-300))).sum(axis=1)
        value = float(counts @ entropy) + decay * float((_without_bias(head) ** 2).sum())
        return value, gradient(inputs, known, targets, counts, decay, head).ravel()

    def curved(flat: Array, by: Array) -> Array:
        return hessian_product(inputs, shares(flat), counts, decay, by.reshape(shape)).ravel()

    found = minimize(
        loss,
        np.zeros(shape).ravel() if start is None else start.ravel(),
        jac=True,
        hessp=curved,
        method="trust-ncg",
        options={"gtol": 1e-9 * max(1.0, float(counts.sum())), "maxiter": 500},
    )
    head: Array = found.x.reshape(shape)
    return head


def solve(product: Callable[[Array], Array], right: Array) -> Array:
    """The S for which product(S) = right, by conjugate gradients.

    Args:
        product: a symmetric map that is positive on all that `right` has a part in.
        right: (C, d).
    """
    from scipy.sparse.linalg import LinearOperator, cg

    def mapped(flat: Array) -> Array:
        return product(flat.reshape(right.shape)).ravel()

    size = (right.size, right.size)
    found, _ = cg(LinearOperator(size, mapped, dtype=np.float64), right.ravel(), rtol=1e-10)
    solved: Array = found.reshape(right.shape)
    return solved


def alignment(inputs: Any, shares: Array, targets: Array, direction: Array) -> Array:
    """Return each row's scalar product of its cross entropy's gradient with a direction, (n,).

    If it is above 0, a step of training on the row moves the head against the direction. With the
    gradient of a validation loss as the direction such rows lower that loss: this is SunGen's
    hypergradient. With (H + μ)⁻¹ times that gradient it is ProGen's influence with the opposite
    sign.
    """
    found: Array = ((shares - targets) * np.asarray(inputs @ direction.T)).sum(axis=1)
    return found


def reverse_gradient(
    inputs: Any, shares: Array, labels: NDArray[np.int64], sharpness: float
) -> Array:
    """The gradient of the sum over rows of the reverse cross entropy, (C, d).

    That is -sum of p log q, with q the softmax of `sharpness` at the label and 0 elsewhere. It is
    a constant plus sharpness (1 - p_y), so a wrong label can only count this much.
    """
    own = shares[np.arange(len(labels)), labels]
    one_hot = np.eye(shares.shape[1])[labels]
    return _sum(inputs, -sharpness * own[:, None] * (one_hot - shares))


def _sum(inputs: Any, by_row: Array) -> Array:
    """Inputs summed over rows, each times the row's share of a label: (C, d)."""
    return np.asarray((inputs.T @ by_row).T)


def _without_bias(head: Array) -> Array:
    plain = head.copy()
    plain[:, -1] = 0
    return plain
