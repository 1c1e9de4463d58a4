"""Classify real and synthetic rows: by words, by form, by vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.differences.sides import Side
from targen_analysis.folds import folds_of
from targen_analysis.lexical.grams import beside, weighted
from targen_analysis.lexical.words import split
from targen_analysis.statistics import over_draws
from targen_core.cli.findings import Estimate

FOLDS = 5
MIN_GROUPS = 2 * FOLDS
"""The fewest groups of each side for learning."""

_MARKS = ".,;:?!'\"`()-–—/’“”…"
_SHAPES = (
    (re.compile(r"[^\W\d_]"), lambda found: "A" if found[0].isupper() else "a"),
    (re.compile(r"\d"), "9"),
    (re.compile(r"a+"), "a"),
    (re.compile(r"(Aa )+"), "Aa "),
)


def by_words(texts: Sequence[tuple[str, ...]]) -> Any:
    """Words and word pairs of each field, by TF-IDF: sparse, a line a row; None without any."""
    return beside(weighted(column) for column in zip(*texts, strict=True))


def by_form(texts: Sequence[tuple[str, ...]]) -> Any:
    """Return the form of each field, whatever it says: lengths, marks, and letters only by case.

    The form of "Dr. Li has 3 cats." is "Aa. Aa a 9 a.", in runs of up to five letters by TF-IDF.
    Counts are added, each scaled to its standard deviation.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    columns: list[Any] = []
    for own in zip(*texts, strict=True):
        counts = np.array([_counts(text) for text in own])
        spread = counts.std(axis=0)
        columns.append(csr_matrix((counts - counts.mean(axis=0)) / np.where(spread, spread, 1)))
        counted = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 5), lowercase=False, min_df=2, max_features=2000
        )
        try:
            columns.append(counted.fit_transform([_shape(text) for text in own]))
        except ValueError:  # they are empty
            continue
    return beside(columns)


def _shape(text: str) -> str:
    for pattern, put in _SHAPES:
        text = pattern.sub(put, text)
    return f"^{text[:1000]}$"


def _counts(text: str) -> list[float]:
    letters, words = max(1, len(text)), max(1, len(split(text)))
    upper = sum(map(str.isupper, text))
    return [
        np.log(letters),
        np.log(words),
        letters / words,
        upper / letters,
        sum(map(str.isdigit, text)) / letters,
        *(text.count(mark) / words for mark in _MARKS),
    ]


def scores(
    inputs: Any, sides: tuple[Side, Side], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how synthetic each row looks to a classifier that learned from other seeds.

    Args:
        inputs: a line a row, those of the first side, which is the synthetic one, first.
        sides: the rows.
        seed: decides the folds.

    Returns:
        Scores, and the fold of each row. Only scores of the same fold can be compared.
    """
    from sklearn.linear_model import LogisticRegression

    truth = np.repeat([1, 0], [len(side) for side in sides])
    folds = np.concatenate(
        [folds_of(s.groups.tolist(), [s.name] * len(s), count=FOLDS, seed=seed) for s in sides]
    )
    found = np.zeros(len(truth))
    for fold in range(FOLDS):
        held = folds == fold
        if not held.any() or len(np.unique(truth[~held])) < 2:
            continue
        model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
        found[held] = model.fit(inputs[~held], truth[~held]).decision_function(inputs[held])
    return found, folds


def aucs(
    found: NDArray[np.float64],
    folds: NDArray[np.int64],
    sides: tuple[Side, Side],
    replicates: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The area under the ROC curve: how often a synthetic row looks more so than a real one.

    Pairs of one fold are compared.

    Returns:
        Return the area and those of the replicates, shape (1 + replicates,): a bootstrap over the
        groups of both sides, without retraining the classifiers. It is NaN without pairs.
    """
    mine = len(sides[0])
    weights = [
        np.vstack([np.ones(len(side)), _resampled(side.groups, replicates, rng)]) for side in sides
    ]
    won = np.zeros(replicates + 1)
    pairs = np.zeros(replicates + 1)
    for fold in range(FOLDS):
        one, two = folds[:mine] == fold, folds[mine:] == fold
        if not one.any() or not two.any():
            continue
        better = found[:mine][one][:, None] - found[mine:][two][None, :]
        better = (better > 0) + 0.5 * (better == 0)
        first, second = weights[0][:, one], weights[1][:, two]
        won += ((first @ better) * second).sum(axis=1)
        pairs += first.sum(axis=1) * second.sum(axis=1)
    return won / np.where(pairs, pairs, np.nan)


def estimated(several: Sequence[NDArray[np.float64]]) -> Estimate:
    """One area of those of several draws and folds: the mean, and 95% of the replicates."""
    middles = [areas[0] for areas in several if not np.isnan(areas[0])]
    if not middles:
        return Estimate(None)
    drawn = np.concatenate([areas[1:] for areas in several])
    return over_draws(drawn[~np.isnan(drawn)], float(np.mean(middles)))


def _resampled(
    groups: NDArray[np.int64], replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return how often each row is drawn in each replicate, shape (replicates, rows)."""
    kinds, number = np.unique(groups, return_inverse=True)
    often = rng.multinomial(len(kinds), np.full(len(kinds), 1 / len(kinds)), size=replicates)
    return often[:, number].astype(np.float64)
