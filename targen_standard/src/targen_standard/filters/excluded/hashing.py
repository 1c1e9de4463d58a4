"""Hashes of stretches of texts: any of them in constant time, of many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from targen_standard.filters.excluded.comparing import GRAM, MIN_ALONE, UNSPACED, UNSPACED_WORD

__all__ = ["BAG", "BITS", "LONG", "Keys", "Places", "Spans", "Texts"]

_U64 = np.uint64
BITS = 42  # of a hash
LONG = 512  # runs of letters, of which all are looked at
BAG = 16  # places in which a row's letters are counted, up to 255

_BASE = 0x9E3779B97F4A7C15 | 1
_TEXT, _GRAM, _LETTER_RUN, _PAIR = (
    _U64(salt) for salt in (0x2545F491, 0x9FB21C65, 0xD6E8FEB8, 0xA0761D64)
)

Keys = NDArray[np.uint64]
Places = NDArray[np.intp]


class Spans(NamedTuple):
    """Stretches of letters: where they begin and end, the salt of their hashes, and what of."""

    begin: Places
    end: Places
    salt: np.uint64
    of: Places


class Texts:
    """Texts of some rows with the places of their words, as one array of letters.

    Attributes:
        first: of each row, the number of its first text; shape (rows + 1,).
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        parts = [part for row in rows for part in row]
        counts = np.array([len(row) for row in rows], np.intp)
        self.first = np.concatenate(([0], counts.cumsum()))
        joined = "\n".join(parts).encode("utf-32-le", "surrogatepass")
        self.letters = np.frombuffer(joined, "<u4").astype(_U64)
        self.lengths = np.array([len(part) for part in parts], np.intp)
        self.ends = (self.lengths + 1).cumsum() - 1
        self.starts = self.ends - self.lengths
        size = len(self.letters)
        self._powers, self._inverse = _powers(size)
        self._sums = np.zeros(size + 1, _U64)
        np.cumsum(self.letters * self._powers, out=self._sums[1:])
        apart = (self.letters == 10) | (self.letters == 32)
        begins = ~apart
        begins[1:] &= apart[:-1]
        self.words = begins.nonzero()[0]
        self.word_ends = np.append(self.words[1:] - 1, size)
        self.part_of_word = np.searchsorted(self.starts, self.words, "right") - 1
        self.sizes = np.bincount(self.part_of_word, minlength=len(parts))  # in words

    def keys(self, *spans: Spans) -> list[Keys]:
        """The hashes of stretches of letters, of 42 bits: an array for each kind."""
        begin = np.concatenate([span.begin for span in spans])
        end = np.concatenate([span.end for span in spans])
        sizes = [len(span.begin) for span in spans]
        value = (self._sums.take(end) - self._sums.take(begin)) * self._inverse.take(begin)
        value ^= np.repeat(np.array([span.salt for span in spans], _U64), sizes)
        value *= _U64(0xFF51AFD7ED558CCD)
        value ^= value >> _U64(33)
        value *= _U64(0xC4CEB9FE1A85EC53)
        value ^= value >> _U64(29)
        value *= _U64(_BASE)
        value >>= _U64(64 - BITS)
        cuts = np.cumsum([0, *sizes]).tolist()
        return [value[one:two] for one, two in pairwise(cuts)]

    def whole(self) -> Spans:
        """Each row that has texts, by its number."""
        rows = (self.first[1:] > self.first[:-1]).nonzero()[0]
        begin, last = self.first.take(rows), self.first.take(rows + 1) - 1
        return Spans(self.starts.take(begin), self.ends.take(last), _TEXT, rows)

    def alone(self) -> Spans:
        """Each text that counts alone, by its number."""
        words = self.sizes
        if len(self.letters) and int(self.letters.max()) >= UNSPACED[0][0]:
            letters = np.zeros(len(self.letters) + 1, np.int64)
            for low, high in UNSPACED:
                letters[1:] += (self.letters >= low) & (self.letters <= high)
            letters.cumsum(out=letters)
            unspaced = letters.take(self.ends) - letters.take(self.starts)
            words = words + unspaced // UNSPACED_WORD
        parts = (words >= MIN_ALONE).nonzero()[0]
        return Spans(self.starts.take(parts), self.ends.take(parts), _TEXT, parts)

    def grams(self) -> Spans:
        """Each run of eight words of one text, by the word that it begins with."""
        at = np.arange(max(0, len(self.words) - GRAM + 1))
        if len(self.lengths) > 1:
            at = at[self.part_of_word.take(at) == self.part_of_word.take(at + GRAM - 1)]
        return Spans(self.words.take(at), self.word_ends.take(at + GRAM - 1), _GRAM, at)

    def runs(self, length: int) -> Spans:
        """Each run of so many letters of one text."""
        at = np.arange(max(0, len(self.letters) - length + 1))
        if len(self.lengths) > 1:
            ends = np.repeat(self.ends, self.lengths + 1)[: len(at)]
            at = at[at + length <= ends]
        return Spans(at, at + length, _LETTER_RUN, at)

    def pairs(self) -> Spans:
        """Each pair of neighbouring words of one text."""
        at = (self.part_of_word[1:] == self.part_of_word[:-1]).nonzero()[0]
        begin = self.words.take(at)
        return Spans(begin, self.word_ends.take(at + 1), _PAIR, begin)

    def is_entered(self, keys: Keys, rows: Places, more: float) -> NDArray[np.bool_]:
        """Which runs are looked at: of long rows a part that their hashes choose.

        A candidate looks at `more` of its own than of a row are entered: it may be longer.
        """
        counts = np.bincount(rows, minlength=len(self.first) - 1)
        limits = np.minimum((LONG << 16) / np.maximum(counts, 1) * more, 1 << 16)
        entered: NDArray[np.bool_] = (keys & _U64(0xFFFF)) < limits.take(rows)
        return entered

    def bags(self) -> NDArray[np.uint8]:
        """How often letters of each place stand in each row; shape (rows, 16)."""
        parts = np.repeat(np.arange(len(self.ends)), self.lengths + 1)[: len(self.letters)]
        rows = np.searchsorted(self.first, parts, "right") - 1
        letters = np.where(self.letters == 10, 32, self.letters).astype(np.intp)
        size = (len(self.first) - 1) * BAG
        counts = np.bincount(rows * BAG + letters % BAG, minlength=size)
        return np.minimum(counts, 255).astype(np.uint8).reshape(-1, BAG)

    def row_of(self, at: Places) -> Places:
        """The rows in which letters stand."""
        parts = np.searchsorted(self.starts, at, "right") - 1
        return np.searchsorted(self.first, parts, "right") - 1


_known_powers: tuple[Keys, Keys] = np.ones(1, _U64), np.ones(1, _U64)


def _powers(size: int) -> tuple[Keys, Keys]:
    """The powers of the base, and those of its inverse, modulo 2 ** 64."""
    global _known_powers
    if len(_known_powers[0]) < size:
        room = max(1 << 12, 1 << (size - 1).bit_length())
        pair = []
        for base in (_BASE, pow(_BASE, -1, 1 << 64)):
            powers = np.full(room, base, _U64)
            powers[0] = 1
            pair.append(np.cumprod(powers, dtype=_U64))
        _known_powers = pair[0], pair[1]
    return _known_powers[0][:size], _known_powers[1]
