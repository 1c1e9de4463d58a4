"""The named entities of a dataset's rows, as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.bias.divergence import Part
from targen_analysis.lexical.words import split

Entities = Sequence[tuple[str, str]]
Numbers = NDArray[np.int64]

_ARTICLES = ("the ", "a ", "an ")
_POSSESSIVES = ("'s", "’s")


@dataclass(frozen=True, slots=True)
class Mentions:
    """The entities in some rows. A repeated text counts only in its first row.

    Attributes:
        words: of each row, shape (rows,).
        named: rows with an entity, repeated texts included.
        row: of each mention its row, shape (mentions,).
        type: of each mention its type.
        entity: of each mention its entity, by which two mentions are the same.
        spelling: type and entity -> how often it is spelt how.
    """

    words: Numbers
    named: int
    row: Numbers
    type: NDArray[np.str_]
    entity: NDArray[np.str_]
    spelling: Mapping[tuple[str, str], Counter[str]]

    def __len__(self) -> int:
        return len(self.row)

    def counts(self, types: Sequence[str]) -> Numbers:
        """Mentions by row and type, shape (rows, types)."""
        counts = np.zeros((len(self.words), len(types)), dtype=np.int64)
        for at, name in enumerate(types):
            np.add.at(counts[:, at], self.row[self.type == name], 1)
        return counts

    def kinds(self, numbers: dict[str, int], of: str = "") -> Part:
        """The types of all mentions, or the entities of one type, as numbers.

        New ones get the next numbers.
        """
        chosen = self.type == of if of else np.ones(len(self), dtype=bool)
        values = (self.entity if of else self.type)[chosen].tolist()
        kind = [numbers.setdefault(value, len(numbers)) for value in values]
        return Part(self.row[chosen], np.array(kind, dtype=np.int64))

    def top(self, of: str, limit: int) -> list[tuple[str, float]]:
        """Return a type's most frequent entities, in their usual spelling, with their shares."""
        counts = Counter(self.entity[self.type == of].tolist())
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        total = counts.total()
        return [(_mostly(self.spelling[of, name]), count / total) for name, count in ranked]


def texts_of(row: Sequence[str]) -> list[str]:
    """Return the different texts of a row, without those inside another, such as spans."""
    texts = [text for text in dict.fromkeys(row) if text.strip()]
    return [text for text in texts if not any(text in other for other in texts if other != text)]


def mentions(rows: Sequence[Sequence[str]], known: Mapping[str, Entities]) -> Mentions:
    """The mentions of rows of texts.

    Args:
        rows: the texts of each row.
        known: the entities of each text.
    """
    words = np.zeros(len(rows), dtype=np.int64)
    spelling: dict[tuple[str, str], Counter[str]] = {}
    places: list[int] = []
    types: list[str] = []
    names: list[str] = []
    seen: set[str] = set()
    for at, texts in enumerate(rows):
        for text in texts:
            if text in seen:
                continue
            seen.add(text)
            words[at] += len(split(text))
            for kind, spelled in known[text]:
                shown = _bare(spelled)
                name = shown.casefold()
                places.append(at)
                types.append(kind)
                names.append(name)
                spelling.setdefault((kind, name), Counter())[shown] += 1
    return Mentions(
        words=words,
        named=sum(any(known[text] for text in texts) for texts in rows),
        row=np.array(places, dtype=np.int64),
        type=np.array(types, dtype=np.str_),
        entity=np.array(names, dtype=np.str_),
        spelling=spelling,
    )


def _bare(spelled: str) -> str:
    """An entity on one line, without its article and without 's."""
    line = " ".join(spelled.split())
    for end in _POSSESSIVES:
        line = line.removesuffix(end)
    for article in _ARTICLES:
        if line.lower().startswith(article):
            return line[len(article) :]
    return line


def _mostly(spelled: Counter[str]) -> str:
    return min(spelled, key=lambda form: (-spelled[form], form))
