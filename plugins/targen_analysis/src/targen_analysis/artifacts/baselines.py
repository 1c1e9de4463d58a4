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

from targen_analysis.artifacts.properties import ALL, Numbers
from targen_analysis.artifacts.sample import Sample
from targen_analysis.folds import COPY, folds_of, joined
from targen_analysis.lexical.grams import beside, weighted
from targen_analysis.lexical.words import split
from targen_analysis.statistics import Z
from targen_core.cli.findings import Estimate
from targen_core.tasks.cases import Cue

ALONE = " alone"
"""The end of the name of a decision's part."""

_MAX_FIELDS = 4
_MIN_DECISIONS = 10
"""The fewest decisions with the rarest label, and groups of them, to measure."""

_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Baseline:
    """The result of a classifier on a sample.

    Attributes:
        kind: what it saw: a "cue", "numbers" of all texts, or "texts".
        score: its balanced accuracy, the mean recall of the labels, with its 95% interval; no
            value if a label has too few decisions.
        labels: of each decision the label that it gave, having learned from others.
    """

    kind: str
    score: Estimate
    labels: NDArray[np.str_] | None = None


def baselines(sample: Sample, properties: Mapping[str, Numbers], seed: int) -> dict[str, Baseline]:
    """Measure how well each part and property of the decisions tells the label, by name.

    Decisions of one seed, those that share a premise, and those whose seen texts are the same, are
    never on both sides of a fold. The rarity of n-grams, which reveals no label, is counted on all
    decisions.
    """
    whole = tuple(range(len(sample.fields)))
    division = _divided(sample, whole, seed)
    scored = {
        name: Baseline("cue", score, labels)
        for name, values in sample.cues.items()
        for score, labels in [_by_cue(sample, values, division)]
    }
    for name, numbers in properties.items():
        values = np.column_stack(list(numbers.values()))
        scored[name] = Baseline("numbers", *_by_numbers(sample, values, division))
    grams = [weighted(texts) for texts in zip(*sample.texts, strict=True)]
    telling = {*sample.telling}
    for seen in subsets(sample.fields):
        if telling.isdisjoint(seen):
            continue
        name = ALL if seen == whole else " + ".join(sample.fields[at] for at in seen) + ALONE
        inputs = beside(grams[at] for at in seen)
        own = division if seen == whole else _divided(sample, seen, seed)
        scored[name] = Baseline("texts", *_by_texts(sample, inputs, own))
    return scored


def subsets(fields: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the sets of fields that a classifier sees: each, several, all; or each and all."""
    whole = range(len(fields))
    if len(fields) > _MAX_FIELDS:
        return [*((at,) for at in whole), tuple(whole)]
    return [part for size in range(1, len(fields) + 1) for part in combinations(whole, size)]


Outcome = tuple[Estimate, "NDArray[np.str_] | None"]


@dataclass(frozen=True, slots=True)
class _Division:
    """The folds of a sample.

    Attributes:
        groups: of each decision, a number that it shares with those of its group.
        folds: of each, its fold, which is that of its group.
    """

    groups: NDArray[np.int64]
    folds: NDArray[np.int64]


def _divided(sample: Sample, seen: Sequence[int], seed: int) -> _Division | None:
    """Divide the decisions for a classifier that sees these fields; None if they are too few."""
    often = Counter(sample.labels)
    if len(often) < 2 or min(often.values()) < _MIN_DECISIONS:
        return None
    groups = _groups(sample, seen)
    if len(set(groups.tolist())) < _MIN_DECISIONS:
        return None
    folds = folds_of(groups.tolist(), sample.labels, count=_FOLDS, seed=seed)
    truth = np.array(sample.labels)
    if any(len(np.unique(truth[folds != fold])) < len(often) for fold in range(_FOLDS)):
        return None
    return _Division(groups, folds)


def _by_texts(sample: Sample, inputs: Any, division: _Division | None) -> Outcome:
    from sklearn.svm import LinearSVC

    if inputs is None:
        return Estimate(None), None
    # Dual coordinate descent ends where logistic regression by gradients crawls: rows are long
    # and features many.
    model = LinearSVC(C=0.3, class_weight="balanced", dual=True, random_state=0, max_iter=5000)
    return _outcome(model, inputs, sample, division)


def _by_numbers(sample: Sample, values: NDArray[np.float64], division: _Division | None) -> Outcome:
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(
        max_depth=3, min_samples_leaf=10, class_weight="balanced", random_state=0
    )
    return _outcome(model, values, sample, division)


def _by_cue(sample: Sample, values: Sequence[Cue], division: _Division | None) -> Outcome:
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.preprocessing import OneHotEncoder

    if not isinstance(values[0], str):
        return _by_numbers(sample, np.array(values, dtype=float), division)
    # Of one word, naive Bayes with equal priors is the label of which it has the largest share.
    model = MultinomialNB(fit_prior=False)
    inputs = OneHotEncoder().fit_transform([[value] for value in values])
    return _outcome(model, inputs, sample, division)


def _outcome(model: Any, inputs: Any, sample: Sample, division: _Division | None) -> Outcome:
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    if division is None:
        return Estimate(None), None
    truth = np.array(sample.labels)
    labels = cross_val_predict(model, inputs, truth, cv=PredefinedSplit(division.folds))
    return _balanced(labels == truth, truth, division.groups), labels


def _groups(sample: Sample, seen: Sequence[int]) -> NDArray[np.int64]:
    """Return for each decision a number that it shares with those of its group."""
    keys: list[list[Hashable]] = []
    for group, row in zip(sample.groups, sample.texts, strict=True):
        shown = tuple(row[at] for at in seen)
        copied = sum(len(split(text)) for text in shown) >= COPY
        keys.append([group, shown] if copied else [group])
    return joined(keys)


def _balanced(
    right: NDArray[np.bool_], truth: NDArray[np.str_], groups: NDArray[np.int64]
) -> Estimate:
    """Mean recall of the labels; decisions of a group count as one draw for its error."""
    names, at = np.unique(truth, return_inverse=True)
    often = np.bincount(at)
    recalls = np.bincount(at, right) / often
    score = float(recalls.mean())
    away = np.bincount(groups, (right - recalls[at]) / often[at] / len(names))
    half = Z * math.sqrt(float((away**2).sum()))
    return Estimate(score, max(0.0, score - half), min(1.0, score + half))


def adds_nothing(mine: Baseline, others: Sequence[Baseline], truth: Sequence[str]) -> bool:
    """Return whether a classifier only repeats what others tell.

    Among the decisions that the others answer alike, its answers then agree with the labels no more
    often than shuffled ones would. The figure z is the agreement beyond that, over all such strata
    together. The variance is that of a linear permutation statistic (Hoeffding, 1951).
    """
    if mine.labels is None or not others:
        return False
    kinds, actual = np.unique(np.array(truth), return_inverse=True)
    said = np.searchsorted(kinds, mine.labels)
    strata: dict[tuple[str, ...], list[int]] = {}
    beyond = variance = 0.0
    for at, answers in enumerate(
        zip(*(o.labels for o in others if o.labels is not None), strict=True)
    ):
        strata.setdefault(answers, []).append(at)
    for rows in strata.values():
        if len(rows) < 2:
            continue
        count = len(rows)
        r = np.bincount(actual[rows], minlength=len(kinds)) / count
        c = np.bincount(said[rows], minlength=len(kinds)) / count
        beyond += float((actual[rows] == said[rows]).sum()) - count * float(r @ c)
        away = np.eye(len(kinds)) - c[:, None] - r[None, :] + r @ c
        variance += count * count / (count - 1) * float(r @ away**2 @ c)
    return beyond < 3 * math.sqrt(variance) if variance else True
