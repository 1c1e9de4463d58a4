"""Classifiers that tell real rows from synthetic ones, or predict the labels of synthetic rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.differences.sides import Side
from targen_analysis.learning import folds_of, join_features, word_features
from targen_analysis.lexical.words import split
from targen_analysis.statistics import over_draws
from targen_core.cli.findings import Estimate
from targen_core.text import percent

FOLDS = 5
MIN_GROUPS = 2 * FOLDS
"""The fewest groups of each side for learning."""

_CHANCE = 0.01
_MARKS = ".,;:?!'\"`()-–—/’“”…"
_SHAPES = (
    (re.compile(r"[^\W\d_]"), lambda found: "A" if found[0].isupper() else "a"),
    (re.compile(r"\d"), "9"),
    (re.compile(r"a+"), "a"),
    (re.compile(r"(Aa )+"), "Aa "),
)


def by_words(texts: Sequence[tuple[str, ...]]) -> Any:
    """Return words and word pairs of each field, a sparse line per row; None without any."""
    return join_features(word_features(column) for column in zip(*texts, strict=True))


def by_form(texts: Sequence[tuple[str, ...]]) -> Any:
    """Return the form of each field, whatever it says: lengths, marks, and letters only by case.

    The form of "Dr. Li has 3 cats." is "Aa. Aa a 9 a.", in runs of up to five letters by TF-IDF.
    Counts are added, each scaled to its standard deviation.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import StandardScaler

    columns: list[Any] = []
    for own in zip(*texts, strict=True):
        counts = np.array([_counts(text) for text in own])
        columns.append(csr_matrix(StandardScaler().fit_transform(counts)))
        shapes = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 5), lowercase=False, min_df=2, max_features=2000
        )
        columns.append(shapes.fit_transform([_shape(text) for text in own]))
    return join_features(columns)


def _shape(text: str) -> str:
    for pattern, put in _SHAPES:
        text = pattern.sub(put, text)
    return f"^{text[:1000]}$"


def _counts(text: str) -> list[float]:
    letters, words = max(1, len(text)), max(1, len(split(text)))
    return [
        np.log(letters),
        np.log(words),
        letters / words,
        sum(map(str.isupper, text)) / letters,
        sum(map(str.isdigit, text)) / letters,
        *(text.count(mark) / words for mark in _MARKS),
    ]


def area_under_curve(
    inputs: Any, sides: tuple[Side, Side], seed: int, replicates: int, rng: np.random.Generator
) -> Estimate:
    """Return the AUC of a classifier that learned from other seeds: how well it tells the sides.

    Args:
        inputs: a line per row, those of the synthetic side first.
        sides: synthetic and real rows.
        seed: decides the folds.
        replicates: resamples of the groups for the interval, without training again.
        rng: the chance of the resamples.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    truth = np.repeat([1, 0], [len(side) for side in sides])
    groups = np.concatenate([sides[0].groups, sides[1].groups + sides[0].groups.max() + 1])
    folds = PredefinedSplit(folds_of(groups, truth.tolist(), count=FOLDS, seed=seed))
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    scores = cross_val_predict(model, inputs, truth, cv=folds, method="decision_function")
    weights = np.hstack([_resampled(side.groups, replicates, rng) for side in sides])
    areas = [roc_auc_score(truth, scores, sample_weight=own) for own in weights]
    return over_draws(areas, float(roc_auc_score(truth, scores)))


def _resampled(
    groups: NDArray[np.int64], replicates: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return how often each row is drawn in each replicate, shape (replicates, rows)."""
    kinds, number = np.unique(groups, return_inverse=True)
    often = rng.multinomial(len(kinds), np.full(len(kinds), 1 / len(kinds)), size=replicates)
    return often[:, number]


def contradicted_labels(sides: tuple[Side, Side], inputs: Any, seed: int) -> str | None:
    """Return a warning if more labels are contradicted than the classifier's errors explain.

    The classifier's own error is that of five-fold cross-validation on the real rows. Few rows
    leave it uncertain, so the upper end of its 95% interval counts (Clopper and Pearson, 1934). The
    warning needs more contradicted labels than this, by a binomial test (p < 0.01).

    Args:
        sides: synthetic and real rows.
        inputs: a line of features per row, those of the synthetic rows first.
        seed: decides the folds.

    Returns:
        The warning, or None. Fewer than two labels with five real rows also yield None.
    """
    from scipy.stats import binomtest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    mine, real = sides
    known = [label for label, n in Counter(real.labels).items() if label and n >= FOLDS]
    ours, theirs = (np.flatnonzero(np.isin(side.labels, known)) for side in sides)
    truth, labels = np.array(real.labels)[theirs], np.array(mine.labels)[ours]
    groups = real.groups[theirs]
    if len(known) < 2 or len(np.unique(groups)) < FOLDS or not len(labels):
        return None
    folds = folds_of(groups, truth.tolist(), count=FOLDS, seed=seed)
    if {len(np.unique(truth[folds != fold])) for fold in range(FOLDS)} != {len(known)}:
        return None
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    learned = inputs[len(mine) + theirs]
    predicted = cross_val_predict(model, learned, truth, cv=PredefinedSplit(folds))
    wrong = int((predicted != truth).sum())
    most = binomtest(wrong, len(truth)).proportion_ci().high
    predicted = model.fit(learned, truth).predict(inputs[ours])
    differing = labels != predicted
    pairs = Counter(zip(labels[differing], predicted[differing], strict=True))
    if binomtest(pairs.total(), len(labels), most, "greater").pvalue >= _CHANCE:
        return None
    ((own, other), often), *_ = pairs.most_common(1)
    shares = [percent(share) for share in (pairs.total() / len(labels), wrong / len(truth), most)]
    return (
        f"A classifier trained on {real.name} contradicts {shares[0]} of the labels of {mine.name} "
        f"({pairs.total():,} of {len(labels):,}). Most often, it predicts {other} instead of {own} "
        f"({often:,}). For unseen rows of {real.name}, it is wrong in {shares[1]} of the cases "
        f"(95% interval: at most {shares[2]}). Review these labels and their definitions."
    )
