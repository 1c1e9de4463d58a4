"""Test whether a classifier of real rows contradicts the labels of synthetic ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from targen_analysis.differences.sides import Side
from targen_analysis.differences.telling import FOLDS
from targen_analysis.folds import folds_of
from targen_core.text import percent

_CHANCE = 0.01


def disagreement(sides: tuple[Side, Side], inputs: Any, seed: int) -> str | None:
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
    folds = folds_of(real.groups[theirs].tolist(), truth.tolist(), count=FOLDS, seed=seed)
    kinds = {len(np.unique(truth[folds != fold])) for fold in range(FOLDS)}
    if len(known) < 2 or kinds != {len(known)} or not len(labels):
        return None
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    learned = inputs[len(mine) + theirs]
    said = cross_val_predict(model, learned, truth, cv=PredefinedSplit(folds))
    wrong = int((said != truth).sum())
    most = binomtest(wrong, len(truth)).proportion_ci().high
    given = model.fit(learned, truth).predict(inputs[ours])
    pairs = Counter(zip(labels[labels != given], given[labels != given], strict=True))
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
