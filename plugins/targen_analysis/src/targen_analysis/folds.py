"""Choose the rows that a model learns from, and those that it is tested on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.lexical.words import split
from targen_analysis.metrics import Corpus
from targen_core import load

COPY = 4
"""Words from which on a text that occurs again is a copy. A shorter one, such as
"No" or a name, recurs by itself."""

_PHRASE = 0.1  # of the rows: a text of more of them is a form of words, not somebody's premise
_FEW = 20  # rows that may share a text in any dataset


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


def groups_of(corpus: Corpus) -> NDArray[np.int64]:
    """Number the groups of rows that are not independent draws, shape (rows,).

    Rows of one seed, or in the manner of one example, are a group. So are rows that share a text of
    `COPY` words or more, such as a premise, and rows of one instance of the task. Only a run
    records the seeds of its rows.
    """
    together = corpus.task.rows_per_instance if corpus.task is not None else 1
    keys: list[list[Hashable]] = [[("instance", at // together)] for at in range(len(corpus))]
    for at, seed in _seeds(corpus).items():
        keys[at].append(("seed", seed))
    often = Counter(text for row in corpus.texts for text in {*row})
    most = max(_FEW, round(_PHRASE * len(corpus)))
    long = {text for text, n in often.items() if 1 < n <= most and len(split(text[:400])) >= COPY}
    for row, own in zip(corpus.texts, keys, strict=True):
        own += [("text", text) for text in row if text in long]
    return joined(keys)


def _seeds(corpus: Corpus) -> dict[int, str]:
    """The place of each row whose seed is known -> its seed, by the provenance of its run."""
    if corpus.run is None:
        return {}
    seed_of: dict[int, str] = {}
    for record in load(corpus.run).provenance:
        first, rows = record.get("idx"), record.get("rows", 1)
        if isinstance(first, int) and isinstance(rows, int):
            seed_of.update(dict.fromkeys(range(first, first + rows), _seed(record)))
    places = ((at, row.get("idx")) for at, row in enumerate(corpus.rows))
    return {at: seed_of[idx] for at, idx in places if isinstance(idx, int) and idx in seed_of}


def _seed(record: Mapping[str, Any]) -> str:
    """The place of a candidate's seed, from its name such as `0.3/entailment/0`.

    For merged rows, it includes their run.
    """
    return f"{record.get('run', '')} {str(record.get('id', '')).partition('/')[0]}"


def joined(keys: Iterable[Iterable[Hashable]]) -> NDArray[np.int64]:
    """Number the groups of rows that share a key, directly or by way of others, from 0."""
    parent: dict[Hashable, Hashable] = {}

    def root(key: Hashable) -> Hashable:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    first: list[Hashable] = []
    for at, own in enumerate(keys):
        first.append(("row", at))
        for key in own:
            parent[root(key)] = root(first[-1])
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(root(key), len(numbers)) for key in first], np.int64)
