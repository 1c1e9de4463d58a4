"""Figures of embeddings. Cosines are computed in blocks: no matrix of all pairs is held."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from targen_analysis.statistics import Z
from targen_core.cli.findings import Estimate

Vectors = NDArray[np.float64]
"""Embeddings: a row each, of length 1, so that products are cosines; shape (n, d)."""

OVERLAPS = ("precision", "recall", "density", "coverage")

_BLOCK = 512  # rows whose products with all others are held at a time
_ROUNDING = 1e-9


def unit(vectors: ArrayLike) -> Vectors:
    """Return the rows scaled to length 1; a row of zeros stays one. Shape (n, d)."""
    rows = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def _products(some: Vectors, others: Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield blocks of `some`: where each begins and ends, and its products with all `others`."""
    for start in range(0, len(some), _BLOCK):
        at = slice(start, min(start + _BLOCK, len(some)))
        yield at, some[at] @ others.T


def _among_others(vectors: Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield the same within one set, a row's product with itself being the lowest."""
    for at, cosines in _products(vectors, vectors):
        cosines[np.arange(at.stop - at.start), np.arange(at.start, at.stop)] = -np.inf
        yield at, cosines


def nearest(
    vectors: Vectors, others: Vectors | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each row's highest cosine with one of `others`, and which that is.

    Without `others`: with another row of its own set, of at least two.
    """
    best = np.empty(len(vectors))
    which = np.empty(len(vectors), dtype=np.int64)
    blocks = _among_others(vectors) if others is None else _products(vectors, others)
    for at, cosines in blocks:
        which[at] = cosines.argmax(axis=1)
        best[at] = np.take_along_axis(cosines, which[at, None], axis=1)[:, 0]
    return best, which


def kth_nearest(vectors: Vectors, k: int) -> NDArray[np.float64]:
    """Return each row's cosine with its k-th nearest other row, 1 <= k < n. Shape (n,)."""
    cosine = np.empty(len(vectors))
    for at, cosines in _among_others(vectors):
        cosine[at] = np.partition(cosines, -k, axis=1)[:, -k]
    return cosine


def pair_shares(vectors: Vectors, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of all pairs of two rows whose cosine lies between each two edges.

    Values that rounding puts beyond the outer edges count as at them.
    """
    counts: NDArray[np.float64] = np.zeros(len(edges) - 1)
    for at, cosines in _products(vectors, vectors):
        later = np.arange(len(vectors)) > np.arange(at.start, at.stop)[:, None]
        inside = np.clip(cosines[later], edges[0], edges[-1])
        counts += np.histogram(inside, bins=edges)[0]
    counts /= max(1.0, counts.sum())
    return counts


def pair_mean(vectors: Vectors) -> float:
    """Return the mean cosine over all pairs of two rows, of at least two.

    For n rows of length 1 with the sum s, it is (s·s - n) / (n (n - 1)).
    """
    n, total = len(vectors), vectors.sum(axis=0)
    cosine = float((total @ total - (vectors * vectors).sum()) / (n * (n - 1)))
    return min(1.0, max(-1.0, cosine))  # rounding may take it beyond


def mean_cosine(vectors: Vectors) -> Estimate:
    """Return `pair_mean` with the interval of the jackknife.

    The jackknife (Arvesen, Annals of Mathematical Statistics 40, 1969) has a closed form here. A
    bootstrap would pair rows with themselves.
    """
    n = len(vectors)
    if n < 3:
        return Estimate(pair_mean(vectors) if n == 2 else None)
    value = pair_mean(vectors)
    of_row = (vectors @ vectors.sum(axis=0) - (vectors * vectors).sum(axis=1)) / (n - 1)
    away = float(((of_row - value) ** 2).sum())
    half = Z * math.sqrt(4 * (n - 1) / (n * (n - 2) ** 2) * away)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))


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


def overlaps(reference: Vectors, rows: Vectors, k: int) -> NDArray[np.float64]:
    """Return precision, recall, density and coverage, in the order of `OVERLAPS`. Shape (4,).

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
    for at, cosines in _products(reference, rows):
        balls = cosines >= theirs[at, None]
        inside += balls.sum(axis=0)
        covered[at] = balls.any(axis=1)
        recalled[at] = (cosines >= mine).any(axis=1)
    return np.array([(inside > 0).mean(), recalled.mean(), inside.mean() / k, covered.mean()])
