"""The common part of retrievers: the best of many scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best(scores: NDArray[Any], k: int) -> NDArray[Any]:
    """The places of the `k` highest, the highest first, equals in their order.

    Args:
        scores: shape (n,).
        k: at most so many.
    """
    if k < len(scores):
        threshold = np.partition(scores, -k)[-k]
        chosen = np.flatnonzero(scores >= threshold)
    else:
        chosen = np.arange(len(scores))
    return chosen[np.lexsort((chosen, -scores[chosen]))][:k]
