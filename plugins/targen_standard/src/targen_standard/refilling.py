"""The number of rows that a call requests, at first and in place of rejected ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from targen_core.tasks.steps import Llm

_MOST = 2.0  # rows requested for each that a label lacks


def rows_to_request(llm: Llm, before: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return how many rows of each label to request, if rows are rejected as often as before.

    Args:
        llm: of a list with `told_rows`.
        before: the rows of each label that earlier rounds requested.
    """
    have = Counter(map(llm.task.label_of, llm.rows))
    rows = {}
    for label, needed in llm.needed.items():
        requested = sum(each.get(label, 0) for each in before)
        spare = min(_MOST, requested / (have[label] or 1)) if requested else 1.0
        rows[label] = math.ceil(needed * max(1.0, spare))
    return rows
