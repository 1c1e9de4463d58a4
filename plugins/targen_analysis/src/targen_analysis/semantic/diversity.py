"""Measure how varied one set of embeddings is."""

from __future__ import annotations

import math

import numpy as np

from targen_analysis.semantic.similarity import Vectors
from targen_analysis.statistics import Z
from targen_core.cli.findings import Estimate


def pair_mean(vectors: Vectors) -> float:
    """Return the mean cosine over all pairs of two rows, of at least two.

    It is exact without visiting the pairs. For n rows of length 1 with the sum s, the mean is (s·s
    - n) / (n (n - 1)).
    """
    n, total = len(vectors), vectors.sum(axis=0)
    cosine = float((total @ total - (vectors * vectors).sum()) / (n * (n - 1)))
    return min(1.0, max(-1.0, cosine))  # rounding may take it beyond


def mean_cosine(vectors: Vectors) -> Estimate:
    """`pair_mean` with its interval.

    That of the jackknife (Arvesen, Annals of Mathematical Statistics 40,
    1969), which has a closed form here. A bootstrap would pair rows with
    themselves.
    """
    n = len(vectors)
    if n < 3:
        return Estimate(pair_mean(vectors) if n == 2 else None)
    value = pair_mean(vectors)
    of_row = (vectors @ vectors.sum(axis=0) - (vectors * vectors).sum(axis=1)) / (n - 1)
    away = float(((of_row - value) ** 2).sum())
    half = Z * math.sqrt(4 * (n - 1) / (n * (n - 2) ** 2) * away)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))


def remote_clique(cosine: float, rows: int) -> float:
    """Return the mean of the mean cosine distances of rows to all rows, themselves included.

    Cox et al., Directed Diversity (arXiv:2101.06030): sum of d(i, j) over n², here of the distance
    1 - cosine, so that the mean cosine suffices.
    """
    return (rows - 1) / rows * (1 - cosine)


def vendi(vectors: Vectors) -> float:
    """Return the Vendi score: how many wholly different rows would be as varied.

    Friedman and Dieng (arXiv:2210.02410): exp of the entropy of the eigenvalues of K / n, K being
    the cosines of all pairs. The products of the columns have the same eigenvalues except for
    zeros, and are fewer if there are more rows than dimensions.
    """
    n, dimensions = vectors.shape
    inner = vectors.T @ vectors if dimensions < n else vectors @ vectors.T
    values = np.linalg.eigvalsh(inner / n)
    values = values[values > 0]
    if not len(values):
        return 1.0
    values = values / values.sum()
    # Rounding may not take it beyond what it can be.
    return float(min(n, max(1.0, np.exp(-(values * np.log(values)).sum()))))
