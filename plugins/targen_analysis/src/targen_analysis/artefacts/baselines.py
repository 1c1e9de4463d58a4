"""Classifiers that see less than the task asks for, cross-validated.

A hypothesis alone should not give away whether it follows (Gururangan et al.,
arXiv:1803.02324; Poliak et al., arXiv:1805.01042). Features are word n-grams
for texts and numbers for lengths and overlap; the classifiers are small.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.lexical.words import split
from targen_analysis.statistics import Z
from targen_core.metrics.model import Estimate

__all__ = ["number_score", "numbers_of", "subsets", "text_score"]

Texts = Sequence[tuple[str, ...]]

_MOST_FIELDS = 4
_LEAST = 20
"""Rows of the rarest label, and different rows, below which nothing is measured."""

_FOLDS = 5
_MOST_GRAMS = 20_000


def subsets(fields: Sequence[str]) -> list[tuple[int, ...]]:
    """Which fields a classifier sees: each alone, several, all; of many, alone and all."""
    whole = range(len(fields))
    if len(fields) > _MOST_FIELDS:
        return [*((at,) for at in whole), tuple(whole)]
    return [part for size in range(1, len(fields) + 1) for part in combinations(whole, size)]


def text_score(texts: Texts, labels: Sequence[str], seen: tuple[int, ...], seed: int) -> Estimate:
    """Balanced accuracy of logistic regression on word 1- and 2-grams of some fields.

    Rows of the same seen texts are never on both sides of a fold. How rare an
    n-gram is, which no label tells, is counted on all rows.

    Returns:
        The mean recall of the labels, chance being 1 over their number, with its
        normal interval; no value where a label has too few rows.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    shown = [tuple(row[at] for at in seen) for row in texts]
    grams = TfidfVectorizer(analyzer=_grams, min_df=2, max_features=_MOST_GRAMS, sublinear_tf=True)
    try:
        inputs = grams.fit_transform(shown)
    except ValueError:  # no n-gram stands in two rows
        return Estimate(None)
    model = LogisticRegression(C=4.0, class_weight="balanced", max_iter=300, tol=1e-3)
    return _score(model, inputs, shown, labels, seed)


def number_score(values: NDArray[np.float64], labels: Sequence[str], seed: int) -> Estimate:
    """Balanced accuracy of a small decision tree on numbers, shape (rows, numbers)."""
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(
        max_depth=3, min_samples_leaf=10, class_weight="balanced", random_state=0
    )
    # Rows with equal numbers are no copies of each other: each is a group.
    return _score(model, values, range(len(values)), labels, seed)


def _grams(row: tuple[str, ...]) -> Iterator[str]:
    for at, text in enumerate(row):
        words = split(text)
        yield from (f"{at} {word}" for word in words)
        yield from (f"{at} {one} {two}" for one, two in pairwise(words))


def _score(
    model: Any, inputs: Any, groups: Sequence[Hashable], labels: Sequence[str], seed: int
) -> Estimate:
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    often = Counter(labels)
    if len(often) < 2 or min(often.values()) < _LEAST or len(set(groups)) < _LEAST:
        return Estimate(None)
    folds = _folds(groups, labels, seed)
    if any(len({labels[at] for at in np.flatnonzero(folds != fold).tolist()}) < len(often)
           for fold in range(_FOLDS)):  # fmt: skip
        return Estimate(None)
    wanted = np.array(labels)
    right = cross_val_predict(model, inputs, wanted, cv=PredefinedSplit(folds)) == wanted
    recalls = {name: float(right[wanted == name].mean()) for name in often}
    score = float(np.mean(list(recalls.values())))
    variance = sum(r * (1 - r) / often[name] for name, r in recalls.items()) / len(often) ** 2
    half = Z * math.sqrt(variance)
    return Estimate(score, max(0.0, score - half), min(1.0, score + half))


def _folds(groups: Sequence[Hashable], labels: Sequence[str], seed: int) -> NDArray[np.int64]:
    """The fold of each row: a group in one, and of each label about as many rows in each."""
    members: dict[Hashable, list[int]] = {}
    for at, group in enumerate(groups):
        members.setdefault(group, []).append(at)
    whole = list(members.values())
    random.Random(seed).shuffle(whole)
    filled = {label: [0] * _FOLDS for label in labels}
    folds = np.zeros(len(labels), dtype=np.int64)
    for rows in sorted(whole, key=len, reverse=True):
        counts = filled[labels[rows[0]]]
        fold = counts.index(min(counts))
        folds[rows] = fold
        counts[fold] += len(rows)
    return folds


def numbers_of(texts: Texts, fields: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Lengths of the fields, and for each two of them the overlap of their words.

    Returns:
        What it is -> numbers, shape (rows, numbers).
    """
    words = [[split(text) for text in row] for row in texts]
    found = {
        "length of all fields": np.array([[len(w) for w in row] for row in words], dtype=float)
    }
    for one, two in combinations(range(len(fields)), 2):
        found[f"overlap of {fields[one]} and {fields[two]}"] = np.array(
            [[_shared(row[one], row[two]), _shared(row[two], row[one])] for row in words]
        )
    return found


def _shared(one: list[str], other: list[str]) -> float:
    """The share of the different words of one that the other has."""
    kinds = set(one)
    return len(kinds & set(other)) / len(kinds) if kinds else 0.0
