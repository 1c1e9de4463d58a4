"""Figures of outputs: F1 of sets of things found, and how two lists of numbers agree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_training.scores import Measure, Measured, told

Numbers = NDArray[np.float64]


def found_sets(
    right: Sequence[Set[Hashable]],
    said: Sequence[Set[Hashable]],
    kind: Callable[[Any], str],
) -> Measured:
    """Measure what was found in each row: each thing counts as right if it is exactly there.

    `micro_f1` counts all things together, and `macro_f1` is the mean over the kinds that occur or
    are said. `exact_match` is the share of rows with exactly the right things. For spans, these are
    seqeval's figures (Nakayama, 2018). Where there is neither anything to find nor found, F1 is 0.

    Args:
        right: the right things of each row.
        said: of each row, what a model finds.
        kind: what a thing is one of: a label itself, or a span's type.
    """
    names = sorted({kind(each) for things in (*right, *said) for each in things})
    place = {name: at for at, name in enumerate(names)}
    counts = np.zeros((3, len(right), len(names)))  # found rightly, found, there
    for row, (there, found) in enumerate(zip(right, said, strict=True)):
        for at, things in enumerate((there & found, found, there)):
            for each in things:
                counts[at, row, place[kind(each)]] += 1
    both, ends = counts[0], counts[1] + counts[2]
    exact = np.array([there == found for there, found in zip(right, said, strict=True)])
    totals = counts.sum(axis=1).astype(int)
    return Measured(
        {
            "micro_f1": Measure(np.stack([both.sum(axis=1), ends.sum(axis=1)], axis=1), _micro),
            "macro_f1": Measure(np.concatenate([both, ends], axis=1), _macro),
            "exact_match": mean_of(exact),
        },
        "micro_f1",
        len(right),
        {name: told(*map(int, totals[:, at])) for at, name in enumerate(names)},
    )


def mean_of(values: Any) -> Measure:
    """Return the mean over rows, of a number or a truth value for each."""
    parts = np.stack([values, np.ones(len(values))], axis=1).astype(np.float64)
    return Measure(parts, lambda sums: sums[..., 0] / sums[..., 1])


def _micro(sums: Numbers) -> Numbers:
    return np.where(sums[..., 1] > 0, 2 * sums[..., 0] / sums[..., 1], 0.0)


def _macro(sums: Numbers) -> Numbers:
    both, ends = np.split(sums, 2, axis=-1)
    f1 = np.where(ends > 0, 2 * both / ends, 0.0)
    mean: Numbers = f1.sum(axis=-1) / np.maximum((ends > 0).sum(axis=-1), 1)
    return mean


class _Spearman(Measure):
    """Rank correlation; each resample ranks its numbers, and equal ones share a mean rank."""

    def at(self, weights: Numbers) -> Numbers:
        """Return the figure where rows count so often: weights of shape (..., rows)."""
        one, other = (_ranks(column, weights) for column in self.parts.T)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _correlation(one, other, weights)


def _ranks(values: Numbers, weights: Numbers) -> Numbers:
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    sizes = np.add.reduceat(weights[..., order], starts, axis=-1)
    middle = np.cumsum(sizes, axis=-1) - sizes / 2
    ranks: Numbers = middle[..., group]
    return ranks


def _correlation(one: Numbers, other: Numbers, weights: Numbers) -> Numbers:
    whole = weights.sum(axis=-1, keepdims=True)
    one = one - (weights * one).sum(axis=-1, keepdims=True) / whole
    other = other - (weights * other).sum(axis=-1, keepdims=True) / whole
    spread = (weights * one**2).sum(axis=-1) * (weights * other**2).sum(axis=-1)
    found: Numbers = (weights * one * other).sum(axis=-1) / np.sqrt(spread)
    return found


class _Pearson(Measure):
    def at(self, weights: Numbers) -> Numbers:
        one, other = self.parts.T
        with np.errstate(invalid="ignore", divide="ignore"):
            return _correlation(one, other, weights)


def agreement(right: Sequence[float], said: Sequence[float]) -> Measured:
    """Measure how numbers agree: `spearman`, `pearson` and `mean_absolute_error`.

    A correlation with numbers that are all the same is not a number.
    """
    pairs = np.array([right, said], dtype=np.float64).T
    error = abs(pairs[:, 0] - pairs[:, 1])
    nothing: Callable[[Numbers], Numbers] = lambda sums: sums  # noqa: E731 - `at` needs no sums
    return Measured(
        {
            "spearman": _Spearman(pairs, nothing),
            "pearson": _Pearson(pairs, nothing),
            "mean_absolute_error": mean_of(error),
        },
        "spearman",
        len(pairs),
    )
