"""Figures of predictions with 95% intervals, by bootstrap over rows.

A row may hold several decisions (the options of a question, the questions of a passage), and
several rows may make one instance (AX-g's pairs). Such groups are drawn as a whole.

Each figure is a function of sums over rows. So thousands of resamples are one product
of matrices, and models that are compared can share them.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

from targen_core.cli.findings import Estimate
from targen_core.tasks.parts import RIGHT, WRONG
from targen_training.statistics import interval
from targen_training.trainers import ILLEGAL, Decision, TrainedOutput

LOSSES = ("mean_absolute_error",)
"""Figures that are not shares: the smaller, the better."""

RESAMPLES = 1000
_BLOCK = 1 << 18  # counts that are drawn at a time
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORDS = re.compile(r"[a-z0-9]+")
_FEWEST = 10  # decisions of which nearly all may be said to get one label
_NEARLY_ALL, _MOST = 0.9, 0.7  # shares

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of sums over rows.

    Attributes:
        parts: what each row adds, of shape (rows, parts).
        of: from sums, of shape (..., parts), to the figure, of shape (...); not a number if they do
            not say.
    """

    parts: Numbers
    of: Callable[[Numbers], Numbers]

    def at(self, weights: Numbers) -> Numbers:
        """The figure where rows count so often: weights of shape (..., rows)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.of(weights @ self.parts)

    @property
    def value(self) -> float:
        """The figure of all rows, each once."""
        return float(self.at(np.ones(len(self.parts))))

    def estimate(self, sums: Numbers, *, is_share: bool = False) -> Estimate:
        """With its 95% interval; `sums` are those of resamples, of shape (resamples, parts).

        Rows that are all right, or all wrong, are so in every draw. The interval of a share then
        has the bound that is exact for so many rows (Clopper and Pearson, 1934).
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            found = interval(self.value, self.of(sums))
        if is_share and found.low == found.high and found.value in (0.0, 1.0):
            least = 0.025 ** (1 / len(self.parts))
            return Estimate(1.0, least, 1.0) if found.value else Estimate(0.0, 0.0, 1 - least)
        return found


Told = tuple[int, float | None, float | None, float | None]
"""For a label: how often it is right, its precision, recall and F1; None if undefined."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Predictions with the right answers, summed up.

    Attributes:
        measures: how each figure is made of rows: `accuracy` and `macro_f1` of labels; `parity` of
            pairs that only differ in gender (AX-g). For options also `best_option` (the likeliest
            option of a question is right: COPA) and `f1a` (F1 of right options). `exact_match` is
            the share of questions whose options are all right (MultiRC). If options are cut from
            the text, also `answer_f1` and `rouge_l` of the likeliest (ReCoRD). For models that
            write their answers also `illegal`, the share of illegal answers, which count as wrong.
        main: the main figure: the benchmark's, or accuracy.
        count: how many rows there are; rows of one instance count as one.
        by_label: the figures of each label, or of each part of an output.
        confusion: label -> predicted label -> decisions; empty of an output.
        unlearned: decisions of labels that were never learned.
    """

    measures: Mapping[str, Measure]
    main: str
    count: int
    by_label: Mapping[str, Told] = field(default_factory=dict)
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unlearned: int = 0

    @cached_property
    def figures(self) -> dict[str, Estimate]:
        """Return all figures with their 95% intervals."""
        return estimates(self.measures, self.count)

    @property
    def baseline(self) -> float | None:
        """The accuracy of a model that always predicts the largest label; None without labels."""
        if self.main != "accuracy" or not self.by_label:
            return None
        counts = [count for count, *_ in self.by_label.values()]
        return max(counts) / sum(counts)

    @property
    def one_label(self) -> tuple[str, float, float] | None:
        """The label that nearly all decisions get although no label is that common.

        Returns:
            The label, the share that gets it and the share that has it. None if no label qualifies,
            if there are few decisions, or if options are compared with each other.
        """
        decisions = sum(count for count, *_ in self.by_label.values())
        if self.baseline is None or self.baseline >= _MOST or decisions < _FEWEST:
            return None
        said = {name: sum(of[name] for of in self.confusion.values()) for name in self.confusion}
        name = max(said, key=lambda each: said[each])
        gets, has = said[name] / decisions, self.by_label[name][0] / decisions
        return (name, gets, has) if gets > _NEARLY_ALL else None


def draws_of(rows: int, resamples: int = RESAMPLES) -> Numbers:
    """Return the constant counts of each row in each resample, of shape (resamples, rows)."""
    return np.concatenate([*_blocks(rows, resamples)])


def _blocks(rows: int, resamples: int = RESAMPLES) -> Iterator[Numbers]:
    """Yield these counts for some resamples at a time, in at most a few megabytes."""
    chance, shares = np.random.default_rng(0), [1 / rows] * rows
    step = max(1, _BLOCK // rows)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        yield chance.multinomial(rows, shares, size=size).astype(np.float64)


def estimates(measures: Mapping[str, Measure], rows: int) -> dict[str, Estimate]:
    """Return figures of so many rows with their 95% intervals."""
    sums: dict[str, list[Numbers]] = {name: [] for name in measures}
    for draws in _blocks(rows):
        for name, measure in measures.items():
            sums[name].append(draws @ measure.parts)
    return {
        name: measure.estimate(np.concatenate(sums[name]), is_share=name not in LOSSES)
        for name, measure in measures.items()
    }


def measured(
    decisions: Sequence[Decision],
    said: Sequence[Any] | Numbers,
    labels: Sequence[str],
    *,
    unit: int = 1,
    output: TrainedOutput | None = None,
) -> Measured:
    """Compare predictions with the right answers of `decisions`; each decision has a label.

    Args:
        decisions: what was decided.
        said: of each, a score for each of `labels`; or its value, if an output was learned.
        labels: what was learned.
        unit: rows of an instance, which stay together.
        output: what was learned in place of labels.
    """
    if output is not None:
        return output.measured([decision.value for decision in decisions], list(said))
    return _of_labels(decisions, said, labels, unit)


def _of_labels(
    decisions: Sequence[Decision],
    scores: Sequence[Sequence[float]] | Numbers,
    labels: Sequence[str],
    unit: int,
) -> Measured:
    names = (*labels, *sorted({d.label for d in decisions} - set(labels)))
    places = {name: at for at, name in enumerate(names)}
    truth = np.array([places[d.label] for d in decisions])
    matrix = np.array(scores, dtype=np.float64)
    said = matrix.argmax(axis=1)
    _, rows = np.unique([d.row // unit for d in decisions], return_inverse=True)
    count = int(rows.max()) + 1
    right = said == truth

    def by_row(*columns: NDArray[np.generic], at: NDArray[np.int64] = rows) -> Numbers:
        sums = [np.bincount(at, column.astype(np.float64), count) for column in columns]
        return np.stack(sums, axis=1)

    one = np.ones(len(truth))
    size = len(names)
    real = [at for at in range(size) if names[at] != ILLEGAL]
    kinds = [right & (truth == at) for at in real]
    kinds += [(said == at) * 1.0 + (truth == at) for at in real]
    measures = {
        "accuracy": Measure(by_row(right, one), _ratio),
        "macro_f1": Measure(by_row(*kinds), _macro_f1),
    }
    illegal = said == places.get(ILLEGAL, -1)
    if ILLEGAL in places:
        measures["illegal"] = Measure(by_row(illegal, one), _ratio)
    main = "accuracy"
    if set(names) - {ILLEGAL} == {RIGHT, WRONG}:
        option_measures, main = _of_options(decisions, matrix, right, illegal, rows, names, by_row)
        measures |= option_measures
    elif unit == 2 and (pairs := _parity(said, truth, rows, count)) is not None:
        measures["parity"] = Measure(pairs, _ratio)
    table = np.bincount(truth * size + said, minlength=size**2).reshape(size, size)
    return Measured(
        measures,
        main,
        count,
        {name: _label(table, at) for at, name in enumerate(names)},
        {
            one: {two: int(table[i, j]) for j, two in enumerate(names)}
            for i, one in enumerate(names)
        },
        int((truth >= len(labels)).sum()),
    )


def _ratio(sums: Numbers) -> Numbers:
    ratio: Numbers = sums[..., 0] / sums[..., 1]
    return ratio


def _macro_f1(sums: Numbers) -> Numbers:
    """The mean F1 of labels that occur or are given."""
    both, ends = np.split(sums, 2, axis=-1)
    f1 = np.where(ends > 0, 2 * both / ends, 0.0)
    mean: Numbers = f1.sum(axis=-1) / (ends > 0).sum(axis=-1)
    return mean


def _label(table: NDArray[np.int64], at: int) -> Told:
    return told(int(table[at, at]), int(table[:, at].sum()), int(table[at].sum()))


def told(right: int, predicted: int, there: int) -> Told:
    """Return a label's figures from its counts: rightly predicted, predicted, and right."""
    return (
        there,
        right / predicted if predicted else None,
        right / there if there else None,
        2 * right / (predicted + there) if predicted + there else None,
    )


def _parity(
    said: NDArray[np.int64], truth: NDArray[np.int64], rows: NDArray[np.int64], count: int
) -> Numbers | None:
    """Return whether both rows of each same-label pair were predicted alike."""
    if len(rows) != 2 * count or (np.bincount(rows) != 2).any():
        return None
    order = np.argsort(rows, kind="stable").reshape(count, 2)
    pair = truth[order[:, 0]] == truth[order[:, 1]]
    same = pair & (said[order[:, 0]] == said[order[:, 1]])
    return np.stack([same, pair], axis=1).astype(np.float64)


def _of_options(
    decisions: Sequence[Decision],
    matrix: Numbers,
    is_right: NDArray[np.bool_],
    illegal: NDArray[np.bool_],
    rows: NDArray[np.int64],
    names: Sequence[str],
    by_row: Callable[..., Numbers],
) -> tuple[dict[str, Measure], str]:
    """Return figures of questions with options, and the main one."""
    right = names.index(RIGHT)
    true = np.array([decision.label == RIGHT for decision in decisions])
    said = matrix.argmax(axis=1) == right
    keys: dict[tuple[int, int], int] = {}
    question = np.array([keys.setdefault((d.row, d.question), len(keys)) for d in decisions])
    of_row = np.zeros(len(keys), dtype=np.int64)
    of_row[question] = rows
    exact = np.ones(len(keys))
    np.minimum.at(exact, question, is_right.astype(np.float64))
    order = np.lexsort((-matrix[:, right], question))  # the likeliest first, the first of equals
    first = order[np.unique(question[order], return_index=True)[1]]
    best = true[first] & ~illegal[first]  # a missing answer is not an option, not the first of them
    every = np.ones(len(keys))

    def mean(values: NDArray[np.generic]) -> Measure:
        return Measure(by_row(values, every, at=of_row), _ratio)

    measures = {
        "best_option": mean(best),
        "f1a": Measure(by_row(said & true, said * 1.0 + true), _f1_of_right),
        "exact_match": mean(exact),
    }
    answers = np.bincount(question, true)
    if (name := _cut_from(decisions)) is not None:
        golds: list[list[str]] = [[] for _ in keys]
        for at in np.flatnonzero(true):
            golds[question[at]].append(decisions[int(at)].texts[name])
        texts = ["" if illegal[at] else decisions[int(at)].texts[name] for at in first]
        for figure, of in (("answer_f1", token_f1), ("rouge_l", rouge_l)):
            values = [of(text, gold) for text, gold in zip(texts, golds, strict=True)]
            measures[figure] = mean(np.array(values))
        return measures, "answer_f1"
    return measures, "best_option" if (answers == 1).all() else "f1a"


def _f1_of_right(sums: Numbers) -> Numbers:
    return np.where(sums[..., 1] > 0, 2 * sums[..., 0] / sums[..., 1], 0.0)


def _cut_from(decisions: Sequence[Decision]) -> str | None:
    """Return the name of the option text if it always occurs in another: ReCoRD's entities."""
    *others, last = decisions[0].texts
    for decision in decisions:
        option = decision.texts[last]
        if decision.option and decision.option != option:
            return None  # it is chosen by its number, not by its words
        if not any(option in decision.texts[name] for name in others):
            return None
    return last


def plain_answer(text: str) -> str:
    """Without case, punctuation, articles and double spaces, as SQuAD and ReCoRD compare."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_f1(answer: str, right: Iterable[str]) -> float:
    """F1 of the words of an answer, by the right answer that is nearest; 0 to 1."""
    words = plain_answer(answer).split()
    return max((_f1(words, plain_answer(each).split()) for each in right), default=0.0)


def _f1(one: list[str], two: list[str]) -> float:
    common = sum((Counter(one) & Counter(two)).values())
    return 2 * common / (len(one) + len(two)) if common else float(one == two)


def rouge_l(answer: str, right: Iterable[str]) -> float:
    """ROUGE-L F1 without stemming, by the right answer that is nearest; 0 to 1 (Lin, 2004)."""
    words = _WORDS.findall(answer.lower())
    return max((_rouge(words, _WORDS.findall(each.lower())) for each in right), default=0.0)


def _rouge(one: list[str], two: list[str]) -> float:
    return 2 * LCSseq.similarity(one, two) / max(1, len(one) + len(two))
