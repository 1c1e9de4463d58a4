"""Self-BLEU: how much of each text the others say already.

Zhu et al. (Texygen, arXiv:1802.01886): the BLEU of each text with all others
as its references. BLEU is as sacrebleu's `sentence_bleu` computes it: four
orders or as many as the text has, zero counts smoothed by halving.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

ORDERS = 4


def self_bleu(texts: Sequence[str]) -> list[float]:
    """Return the BLEU of each encoded text against all others, from 0 to 1."""
    counted = [[_grams(text, n) for n in range(1, ORDERS + 1)] for text in texts]
    highest = [_two_highest([grams[n] for grams in counted]) for n in range(ORDERS)]
    lengths = Counter(len(text) for text in texts)
    scores = []
    for text, grams in zip(texts, counted, strict=True):
        matched = [
            sum(min(count, _others(highest[n], gram, count)) for gram, count in grams[n].items())
            for n in range(ORDERS)
        ]
        totals = [max(len(text) - n, 0) for n in range(ORDERS)]
        scores.append(_bleu(matched, totals, len(text), _closest(lengths, len(text))))
    return scores


def _grams(text: str, n: int) -> Counter[str]:
    return Counter(text[at : at + n] for at in range(len(text) - n + 1))


def _two_highest(
    counters: Sequence[Counter[str]],
) -> dict[str, tuple[int, int]]:
    """Return each n-gram's highest count in one text, and the next one."""
    highest: dict[str, tuple[int, int]] = {}
    for counter in counters:
        for gram, count in counter.items():
            first, second = highest.get(gram, (0, 0))
            if count > first:
                highest[gram] = (count, first)
            elif count > second:
                highest[gram] = (first, count)
    return highest


def _others(highest: dict[str, tuple[int, int]], gram: str, own: int) -> int:
    """The highest count in the other texts: where the own one is the highest, the next."""
    first, second = highest[gram]
    return second if own == first else first


def _closest(lengths: Counter[int], own: int) -> int:
    """The length nearest to the own one among the others, the shorter of two."""
    others = [length for length, texts in lengths.items() if texts > (length == own)]
    return min(others, key=lambda length: (abs(length - own), length), default=0)


def _bleu(matched: Sequence[int], totals: Sequence[int], length: int, reference: int) -> float:
    if not any(matched):
        return 0.0
    logs, halved = [], 1.0
    for hits, total in zip(matched, totals, strict=True):
        if not total:
            break
        if hits:
            logs.append(math.log(hits / total))
        else:
            halved *= 2
            logs.append(math.log(1 / (halved * total)))
    brevity = min(0.0, 1 - reference / length)
    return math.exp(brevity + sum(logs) / len(logs))
