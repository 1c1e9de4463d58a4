"""Figures against scikit-learn's, and against what is written down by hand."""

from __future__ import annotations

import random

import pytest
from sklearn import metrics

from targen_core.training.model import Decision
from targen_training.scores import score


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
    found = score(*decided(labels, said, names), names)
    assert found.figures["accuracy"].value == pytest.approx(metrics.accuracy_score(labels, said))
    macro = metrics.f1_score(labels, said, average="macro")
    assert found.figures["macro_f1"].value == pytest.approx(macro)
    each = metrics.precision_recall_fscore_support(labels, said, labels=names)
    for at, name in enumerate(names):
        count, *figures = found.by_label[name]
        assert count == each[3][at]
        assert figures == pytest.approx([column[at] for column in each[:3]])
    table = metrics.confusion_matrix(labels, said, labels=names).tolist()
    assert [list(found.confusion[name].values()) for name in names] == table


def test_intervals_hold_the_figure_and_narrow_with_rows():
    rng = random.Random(0)
    widths = []
    for rows in (50, 800):
        labels = rng.choices(("a", "b"), k=rows)
        said = [label if rng.random() < 0.7 else "a" for label in labels]
        accuracy = score(*decided(labels, said, ("a", "b")), ("a", "b")).figures["accuracy"]
        assert accuracy.low < accuracy.value < accuracy.high
        widths.append(accuracy.high - accuracy.low)
    assert widths[1] < widths[0] / 2


def test_options_are_scored_by_question():
    # Three questions with two options each: all told; the best is right though one is not told;
    # nothing is right.
    names = ("right", "wrong")
    labels = ["right", "wrong", "right", "right", "right", "wrong"]
    questions = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0)]
    decisions, _ = decided(labels, labels, names, questions)
    chances = [0.9, 0.1, 0.8, 0.4, 0.2, 0.7]
    found = score(decisions, [[p, 1 - p] for p in chances], names)
    assert found.figures["best_option"].value == pytest.approx(2 / 3)
    assert found.figures["exact_match"].value == pytest.approx(1 / 3)
    said = ["right" if p > 0.5 else "wrong" for p in chances]
    f1 = metrics.f1_score(labels, said, pos_label="right")
    assert found.figures["f1a"].value == pytest.approx(f1)
    assert (found.decisions, found.rows) == (6, 2)
