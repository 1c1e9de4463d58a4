"""Likeness of single rows, by which `targen view` sorts rows and finds neighbours.

The measures are those of an analysis: ROUGE-L as in the metric `repetition`, or the cosine of two
embeddings. The cosine is that of `semantic` and of the filter of `--max-cosine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from targen_analysis.lexical.rouge import WordEncoder, similarities
from targen_analysis.semantic.vectors import unit
from targen_standard.embedding import Encode

Similarities = NDArray[np.float32]

_AT_ONCE = 1000  # vectors that are held in double precision
_MOST = 256  # rows of a step


@dataclass(frozen=True, slots=True)
class Likeness:
    """The likeness of the rows of one list, each with each; a row is its place in the list, from 0.

    Attributes:
        between: some rows, and a range of others -> the similarity of each with each, higher is
            more alike; shape (some, others).
    """

    between: Callable[[Sequence[int], range], Similarities]

    def nearest(self, rows: Sequence[int], among: range) -> Similarities:
        """Return each row's highest similarity with another of a range.

        Returns:
            Shape (rows,); NaN if the range has no other row.
        """
        scores = self._with_others(rows, among)
        best = scores.max(axis=1, initial=-np.inf)
        return np.where(np.isfinite(best), best, np.float32(np.nan))

    def each_nearest(
        self, among: range, pairs: int
    ) -> Iterator[tuple[Sequence[int], Similarities]]:
        """All rows of a range in order, a few at a time, each with `nearest` within it.

        A pair is looked at once, for both of its rows: so it takes half the time.

        Args:
            among: the rows.
            pairs: about how many are compared between two steps.
        """
        best = np.full(len(among), -np.inf, np.float32)
        done = 0
        while done < len(among):
            rest = among[done:]
            some = rest[: min(_MOST, max(1, pairs // len(rest)))]
            scores = self._with_others(some, rest)
            left = best[done:]
            np.maximum(left, scores.max(axis=0), out=left)
            left = left[: len(some)]
            np.maximum(left, scores.max(axis=1), out=left)
            done += len(some)
            yield some, np.where(np.isfinite(left), left, np.float32(np.nan))

    def neighbours(self, row: int, among: range, k: int) -> list[tuple[int, float]]:
        """Return the `k` rows of a range that are most like one, with their likeness.

        Equally alike rows come in their order.
        """
        scores = self._with_others([row], among)[0]
        order = np.argsort(-scores, kind="stable")[:k].tolist()
        return [(among[at], float(scores[at])) for at in order if np.isfinite(scores[at])]

    def _with_others(self, rows: Sequence[int], among: range) -> Similarities:
        """The similarities, a row's with itself being the lowest."""
        scores = self.between(rows, among)
        for at, row in enumerate(rows):
            if row in among:
                scores[at, row - among.start] = -np.inf
        return scores


def by_words(texts: Iterable[str]) -> Likeness:
    """ROUGE-L of the words of two texts, from 0 to 1."""
    strings = WordEncoder().encode_all(texts)

    def between(rows: Sequence[int], among: range) -> Similarities:
        return similarities([strings[row] for row in rows], strings[among.start : among.stop])

    return Likeness(between)


def by_vectors(texts: Iterable[str], encode: Encode) -> Likeness:
    """The cosine of the vectors of two texts, from -1 to 1.

    Args:
        texts: of the rows.
        encode: text -> its vector.
    """
    parts: list[Similarities] = []
    vectors_of = (np.asarray(encode(text), np.float64).ravel() for text in texts)
    while some := list(islice(vectors_of, _AT_ONCE)):
        parts.append(unit(some).astype(np.float32))
    vectors = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    def between(rows: Sequence[int], among: range) -> Similarities:
        return vectors[list(rows)] @ vectors[among.start : among.stop].T

    return Likeness(between)
