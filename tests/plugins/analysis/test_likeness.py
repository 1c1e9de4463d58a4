"""Likeness of single rows: the same numbers as an analysis has, never of a row with itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from targen_analysis.likeness import by_vectors, by_words
from targen_standard.embedding import WORDS

TEXTS = [
    "the soup was warm",
    "the soup was cold",
    "we waited for an hour and then left",
    "The soup was warm!",
    "",
]


def test_words_give_rouge_l_with_another_row():
    likeness = by_words(TEXTS)
    every = range(len(TEXTS))
    assert likeness.nearest(every, every).tolist() == [1.0, 0.75, 0.0, 1.0, 0.0]
    assert likeness.neighbours(1, every, 2) == [(0, 0.75), (3, 0.75)]
    assert likeness.neighbours(0, range(1, 3), 9) == [(1, 0.75), (2, 0.0)]
    assert math.isnan(likeness.nearest([2], range(2, 3))[0]), "there is no other row"
    assert likeness.neighbours(2, range(2, 3), 5) == []


@pytest.mark.parametrize("pairs", [1, 7, 1000])
def test_all_rows_in_steps_have_the_nearest_that_each_has(pairs, sentences):
    likeness = by_words([*sentences(40), *sentences(5, seed=1), ""])
    among = range(3, 44)
    steps = [*likeness.each_nearest(among, pairs)]
    assert [row for some, _ in steps for row in some] == list(among)
    found = np.concatenate([nearest for _, nearest in steps])
    assert found.tolist() == likeness.nearest(among, among).tolist()
    ((_, alone),) = likeness.each_nearest(range(2, 3), pairs)
    assert np.isnan(alone).all()


def test_vectors_give_cosines():
    encode = WORDS.open()
    likeness = by_vectors(TEXTS, encode)
    one, other = (np.asarray(encode(text)) for text in TEXTS[:2])
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert likeness.nearest([1], range(2))[0] == pytest.approx(cosine)
    assert likeness.neighbours(0, range(5), 1) == [(3, pytest.approx(1.0))]
    assert likeness.neighbours(4, range(5), 1) == [(0, 0.0)], "no words: a vector of zeros"
