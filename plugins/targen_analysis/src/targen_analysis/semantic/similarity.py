"""Cosines between rows, in blocks, so that no matrix of all pairs is held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float64]
"""Embeddings: a row each, of length 1, so that products are cosines; shape (n, d)."""

_BLOCK = 512
"""Rows whose products with all others are held at a time."""


def unit(vectors: ArrayLike) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays one. Shape (n, d)."""
    rows = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def products(some: Vectors, others: Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Blocks of `some`: where each begins and ends, and its products with all `others`."""
    for start in range(0, len(some), _BLOCK):
        at = slice(start, min(start + _BLOCK, len(some)))
        yield at, some[at] @ others.T


def _among_others(vectors: Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """The same within one set, a row's product with itself being the lowest."""
    for at, cosines in products(vectors, vectors):
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
    blocks = _among_others(vectors) if others is None else products(vectors, others)
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
    for at, cosines in products(vectors, vectors):
        later = np.arange(len(vectors)) > np.arange(at.start, at.stop)[:, None]
        inside = np.clip(cosines[later], edges[0], edges[-1])
        counts += np.histogram(inside, bins=edges)[0]
    counts /= max(1.0, counts.sum())
    return counts
