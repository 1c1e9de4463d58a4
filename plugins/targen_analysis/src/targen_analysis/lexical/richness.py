"""Lexical richness, in measures that suit texts of any length.

`HD-D` and `MTLD` follow McCarthy and Jarvis (Behavior Research Methods 42, 2010), `MATTR` follows
Covington and McFall (Journal of Quantitative Linguistics 17, 2010). They are made for running text;
here rows follow each other in their order, and the measures see one long text.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

DRAWN = 42
"""Words that HD-D draws."""

WINDOW = 50
"""Words of MATTR's window."""

THRESHOLD = 0.72
"""The type-token ratio below which MTLD ends a factor."""

Ids = NDArray[np.int64]


def compression_ratio(texts: Iterable[str]) -> float:
    """Bytes of the texts, a line each, over their bytes by DEFLATE: higher is more redundant.

    It is NaN for empty input. Shaib et al., arXiv:2403.00553.
    """
    plain = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(plain) / len(zlib.compress(plain)) if plain else float("nan")


def hdd(counts: Ids) -> float:
    """The expected type-token ratio of 42 words drawn without replacement.

    Args:
        counts: how often each type occurs, shape (types,); NaN below 42 words.
    """
    total = int(counts.sum())
    if total < DRAWN:
        return float("nan")
    often, types = np.unique(counts[counts > 0], return_counts=True)
    drawn = np.arange(DRAWN)
    missed = np.prod(np.clip(total - often[:, None] - drawn, 0, None) / (total - drawn), axis=1)
    return float((types * (1 - missed)).sum() / DRAWN)


def mattr(ids: Ids, window: int = WINDOW) -> float:
    """Return the mean type-token ratio of all windows of `window` words; NaN without a window."""
    size = len(ids)
    if size < window:
        return float("nan")
    order = np.argsort(ids, kind="stable")
    same = ids[order[1:]] == ids[order[:-1]]
    before = np.full(size, -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    places = np.arange(size)
    # A word counts once in a window: where it is the first of its kind there, that
    # is in all windows that begin behind the place where it stood before.
    first = np.maximum(before + 1, places - window + 1)
    last = np.minimum(places, size - window)
    return float(
        np.maximum(last - np.maximum(first, 0) + 1, 0).sum() / (size - window + 1) / window
    )


def mtld(ids: Ids, threshold: float = THRESHOLD) -> float:
    """Return the words that keep the type-token ratio at the threshold, over both directions.

    It is NaN without words, or if no word is repeated.
    """
    return (_one_way(ids.tolist(), threshold) + _one_way(ids[::-1].tolist(), threshold)) / 2


def _one_way(words: list[int], threshold: float) -> float:
    factors, count = 0.0, 0
    types: set[int] = set()
    for word in words:
        count += 1
        types.add(word)
        if len(types) < threshold * count:
            factors += 1
            count = 0
            types = set()
    if count:
        factors += (1 - len(types) / count) / (1 - threshold)
    return len(words) / factors if factors else float("nan")
