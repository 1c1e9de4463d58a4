"""Figures that follow from how often each n-gram occurs in some rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from targen_analysis.lexical.richness import hdd
from targen_analysis.lexical.words import LONGEST, Words
from targen_analysis.statistics import entropy

FIGURES = (
    "words",
    "vocabulary",
    *(f"distinct-{n}" for n in range(1, LONGEST + 1)),
    *(f"entropy-{n}" for n in range(1, LONGEST)),
    "hd-d",
    "bigrams per row",
    "own bigrams per row",
)
"""The figures of `counted`, in order."""


def counted(words: Words, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the figures of some rows; NaN if they are too few.

    Args:
        words: of the dataset.
        rows: indexes of rows; a repeated one counts twice.

    Returns:
        One number for each of `FIGURES`, shape (figures,).
    """
    places = words.places(rows)
    often = [_counts(words.grams[n], places) for n in range(LONGEST)]
    return np.array(
        [
            often[0].sum(),
            len(often[0]),
            *(_share(counts) for counts in often),
            *(entropy(counts) for counts in often[:-1]),
            hdd(often[0]),
            len(often[1]) / len(rows),
            words.own_bigrams[rows].mean(),
        ],
        dtype=np.float64,
    )


def _counts(grams: tuple[NDArray[np.int32], int], places: NDArray[np.int64]) -> NDArray[np.int64]:
    ids, kinds = grams
    # One to the right: -1, no n-gram, becomes 0 and is dropped.
    counts = np.bincount(ids[places] + 1, minlength=kinds + 1)[1:]
    return counts[counts > 0]


def _share(counts: NDArray[np.int64]) -> float:
    return len(counts) / float(counts.sum()) if len(counts) else float("nan")
