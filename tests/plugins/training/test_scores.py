"""Figures and tests of them, against scikit-learn's, scipy's and closed forms."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from targen_training.scores import measured, rouge_l, token_f1
from targen_training.statistics import holm
from targen_training.trainers import Decision


def decided(labels, said, names, questions=None):
    """Decisions with these labels, and scores that say these."""
    questions = questions or [(row, 0) for row in range(len(labels))]
    decisions = [
        Decision({"text": str(at)}, label, *question)
        for at, (label, question) in enumerate(zip(labels, questions, strict=True))
    ]
    return decisions, [[float(name == one) for name in names] for one in said]


def test_figures_are_those_of_scikit_learn():
    rng = random.Random(0)
    names = ("a", "b", "c")
    labels = rng.choices(names, k=200)
    said = [label if rng.random() < 0.6 else rng.choice(names) for label in labels]
    actual = measured(*decided(labels, said, names), names)
    assert actual.figures["accuracy"].value == pytest.approx(metrics.accuracy_score(labels, said))
    macro = metrics.f1_score(labels, said, average="macro")
    assert actual.figures["macro_f1"].value == pytest.approx(macro)
    each = metrics.precision_recall_fscore_support(labels, said, labels=names)
    for at, name in enumerate(names):
        count, *figures = actual.by_label[name]
        assert count == each[3][at]
        assert figures == pytest.approx([column[at] for column in each[:3]])
    table = metrics.confusion_matrix(labels, said, labels=names).tolist()
    assert [list(actual.confusion[name].values()) for name in names] == table


def test_options_are_scored_by_question():
    # Three questions with two options each: all told; the best is right though one is not told;
    # nothing is right.
    names = ("right", "wrong")
    labels = ["right", "wrong", "right", "right", "right", "wrong"]
    questions = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0)]
    decisions, _ = decided(labels, labels, names, questions)
    chances = [0.9, 0.1, 0.8, 0.4, 0.2, 0.7]
    actual = measured(decisions, [[p, 1 - p] for p in chances], names)
    assert actual.figures["best_option"].value == pytest.approx(2 / 3)
    assert actual.figures["exact_match"].value == pytest.approx(1 / 3)
    said = ["right" if p > 0.5 else "wrong" for p in chances]
    f1 = metrics.f1_score(labels, said, pos_label="right")
    assert actual.figures["f1a"].value == pytest.approx(f1)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("one", "other"),
    [("the cat sat down", "a cat sat on it"), ("Ulm", "ulm!"), ("a b c d", "d c b a"), ("x", "")],
)
def test_rouge_l_is_that_of_rouge_score(one, other):
    from rouge_score import rouge_scorer

    scorer = rouge_scorer.RougeScorer(["rougeL"])
    assert rouge_l(one, [other]) == pytest.approx(scorer.score(other, one)["rougeL"].fmeasure)


def test_words_of_answers_are_compared_as_squad_does():
    assert token_f1("The Bank, of Ulm", ["bank of ulm"]) == 1
    assert token_f1("Ann", ["Ann Lee", "Lee Ann Marie"]) == pytest.approx(2 / 3)
    assert token_f1("Ann", []) == 0


def test_intervals_are_those_of_scipy():
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.7
    labels = ["a"] * 400
    said = ["a" if each else "b" for each in right]
    actual = measured(*decided(labels, said, ("a", "b")), ("a", "b")).figures["accuracy"]
    theirs = stats.bootstrap(
        (right.astype(float),), np.mean, method="percentile", n_resamples=2000, rng=rng
    ).confidence_interval
    assert actual.low == pytest.approx(theirs.low, abs=0.01)
    assert actual.high == pytest.approx(theirs.high, abs=0.01)


def test_holm_is_that_of_the_paper():
    # Holm (1979): sorted, times how many are left, never falling.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert max(holm([0.9, 0.8])) == 1.0
