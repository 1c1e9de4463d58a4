"""Figures and tests of them, against scikit-learn's, scipy's and closed forms."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from targen_training.answers import rouge_l, token_f1
from targen_training.scores import score
from targen_training.statistics import holm, mcnemar, over_runs, p_of, seed_draws, worth
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
    actual = score(*decided(labels, said, names), names)
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
    actual = score(decisions, [[p, 1 - p] for p in chances], names)
    assert actual.figures["best_option"].value == pytest.approx(2 / 3)
    assert actual.figures["exact_match"].value == pytest.approx(1 / 3)
    said = ["right" if p > 0.5 else "wrong" for p in chances]
    f1 = metrics.f1_score(labels, said, pos_label="right")
    assert actual.figures["f1a"].value == pytest.approx(f1)
    assert (actual.decisions, actual.rows) == (6, 2)


def test_calibration_is_that_of_scikit_learn():
    rng = random.Random(0)
    names = ("a", "b", "c")
    labels = rng.choices(names, k=300)
    drawn = [[rng.random() for _ in names] for _ in labels]
    shares = [[each / sum(line) for each in line] for line in drawn]
    decisions, _ = decided(labels, labels, names)
    actual = score(decisions, shares, names)
    assert actual.figures["log_loss"].value == pytest.approx(metrics.log_loss(labels, shares))
    brier = metrics.brier_score_loss(labels, np.array(shares), scale_by_half=False)
    assert actual.figures["brier"].value == pytest.approx(brier)
    gap = sum(b.decisions * abs(b.confidence - b.accuracy) for b in actual.bins) / 300
    assert actual.figures["ece"].value == pytest.approx(gap)
    assert sum(b.decisions for b in actual.bins) == 300
    for each in actual.bins:  # each holds what its ends say
        assert each.low <= each.confidence <= each.high


def test_scores_that_are_no_probabilities_have_no_calibration():
    decisions, _ = decided(["a", "b"], ["a", "b"], ("a", "b"))
    actual = score(decisions, [[3.0, -1.0], [0.0, 2.0]], ("a", "b"))
    assert "ece" not in actual.figures and not actual.bins


def test_parity_is_of_pairs():
    # Three pairs: both right; both wrong alike; told apart by gender.
    labels = ["a", "a", "b", "b", "a", "a"]
    said = ["a", "a", "a", "a", "a", "b"]
    actual = score(*decided(labels, said, ("a", "b")), ("a", "b"), unit=2)
    assert actual.figures["parity"].value == pytest.approx(2 / 3)
    assert actual.figures["accuracy"].value == pytest.approx(3 / 6)
    assert (actual.decisions, actual.rows) == (6, 6)


def test_answers_that_are_cut_from_a_text_are_scored_by_their_words():
    text = "Ann Lee met the Bank of Ulm in Ulm"
    options = [("Ann Lee", "right"), ("the Bank of Ulm", "wrong"), ("Ulm", "right")]
    decisions = [
        Decision({"passage": text, "query": "?", "entity": option}, label, 0)
        for option, label in options
    ]
    chances = [0.2, 0.7, 0.1]
    actual = score(decisions, [[p, 1 - p] for p in chances], ("right", "wrong"))
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
    figures = score(*decided(labels[:count], said[:count], ("a", "b")), ("a", "b")).figures
    exact = stats.binomtest(right, count).proportion_ci(method="exact")
    actual = figures["accuracy"]
    assert (actual.low, actual.high) == pytest.approx((exact.low, exact.high))


def test_intervals_are_those_of_scipy():
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.7
    labels = ["a"] * 400
    said = ["a" if each else "b" for each in right]
    actual = score(*decided(labels, said, ("a", "b")), ("a", "b")).figures["accuracy"]
    theirs = stats.bootstrap(
        (right.astype(float),), np.mean, method="percentile", n_resamples=2000, rng=rng
    ).confidence_interval
    assert actual.low == pytest.approx(theirs.low, abs=0.01)
    assert actual.high == pytest.approx(theirs.high, abs=0.01)


# --- Tests and what rows are worth, against closed forms and what others compute ---


def test_mcnemar_is_the_binomial_test():
    one = np.array([True] * 10 + [False] * 3 + [True] * 20)
    other = np.array([False] * 10 + [True] * 3 + [True] * 20)
    assert mcnemar(one, other)[:2] == (10, 3)
    assert mcnemar(one, other)[2] == pytest.approx(2 * stats.binom.cdf(3, 13, 0.5))
    assert mcnemar(one, one) == (0, 0, 1.0)


def test_holm_is_that_of_the_paper():
    # Holm (1979): sorted, times how many are left, never falling.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert max(holm([0.9, 0.8])) == 1.0


def test_runs_are_the_unit_of_a_test_over_runs():
    whole, other = np.array([0.686, 0.636, 0.768]), 0.706
    variance, value = whole.var(ddof=1) * (1 + 1 / 3), other - whole.mean()
    # Where the same test rows would do again: the t-test, of two samples with the same variance.
    figure, p = over_runs(value, np.full(9, value), variance=variance, free=2)
    expected = stats.ttest_ind([other], whole)
    assert p == pytest.approx(expected.pvalue)
    assert figure.high == pytest.approx(expected.confidence_interval().high)
    # The choice of test rows adds to it, and is all there is where runs do not differ.
    draws = np.random.default_rng(0).normal(value, 0.1, 9999)
    wider, _ = over_runs(value, draws, variance=variance, free=2)
    assert wider.high > figure.high
    rows, p = over_runs(value, draws, variance=0.0, free=2)
    assert (rows.low, rows.high) == pytest.approx((value - 0.196, value + 0.196), abs=0.01)
    assert p == p_of(draws)


def test_p_is_two_sided():
    assert p_of(np.array([1.0] * 999)) == pytest.approx(2 / 1000)
    assert p_of(np.array([1.0, -1.0] * 50)) == 1.0


def test_seeds_are_drawn_as_often_as_there_are():
    draws = seed_draws(5, 400)
    assert draws.shape == (400, 5)
    assert draws.sum(axis=1) == pytest.approx(np.ones(400))
    assert (seed_draws(1, 10) == 1).all()


def test_rows_are_worth_what_the_curve_says():
    curve = np.repeat([[0.5], [0.6], [0.7]], 21, axis=1)  # no resample differs
    half = worth([100, 200, 400], curve, np.full(21, 0.65))
    assert half.rows.value == pytest.approx(np.sqrt(200 * 400))
    assert (half.below, half.above) == (0, 0)
    low, high = (worth([100, 200, 400], curve, np.full(21, v)) for v in (0.4, 0.8))
    assert (low.rows.value, low.below) == (pytest.approx(100), 1)
    assert (high.rows.value, high.above) == (pytest.approx(400), 1)
    # A curve that falls is made level: the fewest rows that do as well.
    dented = np.repeat([[0.5], [0.7], [0.6]], 21, axis=1)
    assert worth([100, 200, 400], dented, np.full(21, 0.65)).rows.value == pytest.approx(200)
