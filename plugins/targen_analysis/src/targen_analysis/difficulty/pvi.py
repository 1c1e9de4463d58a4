"""Pointwise V-information, from two models' predictions for rows that neither has seen.

Ethayarajh et al., arXiv:2110.08420. All logarithms are of base 2, so all is in bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from targen_analysis import statistics

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DOUBT = -1.0
"""PVI at and below which a label is in doubt: the input halves its probability or worse."""


def of_gold(logs: Floats, gold: Ints) -> Floats:
    """Return the logarithm of each row's own label; (…, rows, labels) gives (…, rows)."""
    return np.take_along_axis(
        logs, np.broadcast_to(gold[:, None], (*logs.shape[:-1], 1)), axis=-1
    ).squeeze(-1)


def best_epoch(logs: Floats, gold: Ints) -> int:
    """The epoch in which the labels of rows not seen cost the fewest bits, the first of equals.

    V-information is of the best model of a family: one that is trained on past
    its best gives less than there is.

    Args:
        logs: log2 probabilities, shape (epochs, rows, labels).
        gold: the rows' labels, shape (rows,).
    """
    return int(np.argmax(of_gold(logs, gold).mean(axis=1)))


def pointwise(with_input: Floats, without_input: Floats, gold: Ints) -> Floats:
    """PVI(x -> y) = -log2 g'[∅](y) + log2 g[x](y), shape (rows,).

    Args:
        with_input: log2 probabilities by the model that reads the input, shape (rows, labels).
        without_input: those by the model whose input is empty.
        gold: the rows' labels, shape (rows,).
    """
    return of_gold(with_input, gold) - of_gold(without_input, gold)


def entropy(labels: Sequence[Hashable]) -> float:
    """Bits of a label, by the labels' shares."""
    return statistics.entropy(np.array(list(Counter(labels).values())))


def suspects(pvi: Floats, with_input: Floats, gold: Ints) -> list[int]:
    """Rows whose label the model doubts, the most doubtful first.

    Those with a PVI of `DOUBT` or less where another label has at least half of
    the probability.
    """
    other = with_input.argmax(axis=1)
    doubtful = (pvi <= DOUBT) & (other != gold) & (with_input.max(axis=1) >= -1)
    rows = np.flatnonzero(doubtful)
    return [int(row) for row in rows[np.argsort(pvi[rows], kind="stable")]]
