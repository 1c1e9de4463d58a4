"""How hard rows are: the arithmetic, and what a model is given to learn. Without torch."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_analysis.difficulty.cartography import chart, inside
from targen_analysis.difficulty.inputs import Decisions, groups_of, read
from targen_analysis.difficulty.pvi import best_epoch, of_gold, pointwise, suspects
from targen_analysis.folds import folds_of


def logs(*rows):
    return np.log2(np.array(rows))


# --- pointwise V-information ---


def test_pvi_is_what_the_row_does_to_the_probability_of_its_label():
    given = logs([0.8, 0.2], [0.5, 0.5], [0.125, 0.875])
    bits = pointwise(given, logs(*[[0.5, 0.5]] * 3), np.array([0, 1, 0]))
    assert bits.tolist() == pytest.approx([np.log2(1.6), 0, -2])


probabilities = st.lists(st.floats(0.001, 1), min_size=3, max_size=3)


@given(st.lists(st.tuples(probabilities, st.integers(0, 2)), min_size=1, max_size=20))
def test_doubted_rows_are_those_whose_label_became_half_as_likely_or_less(rows):
    with_input = logs(*[np.array(row) / sum(row) for row, _ in rows])
    gold = np.array([label for _, label in rows])
    pvi = pointwise(with_input, np.full_like(with_input, -np.log2(3)), gold)
    rows_ = suspects(pvi, with_input, gold)
    assert all(one <= other for one, other in pairwise(pvi[rows_]))
    for at in range(len(gold)):
        chances = 2 ** with_input[at]
        doubted = pvi[at] <= -1 and chances.argmax() != gold[at] and chances.max() >= 0.5 - 1e-12
        assert (at in rows_) == doubted


def test_of_several_epochs_the_cheapest_counts():
    gold = np.array([0, 1])
    right = np.array([[0.5, 0.5], [0.9, 0.8], [0.99, 0.1]])
    epochs = np.log2([[[one, 1 - one], [1 - other, other]] for one, other in right])
    assert best_epoch(epochs, gold) == 1
    assert of_gold(epochs, gold) == pytest.approx(np.log2(right))


# --- the map ---


def learned(*rows):
    """One model: of each row the probability of its label, epoch by epoch."""
    probability = np.array([rows]).transpose(0, 2, 1)
    return chart(probability, probability > 0.5)


def test_rows_lie_where_they_were_learned():
    rows = [0.6, 0.9, 0.9], [0.1, 0.5, 0.9], [0.1, 0.1, 0.1]
    regions = learned(*rows)
    assert regions.confidence.tolist() == pytest.approx([0.8, 0.5, 0.1])
    assert regions.variability.tolist() == pytest.approx([np.std(row) for row in rows])
    assert regions.correctness.tolist() == pytest.approx([1, 1 / 3, 0])


def test_a_dataset_s_thirds_part_another_s_rows():
    usual = learned(*[[at / 30, at / 30] for at in range(30)])
    assert inside(usual, usual) == {"easy to learn": 10, "ambiguous": 0, "hard to learn": 10}
    mine = learned([0.9, 0.9], [0.95, 0.95], [0.5, 0.5], [0.0, 0.2])
    assert inside(mine, usual) == {"easy to learn": 2, "ambiguous": 1, "hard to learn": 1}


def test_models_that_did_not_see_a_row_say_nothing_of_it():
    nothing = float("nan")
    probability = np.array([[[0.4, nothing], [0.8, nothing]], [[0.2, 0.9], [0.6, 0.9]]])
    regions = chart(probability, np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1]]], dtype=bool))
    assert regions.confidence.tolist() == pytest.approx([0.5, 0.9])
    assert regions.variability.tolist() == pytest.approx([0.2, 0])
    assert regions.correctness.tolist() == pytest.approx([0.5, 1])


# --- what is learned from, and what belongs together ---


ONE, TWO = "the ferry came late to Kilbrannan", "the tower was old and very cold"


def grouped(texts, largest, units=None):
    labels, rendered = ["a"] * len(texts), [" ".join(of) for of in texts]
    units = range(len(texts)) if units is None else units
    of = Decisions(rendered, labels, texts, list(units), range(len(texts)))
    return [*groups_of(of, largest=largest)]


def test_rows_that_share_a_text_are_together_also_through_others():
    texts = [(ONE, "a"), (ONE, TWO), ("b", TWO), ("c", "a"), ("d", "a"), ("c", "a")]
    groups = grouped(texts, 6)
    assert groups[0] == groups[1] == groups[2]
    # Short texts join nothing, so not even equal rows of them where longer ones do.
    assert len(set(groups)) == 4
    # Groups that would be too large are of equal rows alone.
    groups = grouped([(ONE, "a"), (ONE, TWO), ("b", TWO), (ONE, "a")], 3)
    assert max(Counter(groups).values()) == 2
    # What a task makes together stays together.
    groups = grouped([(str(at),) for at in range(8)], 8, [at // 2 for at in range(8)])
    assert sorted(Counter(groups).values()) == [2, 2, 2, 2]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=1, max_size=80),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_folds_part_no_group_and_share_labels_out(rows, count, seed):
    groups, labels = zip(*rows, strict=True)
    folds = folds_of(groups, labels, count=count, seed=seed)
    assert set(folds.tolist()) <= set(range(count))
    assert len(set(zip(groups, folds.tolist(), strict=True))) == len(set(groups))
    alone = folds_of(range(len(rows)), labels, count=count, seed=seed)
    for label in set(labels):
        often = Counter(int(f) for f, mine in zip(alone, labels, strict=True) if mine == label)
        assert max(often.values()) - min(often[fold] for fold in range(count)) <= 1


def test_a_row_of_no_known_task_reads_each_text_under_its_name(corpus, study):
    fields = ("premise", "choice1", "choice2")
    mine = corpus([("It rained.", "He got wet.", "He sang.")], ["0"], fields=fields)
    (shown,) = read(study(mine), mine, 5).inputs
    assert shown == "premise: It rained.\nchoice1: He got wet.\nchoice2: He sang."


def test_rows_without_a_label_are_left_out_and_chance_says_which_are_taken(corpus, study):
    mine = corpus([f"row {at}" for at in range(40)], ["a", "b", "", ""] * 10)
    drawn = read(study(mine), mine, 12)
    assert len(drawn) == 12
    assert all(mine.labels[int(text.split()[1])] for text in drawn.inputs)
    assert drawn == read(study(mine), mine, 12)
    assert drawn.inputs != read(study(mine, seed=1), mine, 12).inputs
