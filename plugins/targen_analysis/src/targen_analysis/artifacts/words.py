"""Words that go with a label."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from targen_analysis.lexical.words import split

_RAREST = 10
"""The fewest rows with a word."""


@dataclass(frozen=True, slots=True)
class LabelWord:
    """A word of a field that occurs with a label more often than by chance.

    Attributes:
        pmi: log2 of how much more often, with 100 added to each count as
            Gururangan et al. do (arXiv:1803.02324).
        z: standard deviations from the label's own share (Gardner et al., arXiv:2104.08646).
    """

    field: str
    word: str
    label: str
    rows: int
    share: float
    pmi: float
    z: float


def label_words(
    texts: Sequence[tuple[str, ...]], fields: Sequence[str], labels: Sequence[str]
) -> list[LabelWord]:
    """The words beyond chance, the strongest first.

    Beyond chance: z passes the one-sided 5% level, divided by how many words
    and labels were tried (Bonferroni).
    """
    rows = Counter(labels)
    total = len(labels)
    having: Counter[tuple[int, str]] = Counter()
    with_label: Counter[tuple[int, str, str]] = Counter()
    for row, label in zip(texts, labels, strict=True):
        for at, text in enumerate(row):
            for word in set(split(text)):
                having[at, word] += 1
                with_label[at, word, label] += 1
    tried = [key for key, count in having.items() if _RAREST <= count < total]
    if not tried or len(rows) < 2:
        return []
    threshold = NormalDist().inv_cdf(1 - 0.05 / (len(tried) * len(rows)))
    words = []
    for at, word in tried:
        count = having[at, word]
        for label, of in rows.items():
            chance, both = of / total, with_label[at, word, label]
            z = (both / count - chance) / math.sqrt(chance * (1 - chance) / count)
            if z >= threshold:
                pmi = _pmi(both, count, of, total, len(rows))
                words.append(LabelWord(fields[at], word, label, count, both / count, pmi, z))
    return sorted(words, key=lambda sign: (-sign.z, sign.field, sign.word))


def _pmi(both: int, count: int, of: int, total: int, labels: int) -> float:
    added = 100
    joint = both + added
    return math.log2(joint * (total + added * labels) / ((count + added * labels) * (of + added)))
