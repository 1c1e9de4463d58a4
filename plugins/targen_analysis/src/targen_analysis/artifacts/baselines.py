"""Classifiers that see less than the task asks for, cross-validated.

A hypothesis by itself should not give away whether it follows (Gururangan et al., arXiv:1803.02324;
Poliak et al., arXiv:1805.01042). Features are word n-grams for texts, numbers for lengths, overlap
and places, words for kinds; the classifiers are small.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.artifacts.sample import Sample
from targen_analysis.learning import COPY, folds_of, join_features, join_groups, word_features
from targen_analysis.lexical.words import split
from targen_analysis.statistics import Z
from targen_core.cli.findings import Estimate

ALL = "all fields"
"""The name of a whole decision."""

Numbers = Mapping[str, NDArray[np.float64]]
"""Property -> its value for each decision, shape (decisions,)."""

_MAX_FIELDS = 4
_MIN_DECISIONS = 10  # with the rarest label, and groups of them, to measure
_FOLDS = 5


def numbers_of(sample: Sample) -> dict[str, Numbers]:
    """Return lengths of the texts, and for each two of them the words that they share, by name."""
    known = {text: split(text) for row in sample.texts for text in row}
    words = [[known[text] for text in row] for row in sample.texts]
    lengths = {
        f"words of {field}": np.array([len(row[at]) for row in words], dtype=float)
        for at, field in enumerate(sample.fields)
    }
    numbers: dict[str, Numbers] = {f"length of {ALL}": lengths}
    # A text of one word has no part to share.
    longer = [at for at, counts in enumerate(lengths.values()) if counts.max(initial=0) > 1]
    for pair in combinations(longer, 2):
        if {*pair} & {*sample.telling}:
            one, other = (sample.fields[at] for at in pair)
            numbers[f"overlap of {one} and {other}"] = {
                f"share of {sample.fields[a]} words that are also in {sample.fields[b]}": np.array(
                    [_shared(row[a], row[b]) for row in words]
                )
                for a, b in (pair, pair[::-1])
            }
    return numbers


def _shared(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of the different words of one that the other has."""
    kinds = set(one)
    return len(kinds & set(other)) / len(kinds) if kinds else 0.0


def baselines(sample: Sample, properties: Mapping[str, Numbers], seed: int) -> dict[str, Estimate]:
    """Return the balanced accuracy from each part and property of the decisions, by name.

    An accuracy has no value if a label has too few decisions. Decisions of one seed, those that
    share a premise, and those whose seen texts are the same, are never on both sides of a fold. The
    rarity of n-grams, which reveals no label, is counted on all decisions.
    """
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.svm import LinearSVC
    from sklearn.tree import DecisionTreeClassifier

    whole = tuple(range(len(sample.fields)))
    division = _divided(sample, whole, seed)
    tree = DecisionTreeClassifier(
        max_depth=3, min_samples_leaf=10, class_weight="balanced", random_state=0
    )
    scores = {}
    for name, values in sample.cues.items():
        if isinstance(values[0], str):
            # Naive Bayes with equal priors predicts the label that has the largest share of a word.
            words = OneHotEncoder().fit_transform([[value] for value in values])
            scores[name] = _score(MultinomialNB(fit_prior=False), words, sample, division)
        else:
            scores[name] = _score(tree, np.array(values, dtype=float), sample, division)
    for name, numbers in properties.items():
        scores[name] = _score(tree, np.column_stack(list(numbers.values())), sample, division)
    grams = [word_features(texts) for texts in zip(*sample.texts, strict=True)]
    # Dual coordinate descent ends where logistic regression by gradients crawls: rows are long and
    # features many.
    linear = LinearSVC(C=0.3, class_weight="balanced", dual=True, random_state=0, max_iter=5000)
    for seen in _subsets(whole):
        if not {*sample.telling}.isdisjoint(seen):
            name = ALL if seen == whole else " + ".join(sample.fields[at] for at in seen) + " alone"
            own = division if seen == whole else _divided(sample, seen, seed)
            scores[name] = _score(linear, join_features(grams[at] for at in seen), sample, own)
    return scores


def _subsets(whole: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the fields that a classifier sees: each, several, all; of many, each and all."""
    if len(whole) > _MAX_FIELDS:
        return [*((at,) for at in whole), whole]
    return [part for size in range(1, len(whole) + 1) for part in combinations(whole, size)]


@dataclass(frozen=True, slots=True)
class _Division:
    """The group of each decision, and its fold, which is that of its group."""

    groups: NDArray[np.int64]
    folds: NDArray[np.int64]


def _divided(sample: Sample, seen: Sequence[int], seed: int) -> _Division | None:
    """Divide the decisions for a classifier that sees these fields; None if they are too few."""
    often = Counter(sample.labels)
    if len(often) < 2 or min(often.values()) < _MIN_DECISIONS:
        return None
    keys: list[list[Hashable]] = []
    for group, row in zip(sample.groups, sample.texts, strict=True):
        shown = tuple(row[at] for at in seen)
        copied = sum(len(split(text)) for text in shown) >= COPY
        keys.append([group, shown] if copied else [group])
    groups = join_groups(keys)
    if len(np.unique(groups)) < _MIN_DECISIONS:
        return None
    folds = folds_of(groups, sample.labels, count=_FOLDS, seed=seed)
    truth = np.array(sample.labels)
    if any(len(np.unique(truth[folds != fold])) < len(often) for fold in range(_FOLDS)):
        return None
    return _Division(groups, folds) if len(np.unique(folds)) == _FOLDS else None


def _score(model: Any, inputs: Any, sample: Sample, division: _Division | None) -> Estimate:
    """Return the mean recall of the labels; decisions of a group count once for its error."""
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    if division is None or inputs is None:
        return Estimate(None)
    truth = np.array(sample.labels)
    right = cross_val_predict(model, inputs, truth, cv=PredefinedSplit(division.folds)) == truth
    names, at = np.unique(truth, return_inverse=True)
    often = np.bincount(at)
    recalls = np.bincount(at, right) / often
    score = float(recalls.mean())
    away = np.bincount(division.groups, (right - recalls[at]) / often[at] / len(names))
    half = Z * math.sqrt(float((away**2).sum()))
    return Estimate(score, max(0.0, score - half), min(1.0, score + half))
