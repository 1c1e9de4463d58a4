"""ROUGE-L between texts (Lin, 2004), and the nearest text of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from targen_analysis.lexical.words import split

COMPARED = 1000
"""Words of a row that are compared: the time grows with the square of their number."""

_AT_ONCE = 2_000_000
"""Pairs that are in memory at a time."""

_BEFORE_SURROGATES, _SURROGATES = 0xD800, 0x800


def as_string(words: NDArray[np.int64]) -> str:
    """The first `COMPARED` words as one string, a character each, which rapidfuzz compares fastest.

    There are 1,112,064 such characters; words beyond that share some.
    """
    codes = words[:COMPARED] % (0x110000 - _SURROGATES)
    codes = np.where(codes >= _BEFORE_SURROGATES, codes + _SURROGATES, codes)
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def as_strings(texts: Iterable[str]) -> list[str]:
    """Texts by `as_string`; the same word has the same character in all."""
    numbers: dict[str, int] = {}
    return [
        as_string(np.array([numbers.setdefault(w, len(numbers)) for w in split(text)], np.int64))
        for text in texts
    ]


def similarities(probes: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
    """ROUGE-L F1 of each probe with each text, from 0 to 1; shape (probes, texts).

    F1 is 2·LCS / (a + b), which rapidfuzz calls the normalised indel similarity. Both are texts by
    `as_string`.
    """
    return cdist(probes, texts, scorer=Indel.normalized_similarity, dtype=np.float32)


def nearest(
    probes: Sequence[str], texts: Sequence[str], *, own: Sequence[int] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return for each probe the highest ROUGE-L F1 with a text, and which text that is.

    Args:
        probes: texts by `as_string`.
        texts: texts by `as_string`; at least one other than the probe itself.
        own: of each probe its own place among the texts, which is left out.

    Returns:
        The similarities, from 0 to 1, and the places; each of shape (probes,).
    """
    best = np.zeros(len(probes), dtype=np.float32)
    which = np.zeros(len(probes), dtype=np.int64)
    step = max(1, _AT_ONCE // max(len(texts), 1))
    for start in range(0, len(probes), step):
        some = probes[start : start + step]
        scores = similarities(some, texts)
        if own is not None:
            scores[np.arange(len(some)), own[start : start + step]] = -1
        which[start : start + step] = scores.argmax(axis=1)
        best[start : start + step] = scores.max(axis=1)
    return np.maximum(best, 0), which
