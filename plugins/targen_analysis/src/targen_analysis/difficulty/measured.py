"""One dataset's difficulty: pointwise V-information (PVI) of each row, and its place on the map.

PVI: Ethayarajh et al., arXiv:2110.08420; all logarithms are of base 2, so all is in bits. The map:
Swayamdipta et al., arXiv:2009.10795, where the regions are thirds of one dataset. Here the thirds
of one dataset also divide another's rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.artifacts.sample import draw
from targen_analysis.difficulty.training import Classifier, Recipe, fit
from targen_analysis.learning import folds_of, groups_of
from targen_analysis.metrics import Corpus, Study
from targen_analysis.statistics import entropy, generator, mean, rate
from targen_core.cli.findings import Estimate
from targen_core.errors import Rejected

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DOUBT = -1.0
"""PVI at and below which a label is in doubt: the input halves its probability or worse."""

REGIONS = ("easy to learn", "ambiguous", "hard to learn")


@dataclass(frozen=True, slots=True)
class Decisions:
    """Labelled decisions of one dataset, in random order.

    Attributes:
        inputs: what a model reads of each.
        labels: the label of each.
        texts: the texts that it is about.
        groups: a number that it shares with those of its seed, premise or instance.
        rows: the place of the row that it is from.
    """

    inputs: Sequence[str]
    labels: Sequence[str]
    texts: Sequence[tuple[str, ...]]
    groups: Sequence[int]
    rows: Sequence[int]

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, kept: Sequence[int]) -> Decisions:
        """Return some of them."""
        return Decisions(
            [self.inputs[at] for at in kept],
            [self.labels[at] for at in kept],
            [self.texts[at] for at in kept],
            [self.groups[at] for at in kept],
            [self.rows[at] for at in kept],
        )


def read(study: Study, corpus: Corpus, limit: int) -> Decisions:
    """Draw random labelled rows, at most so many; of rows without a label, what their task decides.

    A row reads as its task shows it, or else each field under its name. Not as `Corpus.rendered`
    has it: the paper left things out, such as COPA's second choice.
    """
    known = [row for row, label in enumerate(corpus.labels) if label]
    if not known and corpus.task is not None and corpus.task.rows.cases is not None:
        sample = draw(study, corpus, limit)
        inputs = [_named(sample.fields, texts) for texts in sample.texts]
        decisions = Decisions(inputs, sample.labels, sample.texts, sample.groups, sample.rows)
        return decisions.only(range(min(limit, len(sample))))
    order = generator(study.rng(f"difficulty/{corpus.name}")).permutation(len(known))[:limit]
    rows = [known[at] for at in order]
    groups = groups_of(corpus)
    texts = [corpus.texts[row] for row in rows]
    return Decisions(
        _as_task(corpus, rows) or [_named(corpus.fields, of) for of in texts],
        [corpus.labels[row] for row in rows],
        texts,
        groups[rows].tolist() if rows else [],
        rows,
    )


def _named(fields: Sequence[str], texts: Sequence[str]) -> str:
    if len(fields) == 1:
        return texts[0]
    return "\n".join(f"{name}: {text}" for name, text in zip(fields, texts, strict=True))


def _as_task(corpus: Corpus, rows: Sequence[int]) -> list[str]:
    """Return the inputs of the task; empty without a task, or if a row is not an instance."""
    if corpus.task is None:
        return []
    try:
        instances = [corpus.task.from_rows([corpus.rows[row]]) for row in rows]
        return [corpus.task.render(instance) for (instance,) in instances]
    except (ValueError, LookupError, TypeError, AttributeError, Rejected):
        return []


@dataclass(frozen=True, slots=True)
class Chart:
    """The place of each row on the map, shape (rows,) each.

    Attributes:
        confidence: mean probability of its label over the epochs.
        variability: the standard deviation of that probability.
        correctness: share of the epochs in which its label was the likeliest.
    """

    confidence: Floats
    variability: Floats
    correctness: Floats


def chart_of(probability: Floats, right: NDArray[np.bool_]) -> Chart:
    """Return where rows lie that several models learned: the means over models.

    Args:
        probability: of each row's label, shape (models, epochs, rows); NaN if a model was not
            trained on the row.
        right: whether it was the likeliest, in the same shape.
    """
    trained = ~np.isnan(probability[:, 0])
    return Chart(
        np.nanmean(probability.mean(axis=1), axis=0),
        np.nanmean(probability.std(axis=1), axis=0),
        (right.mean(axis=1) * trained).sum(axis=0) / trained.sum(axis=0),
    )


def regions_of(mine: Chart, usual: Chart) -> dict[str, int]:
    """Return the number of rows in each region, whose borders are the thirds of `usual`."""
    low, high = np.quantile(usual.confidence, [1 / 3, 2 / 3])
    varies = np.quantile(usual.variability, 2 / 3)
    regions = (mine.confidence > high, mine.variability > varies, mine.confidence < low)
    return {name: int(rows.sum()) for name, rows in zip(REGIONS, regions, strict=True)}


def logs_of_labels(logs: Floats, gold: Ints) -> Floats:
    """Return the logarithm of each row's own label; (…, rows, labels) gives (…, rows)."""
    return np.take_along_axis(
        logs, np.broadcast_to(gold[:, None], (*logs.shape[:-1], 1)), axis=-1
    ).squeeze(-1)


def at_best_epoch(logs: Floats, gold: Ints) -> Floats:
    """Return predictions of the epoch in which labels of unseen rows cost the fewest bits.

    V-information is of the best model of a family: one that is trained on past its best gives less
    than there is.

    Args:
        logs: log2 probabilities, shape (epochs, rows, labels).
        gold: the rows' labels, shape (rows,).
    """
    best: Floats = logs[int(np.argmax(logs_of_labels(logs, gold).mean(axis=1)))]
    return best


def doubtful_rows(pvi: Floats, logs: Floats, gold: Ints) -> list[int]:
    """Return the rows whose label the model doubts, the most doubtful first.

    Those with a PVI of `DOUBT` or less where another label has at least half of the probability.
    """
    doubtful = (pvi <= DOUBT) & (logs.argmax(axis=1) != gold) & (logs.max(axis=1) >= -1)
    rows = np.flatnonzero(doubtful)
    return [int(row) for row in rows[np.argsort(pvi[rows], kind="stable")]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The results for a dataset's decisions; arrays are in their order.

    Attributes:
        decisions: what was decided.
        names: labels, in the order of `logs`.
        gold: index of each decision's label, shape (rows,).
        pvi: PVI in bits, by models that were not trained on the row, shape (rows,).
        logs: their log2 probabilities of each label, given the input, shape (rows, labels).
        chart: where rows lie on the map.
        fitted: share of what models learned from that they had right in the last epoch.
        curve: V-information after each epoch, shape (epochs,).
        without: bits of a label to the model whose input is empty.
        cut: decisions whose beginning the model did not read.
    """

    decisions: Decisions
    names: tuple[str, ...]
    gold: Ints
    pvi: Floats
    logs: Floats
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
        return entropy(np.array([*Counter(self.decisions.labels).values()]))

    @property
    def learned(self) -> bool:
        """Return whether the model found a pattern that holds on unseen rows."""
        return (self.information.low or 0.0) > 0

    @property
    def gained(self) -> float:
        """Return the bits that the last epoch gained over all before; 0 for a single epoch."""
        return float(self.curve[-1] - self.curve[:-1].max()) if len(self.curve) > 1 else 0.0

    @property
    def suspects(self) -> list[int]:
        """Return decisions whose label is in doubt; empty if the model has learned too little."""
        return doubtful_rows(self.pvi, self.logs, self.gold) if self.learned else []

    def figures(self, usual: Chart | None) -> dict[str, Estimate]:
        """Return all figures; shares of the map by the thirds of `usual`."""
        of, bits = len(self.pvi), self.information
        right = int((self.logs.argmax(axis=1) == self.gold).sum())
        regions = {} if usual is None else regions_of(self.chart, usual)
        return {
            "V-information": bits,
            "label entropy": Estimate(self.entropy),
            "share of the label entropy": bits.mapped(lambda each: each / self.entropy),
            "accuracy": rate(right, of),
            "accuracy while learned": Estimate(self.fitted),
            "negative PVI": rate(int((self.pvi < 0).sum()), of),
            "probable mislabels": rate(len(self.suspects), of) if self.learned else Estimate(None),
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
    if len(names) < 2 or len(set(decisions.groups)) < folds:
        return None
    parts = folds_of(decisions.groups, decisions.labels, count=folds, seed=seed)
    if len(np.unique(parts)) < folds:
        return None
    gold = np.array([names.index(label) for label in decisions.labels])
    inputs, cut = classifier.encode(decisions.inputs, length)
    nothing, _ = classifier.encode([""], length)
    with_input = fit(classifier, inputs, gold, parts, recipe, seed)
    empty = fit(classifier, nothing * len(decisions), gold, parts, recipe, seed)
    without = logs_of_labels(at_best_epoch(empty.unseen, gold), gold)
    best = at_best_epoch(with_input.unseen, gold)
    learned = logs_of_labels(with_input.learned, gold)
    right = with_input.learned.argmax(axis=-1) == gold
    return Measured(
        decisions,
        names,
        gold,
        logs_of_labels(best, gold) - without,
        best,
        chart_of(np.exp2(learned), right),
        float(right[:, -1][~np.isnan(learned[:, -1])].mean()),
        logs_of_labels(with_input.unseen, gold).mean(axis=1) - float(without.mean()),
        -float(without.mean()),
        cut,
    )
