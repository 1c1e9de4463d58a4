"""One dataset's difficulty: PVI of each row, and its place on the map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.difficulty.cartography import Chart, chart, inside
from targen_analysis.difficulty.inputs import Decisions, groups_of
from targen_analysis.difficulty.models import Classifier
from targen_analysis.difficulty.pvi import best_epoch, entropy, of_gold, pointwise, suspects
from targen_analysis.difficulty.training import Recipe, fit
from targen_analysis.folds import folds_of
from targen_analysis.statistics import mean, rate
from targen_core.cli.findings import Estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """The results for a dataset's decisions; arrays are in their order.

    Attributes:
        decisions: what was decided.
        names: labels, in the order of `with_input`.
        gold: index of each decision's label, shape (rows,).
        pvi: PVI in bits, by models that were not trained on the row, shape (rows,).
        with_input: their log2 probabilities of each label, shape (rows, labels).
        chart: where rows lie on the map.
        fitted: share of what models learned from that they had right in the last epoch.
        curve: V-information after each epoch, shape (epochs,).
        without: bits of a label to the model whose input is empty.
        cut: decisions whose beginning the model did not read.
    """

    decisions: Decisions
    names: tuple[str, ...]
    gold: NDArray[np.int64]
    pvi: Floats
    with_input: Floats
    chart: Chart
    fitted: float
    curve: Floats
    without: float
    cut: int

    @property
    def information(self) -> Estimate:
        """V-information in bits: mean PVI."""
        return mean(self.pvi.tolist())

    @property
    def entropy(self) -> float:
        """Bits of a label by the labels' shares, which V-information cannot pass."""
        return entropy(self.decisions.labels)

    @property
    def learned(self) -> bool:
        """Return whether the model found a pattern that holds on unseen rows."""
        return (self.information.low or 0.0) > 0

    @property
    def gained(self) -> float:
        """Return the bits that the last epoch gained over all before; 0 for a single epoch."""
        return float(self.curve[-1] - self.curve[:-1].max()) if len(self.curve) > 1 else 0.0

    @property
    def negative(self) -> Estimate:
        """Share of the decisions after whose input their label is less likely than before."""
        return rate(int((self.pvi < 0).sum()), len(self.pvi))

    @property
    def suspects(self) -> list[int]:
        """Return decisions whose label is in doubt; empty if the model has learned too little."""
        return suspects(self.pvi, self.with_input, self.gold) if self.learned else []

    @property
    def doubted(self) -> Estimate:
        """Share of the decisions whose label is in doubt."""
        return rate(len(self.suspects), len(self.pvi)) if self.learned else Estimate(None)

    def figures(self, usual: Chart | None) -> dict[str, Estimate]:
        """Everything that there is one number of; shares of the map by the thirds of `usual`."""
        of, all_bits = len(self.pvi), self.information
        right = int((self.with_input.argmax(axis=1) == self.gold).sum())
        regions = {} if usual is None else inside(self.chart, usual)
        return {
            "V-information": all_bits,
            "label entropy": Estimate(self.entropy),
            "share of the label entropy": all_bits.mapped(lambda bits: bits / self.entropy),
            "accuracy": rate(right, of),
            "accuracy while learned": Estimate(self.fitted),
            "negative PVI": self.negative,
            "probable mislabels": self.doubted,
            **{name: rate(rows, of) for name, rows in regions.items()},
            **{
                f"V-information of {name}": mean(self.pvi[self.gold == at].tolist())
                for at, name in enumerate(self.names)
            },
        }


def measure_one(
    classifier: Classifier,
    decisions: Decisions,
    recipe: Recipe,
    *,
    folds: int,
    length: int,
    seed: int,
) -> Measured | None:
    """Train with the input and without it, on all folds but one for each.

    Returns:
        None if the decisions have one label, or are too alike to divide.
    """
    names = tuple(sorted(set(decisions.labels)))
    groups = groups_of(decisions, largest=len(decisions) // (2 * folds))
    parts = folds_of(groups, decisions.labels, count=folds, seed=seed)
    if len(names) < 2 or len(np.unique(parts)) < folds:
        return None
    gold = np.array([names.index(label) for label in decisions.labels])
    inputs, cut = classifier.encode(decisions.inputs, length)
    nothing, _ = classifier.encode([""], length)
    with_input = fit(classifier, inputs, gold, parts, recipe, seed)
    empty = fit(classifier, nothing * len(decisions), gold, parts, recipe, seed)
    without = empty.unseen[best_epoch(empty.unseen, gold)]
    best = with_input.unseen[best_epoch(with_input.unseen, gold)]
    bits = -float(of_gold(without, gold).mean())
    learned = of_gold(with_input.learned, gold)
    right = with_input.learned.argmax(axis=-1) == gold
    return Measured(
        decisions,
        names,
        gold,
        pointwise(best, without, gold),
        best,
        chart(np.exp2(learned), right),
        float(right[:, -1][~np.isnan(learned[:, -1])].mean()),
        of_gold(with_input.unseen, gold).mean(axis=1) + bits,
        bits,
        cut,
    )
