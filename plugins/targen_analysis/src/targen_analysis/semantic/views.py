"""Views of the embeddings: distributions, a map, and rows without a partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.data.excerpt import excerpt
from targen_analysis.metrics import Corpus
from targen_analysis.semantic.projection import Projection, possible, project
from targen_analysis.semantic.similarity import Vectors, nearest, pair_shares
from targen_analysis.statistics import subsample
from targen_core.cli.findings import Excerpt, Plot, Table

_WIDTH = 0.05
"""The width of a bar of cosines."""

_ON_THE_MAP = 160
"""Characters of a row that a point of the map shows: there are many."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a dataset with their embeddings.

    Attributes:
        corpus: the dataset.
        rows: indexes of its rows, shape (n,).
        vectors: their embeddings, shape (n, d).
    """

    corpus: Corpus
    rows: NDArray[np.int64]
    vectors: Vectors

    @property
    def name(self) -> str:
        """Return the dataset's name."""
        return self.corpus.name

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, at: int, longest: int = 400) -> Excerpt:
        """The excerpt of a row, by its place in the sample."""
        return excerpt(self.corpus.texts[int(self.rows[at])], longest)


def distribution(samples: Sequence[Sample]) -> Plot:
    """Plot the cosines of two rows of one dataset: figure 3's counterpart."""
    edges = np.linspace(-1, 1, round(2 / _WIDTH) + 1)
    shares = [pair_shares(sample.vectors, edges) for sample in samples]
    used = np.flatnonzero(np.sum(shares, axis=0))
    marks = [
        {
            "dataset": sample.name,
            "cosine": round(float(edges[bar]), 2),
            "share of pairs": float(share[bar]),
        }
        for sample, share in zip(samples, shares, strict=True)
        for bar in range(int(used[0]), int(used[-1]) + 1)
    ]
    return Plot(
        "bars",
        f"Cosine of two rows of a dataset (bins of {_WIDTH}, labelled by their lower end)",
        marks,
        x="cosine",
        y="share of pairs",
        color="dataset",
    )


def map_of(
    samples: Sequence[Sample], how: Projection, limit: int, seed: int, rng: np.random.Generator
) -> Plot:
    """All datasets on one plane, `limit` points of each at most."""
    chosen = [subsample(limit, len(sample), rng) for sample in samples]
    vectors = np.vstack([s.vectors[rows] for s, rows in zip(samples, chosen, strict=True)])
    how = possible(how, len(vectors))
    points = iter(project(vectors, how, seed).round(2).tolist())
    labeled = any(any(sample.corpus.labels) for sample in samples)
    marks = []
    for sample, places in zip(samples, chosen, strict=True):
        for at in places.tolist():
            across, up = next(points)
            label = {"label": sample.corpus.labels[int(sample.rows[at])]} if labeled else {}
            marks.append(
                {
                    "dataset": sample.name,
                    "row": sample.text(at, _ON_THE_MAP),
                    **label,
                    "across": across,
                    "up": up,
                }
            )
    return Plot(
        "map", f"Map of the rows ({_NAMES[how]})", marks, x="across", y="up", color="dataset"
    )


_NAMES = {"tsne": "t-SNE", "pca": "two principal components", "umap": "UMAP"}


def missing_and_new(sample: Sample, reference: Sample, shown: int) -> list[Table]:
    """The reference's rows that no row is near, and the rows that lie farthest from it."""
    return [
        _farthest(
            f"Missing: rows of {reference.name} far from all rows of {sample.name}",
            reference,
            sample,
            shown,
        ),
        _farthest(
            f"New or off-topic: rows of {sample.name} farthest from {reference.name}",
            sample,
            reference,
            shown,
        ),
    ]


def _farthest(title: str, some: Sample, others: Sample, shown: int) -> Table:
    best, which = nearest(some.vectors, others.vectors)
    order = np.argsort(best, kind="stable")[:shown].tolist()
    # Adding 0 makes a 0 of what was rounded to -0.
    return Table(
        title,
        ("cosine", f"row of {some.name}", f"nearest row of {others.name}"),
        [
            (round(float(best[at]), 2) + 0.0, some.text(at), others.text(int(which[at])))
            for at in order
        ],
    )
