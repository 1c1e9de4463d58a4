"""Which rows a model learns from, and which it is asked about."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["folds_of"]


def folds_of(
    groups: Sequence[Hashable], labels: Sequence[str], *, count: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each row: a group in one, and of each label about as many rows in each.

    Args:
        groups: of each row, what it shares with the rows that must stay with it.
        labels: of each row, its label.
        count: how many folds.
        seed: decides which groups go where.

    Returns:
        Numbers from 0 to `count` - 1, shape (rows,).
    """
    members: dict[Hashable, list[int]] = {}
    for at, group in enumerate(groups):
        members.setdefault(group, []).append(at)
    whole = list(members.values())
    random.Random(seed).shuffle(whole)
    filled = {label: [0] * count for label in labels}
    folds = np.zeros(len(labels), dtype=np.int64)
    for rows in sorted(whole, key=len, reverse=True):
        mine = Counter(labels[at] for at in rows)
        # The fold where the group's own labels are fewest, the first of equals.
        crowded = [sum(n * filled[name][at] for name, n in mine.items()) for at in range(count)]
        fold = crowded.index(min(crowded))
        folds[rows] = fold
        for name, n in mine.items():
            filled[name][fold] += n
    return folds
