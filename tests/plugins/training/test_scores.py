"""Figures and tests of them, against scikit-learn's, scipy's and closed forms."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from targen_training.scores import measured, rouge_l, token_f1
from targen_training.statistics import compared, holm, seed_draws
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


def test_parity_is_of_pairs():
    # Three pairs: both right; both wrong alike; told apart by gender.
    labels = ["a", "a", "b", "b", "a", "a"]
    said = ["a", "a", "a", "a", "a", "b"]
    actual = measured(*decided(labels, said, ("a", "b")), ("a", "b"), unit=2)
    assert actual.figures["parity"].value == pytest.approx(2 / 3)
    assert actual.figures["accuracy"].value == pytest.approx(3 / 6)


def test_answers_that_are_cut_from_a_text_are_scored_by_their_words():
    text = "Ann Lee met the Bank of Ulm in Ulm"
    options = [("Ann Lee", "right"), ("the Bank of Ulm", "wrong"), ("Ulm", "right")]
    decisions = [
        Decision({"passage": text, "query": "?", "entity": option}, label, 0)
        for option, label in options
    ]
    chances = [0.2, 0.7, 0.1]
    actual = measured(decisions, [[p, 1 - p] for p in chances], ("right", "wrong"))
    assert actual.main == "answer_f1"
    assert actual.figures["best_option"].value == 0
    assert actual.figures["answer_f1"].value == pytest.approx(2 * 1 / (3 + 1))  # "Ulm" in three


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


@pytest.mark.parametrize(("right", "count"), [(12, 12), (0, 12), (1, 1), (40, 40)])
def test_rows_that_are_all_right_or_all_wrong_have_an_exact_interval(right, count):
    labels = ["a", "b"] * count
    said = labels if right else [{"a": "b", "b": "a"}[each] for each in labels]
    figures = measured(*decided(labels[:count], said[:count], ("a", "b")), ("a", "b")).figures
    exact = stats.binomtest(right, count).proportion_ci(method="exact")
    actual = figures["accuracy"]
    assert (actual.low, actual.high) == pytest.approx((exact.low, exact.high))


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


def test_differences_are_tested_by_their_error():
    draws = np.random.default_rng(0).normal(0.2, 0.1, 20_000)
    figure, p = compared(0.2, draws)
    assert p == pytest.approx(2 * stats.norm.sf(2), abs=0.002)
    assert figure.low == pytest.approx(0.2 - 1.96 * 0.1, abs=0.005)
    # With runs, the error is larger, and has the degrees of freedom of their variance.
    wider, p = compared(0.2, draws, variance=0.01, free=2)
    assert p == pytest.approx(2 * stats.t.sf(2**0.5, 2), abs=0.002)
    assert wider.low == pytest.approx(0.2 - stats.t.isf(0.025, 2) * 0.02**0.5, abs=0.005)
    assert compared(0.0, np.zeros(9))[1] == 1.0


def test_seeds_are_drawn_as_often_as_there_are():
    draws = seed_draws(5, 400)
    assert draws.shape == (400, 5)
    assert draws.sum(axis=1) == pytest.approx(np.ones(400))
    assert (seed_draws(1, 10) == 1).all()
