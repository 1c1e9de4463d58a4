"""What small classifiers learn from: features of texts, groups of rows, and folds."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.lexical.words import split
from targen_analysis.metrics import Corpus
from targen_analysis.statistics import random_state
from targen_core import load

COPY = 4
"""Words from which on a text that occurs again is a copy. A shorter one, such as "No" or a name,
recurs by itself."""

_PHRASE = 0.1  # of the rows: a text of more of them is a form of words, not somebody's premise
_FEW = 20  # rows that may share a text in any dataset
_MAX_FEATURES = 20_000


def word_features(texts: Sequence[str]) -> Any:
    """Weight the words and word pairs of texts by TF-IDF, each text of length one.

    Returns:
        A sparse matrix with a line per text; None if no n-gram occurs in two of them.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Options with the same passage belong together, so it is split once.
    grams = {text: _grams(text) for text in set(texts)}
    vectorizer = TfidfVectorizer(
        analyzer=grams.__getitem__, min_df=2, max_features=_MAX_FEATURES, sublinear_tf=True
    )
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:
        return None


def _grams(text: str) -> list[str]:
    words = split(text)
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def join_features(parts: Iterable[Any]) -> Any:
    """Put features side by side; return None without features."""
    from scipy.sparse import hstack

    found = [part for part in parts if part is not None]
    return hstack(found, format="csr") if found else None


def folds_of(
    groups: Sequence[int] | NDArray[np.int64], labels: Sequence[object], *, count: int, seed: int
) -> NDArray[np.int64]:
    """Return the fold of each row, from 0: a group in one, labels spread evenly. Shape (rows,)."""
    from sklearn.model_selection import StratifiedGroupKFold

    numbers = np.unique(np.array(labels), return_inverse=True)[1]
    folds = np.zeros(len(numbers), dtype=np.int64)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=random_state(seed))
    with warnings.catch_warnings():  # of labels with fewer rows than folds
        warnings.simplefilter("ignore")
        for fold, (_, held_out) in enumerate(splitter.split(numbers, numbers, groups)):
            folds[held_out] = fold
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
    return join_groups(keys)


def _seeds(corpus: Corpus) -> dict[int, str]:
    """Return the place of each row whose seed is known -> its seed, by its run's provenance."""
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
    """Return the seed in an id such as `0.3/entailment/0`, with the run of merged rows."""
    return f"{record.get('run', '')} {str(record.get('id', '')).partition('/')[0]}"


def join_groups(keys: Sequence[Iterable[Hashable]]) -> NDArray[np.int64]:
    """Number the groups of rows that share a key, directly or by way of others, from 0."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    numbers: dict[Hashable, int] = {}
    edges = [
        (at, len(keys) + numbers.setdefault(key, len(numbers)))
        for at, own in enumerate(keys)
        for key in own
    ]
    size = len(keys) + len(numbers)
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(edges)), (ends[0], ends[1])), shape=(size, size))
    groups: NDArray[np.int64] = connected_components(graph, directed=False)[1][: len(keys)]
    return groups.astype(np.int64)
