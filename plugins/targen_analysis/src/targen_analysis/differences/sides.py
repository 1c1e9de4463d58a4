"""The rows of a dataset and of the reference that are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.learning import groups_of
from targen_analysis.metrics import Corpus, Study
from targen_analysis.statistics import Z, generator, rate
from targen_core.cli.findings import Estimate

_LONGEST = 20_000  # letters of a text that are read: no telltale needs more


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of a dataset.

    Attributes:
        name: the dataset's.
        fields: the names of the texts.
        texts: of each row the text of each field.
        groups: of each row, a number that it shares with those of its seed or premise, (rows,).
        labels: of each row its label, or "".
    """

    name: str
    fields: tuple[str, ...]
    texts: Sequence[tuple[str, ...]]
    groups: NDArray[np.int64]
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def seeds(self) -> int:
        """Return the number of groups."""
        return len(np.unique(self.groups))

    @property
    def whole(self) -> list[str]:
        """Return the texts of each row, one below the other."""
        return ["\n".join(row) for row in self.texts]

    def part(self, rows: NDArray[np.int64]) -> Side:
        """Some of its rows."""
        texts = [self.texts[at] for at in rows.tolist()]
        labels = [self.labels[at] for at in rows.tolist()]
        return Side(self.name, self.fields, texts, self.groups[rows], labels)

    def drawn(self, size: int, rng: np.random.Generator) -> Side:
        """Draw `size` rows in whole groups, except for the last."""
        if size >= len(self):
            return self
        kinds, number = np.unique(self.groups, return_inverse=True)
        turn = rng.permutation(len(kinds))[number]
        return self.part(np.sort(np.argsort(turn, kind="stable")[:size]))


def side_of(study: Study, corpus: Corpus, fields: Sequence[str], limit: int) -> Side:
    """At most `limit` random rows of a dataset, with the texts of these fields."""
    places = [corpus.fields.index(field) for field in fields]
    texts = [tuple(row[at][:_LONGEST] for at in places) for row in corpus.texts]
    side = Side(corpus.name, tuple(fields), texts, groups_of(corpus), corpus.labels)
    return side.drawn(limit, generator(study.rng(f"differences/{corpus.name}")))


def share_of(having: NDArray[np.bool_], groups: NDArray[np.int64]) -> Estimate:
    """Return a share of rows, with Wilson's interval of as many rows as the groups are worth.

    Rows of one group are alike, so they tell less than as many rows of different groups. The spread
    between groups tells how much less (a ratio estimator's; Cochran, 1977, chapter 11).
    """
    count = len(having)
    if not count:
        return Estimate(None)
    share = float(having.mean())
    sizes = np.bincount(groups)
    fewest = float(sizes.sum() ** 2 / (sizes.astype(float) ** 2).sum())
    worth = fewest
    if 0 < share < 1:
        spread = _spread(having.astype(float) - share, groups)
        worth = min(count, max(fewest, share * (1 - share) / spread)) if spread else count
    return rate(share * worth, worth)


def mean_of(values: NDArray[np.float64], groups: NDArray[np.int64]) -> Estimate:
    """A mean with its interval, the groups being what is drawn."""
    middle = float(values.mean())
    half = Z * float(np.sqrt(_spread(values - middle, groups)))
    return Estimate(middle, middle - half, middle + half) if len(values) > 1 else Estimate(middle)


def _spread(away: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """The variance of a mean over rows whose groups are drawn, by their distances from it."""
    _, number = np.unique(groups, return_inverse=True)
    sums = np.bincount(number, away)
    if len(sums) < 2:
        return 0.0
    return float((sums**2).sum()) * len(sums) / (len(sums) - 1) / len(away) ** 2
