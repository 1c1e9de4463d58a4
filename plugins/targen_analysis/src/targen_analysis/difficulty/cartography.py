"""Dataset cartography: how rows were learned, epoch by epoch.

Swayamdipta et al., arXiv:2009.10795. The regions there are thirds of one dataset: the most
confident, the most variable, the least confident. Here the thirds of one dataset also divide
another's rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REGIONS = ("easy to learn", "ambiguous", "hard to learn")


@dataclass(frozen=True, slots=True)
class Chart:
    """The place of each row, shape (rows,) each.

    Attributes:
        confidence: mean probability of its label over the epochs.
        variability: the standard deviation of that probability.
        correctness: share of the epochs in which its label was the likeliest.
    """

    confidence: NDArray[np.float64]
    variability: NDArray[np.float64]
    correctness: NDArray[np.float64]


def chart(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> Chart:
    """Where rows lie that several models learned; what each made of a row is averaged.

    Args:
        probability: of each row's label, shape (models, epochs, rows); NaN if a model was not
            trained on the row.
        right: whether it was the likeliest, in the same shape.
    """
    trained = ~np.isnan(probability[:, 0])
    return Chart(
        np.nanmean(probability.mean(axis=1), axis=0),
        np.nanmean(probability.std(axis=1), axis=0),
        (right.mean(axis=1) * trained).sum(axis=0) / trained.sum(axis=0),
    )


def inside(mine: Chart, usual: Chart) -> dict[str, int]:
    """Return the rows in each region, whose borders are the thirds of `usual`.

    A row may lie in two: hard ones often vary little, but need not.
    """
    low, high = np.quantile(usual.confidence, [1 / 3, 2 / 3])
    varies = np.quantile(usual.variability, 2 / 3)
    regions = (mine.confidence > high, mine.variability > varies, mine.confidence < low)
    return {name: int(rows.sum()) for name, rows in zip(REGIONS, regions, strict=True)}
