"""An index of excluded rows: does it hold what a candidate equals or nearly equals?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from targen_core.tasks.words import plain_words
from targen_standard.filters.excluded.comparing import (
    GRAM,
    RUN,
    SIMILARITY,
    TESTS,
    Compared,
    Part,
)
from targen_standard.filters.likeness import Index, check_sum, keys_of, odd

_WORDS = odd(GRAM, 5)


@dataclass(frozen=True, slots=True)
class Match:
    """The excluded row that a candidate is too near to.

    Attributes:
        test: the strictest test that finds it: "exact", "normalized", "8-gram" or "similar".
        row: the number of the excluded row, from 1.
        whole: whether it is the whole row, and not one of its texts.
    """

    test: str
    row: int
    whole: bool


class ExclusionIndex:
    """The rows of one excluded dataset, searchable for what equals or nearly equals one."""

    def __init__(self) -> None:
        self._index = Index()
        self._rows: list[list[Part]] = []

    def add(self, texts: Sequence[str]) -> None:
        """Enter a row by its texts: under what finds it as a whole, and in part."""
        parts = _parts(texts)
        if parts:
            grams = [gram for part in parts for gram in _fewest_grams(part.text)]
            whole = " ".join(part.text for part in parts)
            self._index.add(len(self._rows), {*_exact(whole, parts), *grams, *keys_of(whole)})
        self._rows.append(parts)

    def find(
        self, texts: Sequence[str], *, similarity: float = SIMILARITY, complete: bool = True
    ) -> Match | None:
        """The excluded row that one with these texts equals or nearly equals, or None.

        Among several matches, return one of the strictest test, and of those the first. Without
        `complete` the candidate has further texts that were not compared: a short remaining one
        then does not count.
        """
        parts = _parts(texts)
        if not parts:
            return None
        mine = Compared(parts, similarity, complete)
        exact = _exact(mine.whole, parts)
        grams = [gram for part in parts for gram in _grams(part.text).tolist()]
        found = [
            (verdict[0], row, verdict[1])
            for row in self._index.find([*exact, *grams], exact)
            if (verdict := mine.to(self._rows[row])) is not None
        ]
        if not found and mine.counts:
            found = [
                (TESTS.index("similar"), row, True)
                for row in self._index.find(keys_of(mine.whole))
                if mine.is_like(self._rows[row])
            ]
        if not found:
            return None
        test, row, whole = min(found)
        return Match(TESTS[test], row + 1, whole)


def _parts(texts: Sequence[str]) -> list[Part]:
    return [Part(words, check_sum(text)) for text in texts if (words := plain_words(text))]


def _exact(whole: str, parts: Sequence[Part]) -> list[int]:
    """Return the keys of a row as a whole, and of each of its texts that counts by itself."""
    return [check_sum(whole), *(check_sum(part.text) for part in parts if part.counts_alone)]


def _grams(text: str) -> NDArray[np.uint32]:
    """A key for each run of eight words, in order."""
    words = text.encode("utf-8", "surrogatepass").split(b" ")
    if len(words) < GRAM:
        return np.zeros(0, np.uint32)
    return np.correlate(np.fromiter(map(crc32, words), np.uint32, len(words)), _WORDS)


def _fewest_grams(text: str) -> set[int]:
    """Return grams such that each run of words that would reject a candidate contains one.

    They are the least of neighbours (winnowing: Schleimer et al., SIGMOD 2003).
    """
    grams = _grams(text)
    if not len(grams):
        return set()
    words = len(grams) + GRAM - 1
    neighbours = min(RUN, max(GRAM, (words + 1) // 2)) - GRAM + 1
    windows = np.lib.stride_tricks.sliding_window_view(grams, neighbours)
    return {*windows.min(axis=1).tolist()}
