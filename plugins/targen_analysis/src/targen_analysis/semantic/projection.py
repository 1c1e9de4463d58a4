"""Embeddings in two dimensions: to be looked at, not to be measured."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from targen_analysis.semantic.similarity import Vectors
from targen_analysis.statistics import random_state
from targen_core.errors import MissingDependency
from targen_core.hints import install

Projection = Literal["tsne", "pca", "umap", "none"]

UMAP_ROWS = 16
"""Rows that UMAP needs: its neighbourhoods are of 15."""

_NEIGHBORS = 15


def possible(how: Projection, rows: int) -> Projection:
    """The projection that so many rows allow: few are shown by their principal components."""
    fewest = {"umap": UMAP_ROWS, "tsne": 4}
    return how if rows >= fewest.get(how, 0) else "pca"


def project(vectors: Vectors, how: Projection, seed: int) -> NDArray[np.float64]:
    """The rows as points of a plane, as many as `how` takes, shape (n, 2)."""
    if how == "umap":
        return umap_map(vectors, seed)
    plane = _principal(vectors)
    if how != "tsne":
        return plane
    from sklearn.manifold import TSNE

    # As scikit-learn's own start from principal components, which fails where all are 0.
    start = plane / max(plane[:, 0].std(), 1e-12) * 1e-4
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    chance = random_state(seed)
    tsne = TSNE(init=start.astype(np.float32), perplexity=perplexity, random_state=chance)
    return np.asarray(tsne.fit_transform(vectors), dtype=np.float64)


def _principal(vectors: Vectors) -> NDArray[np.float64]:
    centered = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    plane = np.zeros((len(vectors), 2))
    points = centered @ axes[:2].T
    # The sign of an axis is chance: most of its weight counts as positive.
    signs = [1 if axis[np.abs(axis).argmax()] > 0 else -1 for axis in axes[:2]]
    plane[:, : points.shape[1]] = points * signs
    return plane


def check_umap() -> None:
    """Say at once that UMAP is missing, and not after all else.

    Raises:
        MissingDependency: umap-learn is not installed.
    """
    if importlib.util.find_spec("umap") is None:
        raise MissingDependency(
            "UMAP needs the package 'umap', which is not installed",
            distribution="targen-analysis",
            hint=install("targen-analysis[umap]"),
        )


def umap_map(vectors: Vectors, seed: int) -> NDArray[np.float64]:
    """UMAP's plane with its own defaults, of at least `UMAP_ROWS` rows. Shape (n, 2)."""
    # Its import and its use warn of things between it and numba.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        plane = UMAP(n_neighbors=_NEIGHBORS, random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(plane, dtype=np.float64)
