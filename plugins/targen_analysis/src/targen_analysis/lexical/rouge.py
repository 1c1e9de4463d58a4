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

_AT_ONCE = 2_000_000  # pairs that are in memory at a time
_BEFORE_SURROGATES, _SURROGATES = 0xD800, 0x800


class WordEncoder:
    """Encodes texts as strings with one character per word, which rapidfuzz compares fastest.

    The same word has the same character in all texts of one encoder. There are 1,112,064 such
    characters; words beyond that share some.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def encode(self, text: str) -> str:
        """Return a text as one character per word."""
        numbers = (self._numbers.setdefault(word, len(self._numbers)) for word in split(text))
        return "".join(chr(character_of(number)) for number in numbers)

    def encode_all(self, texts: Iterable[str]) -> list[str]:
        """Return each text as one character per word."""
        return [self.encode(text) for text in texts]


def character_of(number: int) -> int:
    """Return the code point that stands for a word's number: any except for surrogates."""
    code = number % (0x110000 - _SURROGATES)
    return code + _SURROGATES if code >= _BEFORE_SURROGATES else code


def similarities(probes: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
    """Return ROUGE-L F1 of each encoded probe with each encoded text; shape (probes, texts).

    F1 is 2·LCS / (a + b), which rapidfuzz calls the normalised indel similarity. The first
    `COMPARED` words count.
    """
    return cdist(
        [probe[:COMPARED] for probe in probes],
        [text[:COMPARED] for text in texts],
        scorer=Indel.normalized_similarity,
        dtype=np.float32,
    )


def nearest(
    probes: Sequence[str], texts: Sequence[str], *, own: Sequence[int] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return for each probe the highest ROUGE-L F1 with a text, and which text that is.

    Args:
        probes: encoded texts.
        texts: encoded texts; at least one other than the probe itself.
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
