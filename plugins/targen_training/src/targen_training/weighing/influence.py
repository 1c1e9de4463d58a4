"""ProGen's influence: the effect of one more such row on the loss of validation rows.

Koh and Liang (2017, arXiv:1703.04730), with the noise-robust validation loss of ProGen (Ye et al.,
2022, arXiv:2210.12329, section 3.1). On a linear head the Hessian is exact, and so is its inverse.
ProGen sums up a series with the limit (H + damping)⁻¹, and this is that limit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from targen_core.errors import UsageError
from targen_training.weighing.head import (
    Array,
    alignment,
    fit,
    hessian_product,
    reverse_gradient,
    shares_of,
    solve,
)


class NotLearned(UsageError):
    """A model no better than the commonest label: its gradients are not informative."""


class InfluenceOptions(BaseModel):
    """Options of influence; ProGen's values are the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    damping: float = Field(
        50.0,
        ge=0,
        allow_inf_nan=False,
        description="value added to the Hessian; at 50, as published, influence mostly reflects "
        "the similarity of gradients, while 0.01 keeps the Hessian's effect",
    )
    decay: float = Field(
        0.005, gt=0, allow_inf_nan=False, description="weight decay of the head (published: 0.005)"
    )
    sharpness: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="sharpness of the labels in the noise-robust loss; "
        "scales all influences equally",
    )
    folds: int = Field(
        10, ge=2, description="number of folds that take turns as validation "
            "rows, if none are given",
    )  # fmt: skip


def require_learned(shares: Array, labels: NDArray[np.int64], of: str) -> float:
    """The accuracy of a model, if it is better than always saying the commonest label.

    Args:
        shares: the model's predictions for rows, (n, C).
        labels: theirs, (n,).
        of: which rows, for people.

    Raises:
        NotLearned: it is not.
    """
    accuracy = float((shares.argmax(axis=1) == labels).mean())
    majority = float(np.bincount(labels).max() / len(labels))
    if accuracy <= majority:
        raise NotLearned(
            f"the model did not learn: it is correct for {accuracy:.0%} of the {len(labels):,} "
            f"{of}, but always predicting the most common label would get {majority:.0%}",
            hint="use more rows, different weights, or --features minilm, which captures "
            "meaning as well as words",
        )
    return accuracy


def influence_of(
    inputs: Any,
    labels: NDArray[np.int64],
    validation: tuple[Any, NDArray[np.int64]],
    count: int,
    options: InfluenceOptions,
) -> tuple[Array, Array]:
    """The influence of training rows on the loss of validation rows.

    The head is trained to convergence: away from it influences would be of another model.

    Args:
        inputs: of the training rows, (n, d), last column 1.
        labels: theirs, (n,).
        validation: inputs and labels of m validation rows.
        count: how many labels there are.
        options: see there.

    Returns:
        The influences, (n,): below 0, a row more like this lowers the loss. And the head's
        predictions for the validation rows, (m, C).
    """
    targets, counts = np.eye(count)[labels], np.full(len(labels), 1 / len(labels))
    head = fit(inputs, targets, counts, options.decay)
    shares = shares_of(inputs, head)
    tested = shares_of(validation[0], head)
    slope = reverse_gradient(validation[0], tested, validation[1], options.sharpness)
    slope /= len(validation[1])

    def damped(by: Array) -> Array:
        product = hessian_product(inputs, shares, counts, options.decay, by)
        return product + options.damping * by

    return -alignment(inputs, shares, targets, solve(damped, slope)), tested
