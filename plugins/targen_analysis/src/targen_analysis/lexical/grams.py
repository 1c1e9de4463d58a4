"""Words and word pairs of texts as features of classifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from targen_analysis.lexical.words import split

_MOST = 20_000


def weighted(texts: Sequence[str]) -> Any:
    """Weight the words and word pairs of texts by TF-IDF, each text of length one.

    Returns:
        A sparse matrix with a line per text; None if no n-gram occurs in two of them.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Options with the same passage belong together, so it is split once.
    grams = {text: _grams(text) for text in set(texts)}
    counted = TfidfVectorizer(
        analyzer=grams.__getitem__, min_df=2, max_features=_MOST, sublinear_tf=True
    )
    try:
        return counted.fit_transform(texts)
    except ValueError:
        return None


def beside(parts: Iterable[Any]) -> Any:
    """Put features side by side; return None without features."""
    from scipy.sparse import hstack

    found = [part for part in parts if part is not None]
    return hstack(found, format="csr") if found else None


def _grams(text: str) -> list[str]:
    words = split(text)
    return words + [f"{one} {two}" for one, two in pairwise(words)]
