"""Decisions as numbers: TF-IDF of words and word pairs, or the vectors of an embedder.

Each text of a decision has features of its own: a word in a premise differs from the same word in a
hypothesis. Further columns have, for each pair of texts, the shares of the words of one that the
other has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.tasks.words import UNSPACED, UNSPACED_LETTER, word_of
from targen_standard.embedding import Embedder, Encode
from targen_training.trainers import Decision

_LETTERS = word_of(rf"\W{UNSPACED}")
_WORD = re.compile(rf"{UNSPACED_LETTER}|{_LETTERS}(?:'{_LETTERS})?")

Known = dict[str, tuple[dict[str, int], Any]]
"""Field -> its n-grams with their columns, and their idf."""


def fields_of(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The names of the texts of decisions, each once."""
    return tuple(dict.fromkeys(field for decision in decisions for field in decision.texts))


def _grams(text: str) -> list[str]:
    words = _WORD.findall(text.casefold())
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def _split(texts: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a function that splits each text once: options of a question share a passage."""
    return {text: _grams(text) for text in set(texts)}.__getitem__


class Features:
    """Texts as numbers: TF-IDF by field, and what two fields share.

    Attributes:
        fields: the names of the texts.
        known: of each field that has any, its n-grams with their columns, and their idf.
    """

    def __init__(self, fields: Sequence[str], known: Known) -> None:
        """Features that were learned before."""
        self.fields = tuple(fields)
        self.known = known

    @classmethod
    def learn(
        cls, decisions: Sequence[Decision], *, min_rows: int = 2, max_features: int = 50_000
    ) -> Features:
        """The features that decisions have.

        Args:
            decisions: what is to be learned.
            min_rows: rows that an n-gram must occur in.
            max_features: n-grams of each text, the commonest.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        fields = fields_of(decisions)
        known: Known = {}
        for field in fields:
            texts = [decision.texts.get(field, "") for decision in decisions]
            counted = TfidfVectorizer(
                analyzer=_split(texts),
                min_df=min_rows,
                max_features=max_features,
                sublinear_tf=True,
            )
            try:
                counted.fit(texts)
            except ValueError:
                continue  # no n-gram occurs in so many rows
            words = {word: at for at, word in enumerate(counted.get_feature_names_out())}
            known[field] = words, counted.idf_.astype(np.float64)
        return cls(fields, known)

    def of(self, decisions: Sequence[Decision]) -> Any:
        """A sparse matrix (CSR), a line a decision; the column behind the n-grams is 1."""
        from scipy.sparse import csr_matrix, hstack

        parts: list[Any] = [
            self._tfidf(words, idf, [decision.texts.get(field, "") for decision in decisions])
            for field, (words, idf) in self.known.items()
        ]
        shared = [_shared(decision, self.fields) for decision in decisions]
        return hstack([*parts, csr_matrix(np.array(shared, dtype=np.float64))], format="csr")

    @staticmethod
    def _tfidf(words: dict[str, int], idf: NDArray[np.float64], texts: Sequence[str]) -> Any:
        """As `TfidfVectorizer` does with `sublinear_tf`, whose package takes 150 MB to import."""
        from scipy.sparse import csr_matrix

        split = _split(texts)
        counts = [
            Counter(at for gram in split(text) if (at := words.get(gram)) is not None)
            for text in texts
        ]
        places = np.array([at for each in counts for at in each], dtype=np.int64)
        ends = np.cumsum([0, *map(len, counts)])
        values = np.array([count for each in counts for count in each.values()], dtype=np.float64)
        values = (1 + np.log(values)) * idf[places]
        rows = np.repeat(np.arange(len(texts)), np.diff(ends))
        norms = np.sqrt(np.bincount(rows, values**2, len(texts)))
        return csr_matrix((values / norms[rows], places, ends), shape=(len(texts), len(words)))


def _shared(decision: Decision, fields: Sequence[str]) -> list[float]:
    """1, and of each pair of texts how much of the one's words the other has, both ways."""
    words = [set(_WORD.findall(decision.texts.get(field, "").casefold())) for field in fields]
    shares = [1.0]
    for one, two in combinations(words, 2):
        common = len(one & two)
        shares += [common / max(1, len(one)), common / max(1, len(two))]
    return shares


def embedder_of(name: str, registry: Registry | None = None) -> tuple[str, Encode]:
    """Return the id of an embedder, and a function that embeds a text.

    Raises:
        UnknownName: the embedder is unknown.
        UsageError: it lacks something.
    """
    registry = load_registry() if registry is None else registry
    item = registry.find("embedder", name)
    embedder: Embedder = registry.resolve(item)
    return item.id, _remembering(embedder)


@lru_cache(maxsize=4)
def _remembering(embedder: Embedder) -> Encode:
    """Embed each text once in a process: comparisons learn from the same rows many times."""
    return cache(embedder.open())


class Vectors:
    """Texts as the vectors of an embedder."""

    def __init__(self, fields: Sequence[str], encode: Encode) -> None:
        """The texts of these names, by that embedder."""
        self.fields = tuple(fields)
        self._encode = encode

    def of(
        self, decisions: Sequence[Decision], watch: Callable[[int, int], None] = lambda _a, _b: None
    ) -> NDArray[np.float64]:
        """Return a line per decision: the vectors of its texts, one after the other.

        For a pair also their difference and product, as in Conneau et al. (2017, arXiv:1705.02364).

        Args:
            decisions: what is read.
            watch: called with the number of decisions read, and their total.
        """
        lines = []
        for number, decision in enumerate(decisions, 1):
            texts = [decision.texts.get(field, "") for field in self.fields]
            parts = [np.asarray(self._encode(text), dtype=np.float64) for text in texts]
            if len(parts) == 2:
                parts += [abs(parts[0] - parts[1]), parts[0] * parts[1]]
            lines.append(np.concatenate(parts))
            watch(number, len(decisions))
        return np.array(lines)
