"""How hard rows are: the arithmetic, and what a model is given to learn. Without torch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_analysis.difficulty.measured import (
    chart_of,
    doubtful_rows,
    logs_of_labels,
)
from targen_analysis.learning import folds_of, join_groups


def logs(*rows):
    return np.log2(np.array(rows))


# --- pointwise V-information ---


probabilities = st.lists(st.floats(0.001, 1), min_size=3, max_size=3)


@given(st.lists(st.tuples(probabilities, st.integers(0, 2)), min_size=1, max_size=20))
def test_doubted_rows_are_those_whose_label_became_half_as_likely_or_less(rows):
    with_input = logs(*[np.array(row) / sum(row) for row, _ in rows])
    gold = np.array([label for _, label in rows])
    pvi = logs_of_labels(with_input, gold) + np.log2(3)
    rows_ = doubtful_rows(pvi, with_input, gold)
    assert all(one <= other for one, other in pairwise(pvi[rows_]))
    for at in range(len(gold)):
        chances = 2 ** with_input[at]
        doubted = pvi[at] <= -1 and chances.argmax() != gold[at] and chances.max() >= 0.5 - 1e-12
        assert (at in rows_) == doubted


# --- the map ---


def learned(*rows):
    """One model: of each row the probability of its label, epoch by epoch."""
    probability = np.array([rows]).transpose(0, 2, 1)
    return chart_of(probability, probability > 0.5)


def test_rows_lie_where_they_were_learned():
    rows = [0.6, 0.9, 0.9], [0.1, 0.5, 0.9], [0.1, 0.1, 0.1]
    regions = learned(*rows)
    assert regions.confidence.tolist() == pytest.approx([0.8, 0.5, 0.1])
    assert regions.variability.tolist() == pytest.approx([np.std(row) for row in rows])
    assert regions.correctness.tolist() == pytest.approx([1, 1 / 3, 0])


# --- what is learned from, and what belongs together ---


def test_groups_are_joined_by_way_of_others_and_stay_in_one_fold():
    keys = [["a"], ["a", "b"], ["b"], ["c"], [], *([f"row {at}"] for at in range(20))]
    groups = join_groups(keys)
    assert len({*groups[:3].tolist()}) == 1
    assert len({*groups.tolist()}) == len(keys) - 2
    folds = folds_of(groups, ["x", "y"] * 12 + ["x"], count=3, seed=0)
    assert len({*folds[:3].tolist()}) == 1
    assert {*folds.tolist()} == {0, 1, 2}
