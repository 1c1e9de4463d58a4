"""A dataset's words as one array, so that a resample of its rows is a gather and a count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from targen_analysis.metrics import Corpus
from targen_core.tasks.letters import PER_DENSE, UNSPACED, UNSPACED_LETTER, word_of

LONGEST = 4
"""The longest n-grams that are counted."""

_LETTERS = word_of(rf"\W_{UNSPACED}")
_UNSPACED = re.compile(UNSPACED_LETTER)
_WORD = re.compile(rf"{UNSPACED_LETTER}|{_LETTERS}(?:'{_LETTERS})*")

# Vowel signs and stretched letters of Arabic, which most texts leave out.
_OPTIONAL = re.compile("[\u0640\u064b-\u0652\u0670]")
_DOTTED = "i\u0307"  # what Python makes of the Turkish capital İ
_DOTLESS = str.maketrans("\u0131", "i")

Ids = NDArray[np.int64]


def split(text: str) -> list[str]:
    """The words of a text: letters and digits, an apostrophe inside them, in lower case.

    Each letter of a script without spaces between words is a word. The form of apostrophes, how
    letters are composed, and Arabic vowel signs do not count.
    """
    plain = text.lower()
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain).replace(_DOTTED, "i").replace("’", "'")
        plain = _OPTIONAL.sub("", plain)
    return _WORD.findall(plain)


def folded(text: str) -> tuple[str, ...]:
    """The words of a text such that two which differ only in case are equal.

    The Turkish i without a dot counts as one with a dot: `I` may be the capital of either.
    """
    return tuple(word.casefold().translate(_DOTLESS) for word in split(text))


def is_unspaced(text: str) -> bool:
    """Return whether most of a text is in scripts without spaces between words.

    A letter of theirs is worth several of others, such as of a product's name.
    """
    return (1 + PER_DENSE) * len(_UNSPACED.findall(text)) > sum(map(str.isalpha, text))


def unit_of(*corpora: Sequence[tuple[str, ...]]) -> str:
    """Return the units that `split` counts in most of these texts: "words" or "characters"."""
    rows = [is_unspaced("\n".join(row)) for texts in corpora for row in texts]
    return "characters" if 2 * sum(rows) > len(rows) else "words"


class Words:
    """The words of rows, in order, as numbers.

    Attributes:
        ids: the word at each place, shape (words,).
        starts: where each row begins, and the end of the last, shape (rows + 1,).
        left: words from each place to the end of its field, itself included:
            an n-gram does not reach from one field into the next.
        types: how many different words there are.
    """

    def __init__(self, ids: Ids, starts: Ids, left: Ids, types: int) -> None:
        self.ids = ids
        self.starts = starts
        self.left = left
        self.types = types

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Ids:
        """Words of each row."""
        return np.diff(self.starts)

    @cached_property
    def grams(self) -> list[tuple[NDArray[np.int32], int]]:
        """For n from 1 to `LONGEST` the n-gram at each place, and how many there are.

        An n-gram is a number, -1 where the field ends before it does.
        """
        by_length = [(self.ids.astype(np.int32), self.types)]
        for n in range(2, LONGEST + 1):
            shorter, _ = by_length[-1]
            whole = np.flatnonzero(self.left >= n)
            codes = shorter[whole].astype(np.int64) * self.types + self.ids[whole + n - 1]
            kinds, numbers = np.unique(codes, return_inverse=True)
            ids = np.full(len(self.ids), -1, dtype=np.int32)
            ids[whole] = numbers
            by_length.append((ids, len(kinds)))
        return by_length

    @cached_property
    def own_bigrams(self) -> Ids:
        """Different bigrams within each row."""
        grams, kinds = self.grams[1]
        rows = np.repeat(np.arange(len(self)), self.lengths)
        there = grams >= 0
        pairs = np.unique(rows[there] * max(kinds, 1) + grams[there])
        return np.bincount(pairs // max(kinds, 1), minlength=len(self))

    def places(self, rows: Ids) -> Ids:
        """Places of the words of some rows, row after row."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        return np.repeat(self.starts[rows] - (ends - lengths), lengths) + np.arange(total)

    def sequence(self, rows: Ids) -> Ids:
        """The words of some rows, row after row."""
        return self.ids[self.places(rows)]

    def row(self, at: int) -> Ids:
        """The words of one row."""
        return self.ids[self.starts[at] : self.starts[at + 1]]


def words_of(*corpora: Corpus) -> list[Words]:
    """The words of datasets; the same word has the same number in all."""
    numbers: dict[str, int] = {}
    counted = [_count(corpus.texts, numbers) for corpus in corpora]
    return [Words(*arrays, types=len(numbers)) for arrays in counted]


def _count(texts: Sequence[tuple[str, ...]], numbers: dict[str, int]) -> tuple[Ids, Ids, Ids]:
    ids: list[Ids] = []
    fields: list[int] = []
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    for at, row in enumerate(texts):
        total = 0
        for text in row:
            words = split(text)
            ids.append(
                np.fromiter(
                    (numbers.setdefault(word, len(numbers)) for word in words),
                    dtype=np.int64,
                    count=len(words),
                )
            )
            fields.append(len(words))
            total += len(words)
        starts[at + 1] = starts[at] + total
    sizes = np.array(fields, dtype=np.int64)
    ends = np.repeat(np.cumsum(sizes), sizes)
    whole = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    return whole, starts, ends - np.arange(len(whole))
