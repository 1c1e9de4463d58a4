"""Measure how two sets of embeddings cover each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from targen_analysis.semantic.similarity import Vectors, kth_nearest, products

FIGURES = ("precision", "recall", "density", "coverage")

_ROUNDING = 1e-9


def coverage(reference: Vectors, rows: Vectors, k: int) -> NDArray[np.float64]:
    """Return precision, recall, density and coverage, in the order of `FIGURES`. Shape (4,).

    A row's ball reaches to its k-th nearest row of its own set, that one included. Precision is the
    share of `rows` in a ball of the reference. Recall is the share of the reference in a ball of
    `rows` (Kynkäänniemi et al., arXiv:1904.06991). Density is the mean number of the reference's
    balls around a row, over k. Coverage is the share of the reference's balls that contain a row
    (Naeem et al., arXiv:2002.09797). Between vectors of length 1 cosines order pairs as distances
    do.

    Both sets must hold more than k rows.
    """
    theirs = kth_nearest(reference, k) - _ROUNDING
    mine = kth_nearest(rows, k) - _ROUNDING
    inside = np.zeros(len(rows))
    recalled = np.zeros(len(reference), dtype=bool)
    covered = np.zeros(len(reference), dtype=bool)
    for at, cosines in products(reference, rows):
        balls = cosines >= theirs[at, None]
        inside += balls.sum(axis=0)
        covered[at] = balls.any(axis=1)
        recalled[at] = (cosines >= mine).any(axis=1)
    return np.array([(inside > 0).mean(), recalled.mean(), inside.mean() / k, covered.mean()])
