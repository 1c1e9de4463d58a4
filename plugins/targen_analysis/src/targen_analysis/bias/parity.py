"""AX-g's pairs: rows that differ only in a gendered pronoun.

The gender parity score of SuperGLUE is the share of such pairs on which a model gives one answer.
It is by Wang et al. (arXiv:1905.00537), from Winogender (Rudinger et al., arXiv:1804.09301). It is
a model's. Data decide whether the pairs exist, and whether the gold labels agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from targen_analysis.metrics import Corpus
from targen_analysis.statistics import rate
from targen_core.cli.findings import Estimate

_PRONOUN = re.compile(r"\b(?:(he|him|his|himself)|(?:she|her|hers|herself))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a dataset.

    Attributes:
        rows: rows of the dataset.
        pairs: of each pair the row with the male and the row with the female pronoun.
        labelled: pairs with two labelled rows.
        agreeing: those of them whose labels are the same.
    """

    rows: int
    pairs: Sequence[tuple[int, int]]
    labeled: int
    agreeing: int

    @property
    def figures(self) -> dict[str, Estimate]:
        """Shares of rows and of pairs."""
        first = sum(male < female for male, female in self.pairs)
        return {
            "rows in pairs": rate(2 * len(self.pairs), self.rows),
            "pairs of one label": rate(self.agreeing, self.labeled),
            "pairs that begin with the male row": rate(first, len(self.pairs)),
        }


def pairs_of(corpus: Corpus) -> Pairs:
    """Pair rows that are the same except for one pronoun, wherever they are."""
    groups: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for at, texts in enumerate(corpus.texts):
        pronouns = [pronoun for text in texts for pronoun in _PRONOUN.finditer(text)]
        if len(pronouns) != 1:
            continue
        key = tuple(_PRONOUN.sub("_", text) for text in texts)
        males, females = groups.setdefault(key, ([], []))
        (males if pronouns[0][1] else females).append(at)
    # A row that occurs twice has a partner only if that occurs twice as well.
    pairs = [
        pair for males, females in groups.values() for pair in zip(males, females, strict=False)
    ]
    labels = [(corpus.labels[male], corpus.labels[female]) for male, female in pairs]
    labeled = [(one, two) for one, two in labels if one and two]
    return Pairs(len(corpus), pairs, len(labeled), sum(one == two for one, two in labeled))
