"""Dataset cartography: how rows were learned, epoch by epoch.

Swayamdipta et al., arXiv:2009.10795. The regions there are the ends of each
dataset's own ranking, a third of it each; to compare datasets they have fixed
borders here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENT", "DOUBTED", "REGIONS", "VARIES", "Chart", "chart"]

REGIONS = ("easy to learn", "ambiguous", "hard to learn", "in between")

CONFIDENT, DOUBTED = 0.7, 0.4
"""Confidence from which a row is easy, and below which it is hard."""

VARIES = 0.2
"""Variability from which a row is ambiguous."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The place of each row, shape (rows,) each.

    Attributes:
        confidence: mean probability of its label over the epochs.
        variability: the standard deviation of that probability.
        correctness: share of the epochs in which its label was the likeliest.
        region: index into `REGIONS`.
    """

    confidence: NDArray[np.float64]
    variability: NDArray[np.float64]
    correctness: NDArray[np.float64]
    region: NDArray[np.int64]


def chart(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> Chart:
    """Where rows lie that several models learned; what each made of a row is averaged.

    Args:
        probability: of each row's label, shape (models, epochs, rows); NaN
            where a model was not trained on the row.
        right: whether it was the likeliest, in the same shape.
    """
    trained = ~np.isnan(probability[:, 0])
    confidence = np.nanmean(probability.mean(axis=1), axis=0)
    variability = np.nanmean(probability.std(axis=1), axis=0)
    correctness = (right.mean(axis=1) * trained).sum(axis=0) / trained.sum(axis=0)
    region = np.select(
        [confidence >= CONFIDENT, variability >= VARIES, confidence < DOUBTED], [0, 1, 2], 3
    )
    return Chart(confidence, variability, correctness, region)
