"""Words, n-grams and what is counted of them, against hand counts and slow definitions."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_analysis.lexical.counts import FIGURES, counted
from targen_analysis.lexical.richness import hdd, mattr, mtld
from targen_analysis.lexical.words import split, words_of


def figures(words, rows):
    return dict(zip(FIGURES, counted(words, np.array(rows)).tolist(), strict=True))


WORDS = {
    "The cat's  hat, the CAT-hat!": ["the", "cat's", "hat", "the", "cat", "hat"],
    "3.5 per cent_age": ["3", "5", "per", "cent", "age"],
    "don’t 'quote'": ["don't", "quote"],
    "naïve Ænima": ["naïve", "ænima"],
    "यह हफ़्ते, Gro\u0308ße": ["यह", "हफ़्ते", "größe"],
    "我用iPhone 15 ที่": ["我", "用", "iphone", "15", "ที่"],
    "İlk \u0645\u064f\u0631\u0640\u0640\u0631": ["ilk", "\u0645\u0631\u0631"],
    " …!? ": [],
}


def test_words():
    assert {text: split(text) for text in WORDS} == WORDS


def test_figures_by_hand(corpus):
    (words,) = words_of(corpus([("a b a b", "c"), ("a b", "")], fields=("one", "two")))
    values = figures(words, [0, 1])
    # Words a b a b c a b; bigrams ab ba ab | ab: none reaches from field to field.
    entropy = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert values["entropy-2"] == pytest.approx(entropy)
    found = {"words": 7, "vocabulary": 3, "bigrams per row": 1, "own bigrams per row": 3 / 2}
    assert {name: values[name] for name in found} == found
    assert math.isnan(values["hd-d"])


one, other = (st.lists(st.sampled_from("abcd"), max_size=size) for size in (6, 4))
rows_of_words = st.lists(st.tuples(one, other), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=rows_of_words, data=st.data())
def test_counts_are_those_of_the_definition(corpus, rows, data):
    texts = [(" ".join(one), " ".join(two)) for one, two in rows]
    (words,) = words_of(corpus(texts, fields=("x", "y")))
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=8))
    values = figures(words, chosen)
    for n in range(1, 5):
        grams = Counter(
            tuple(field[at : at + n])
            for row in chosen
            for field in rows[row]
            for at in range(len(field) - n + 1)
        )
        expected = len(grams) / grams.total() if grams else float("nan")
        assert values[f"distinct-{n}"] == pytest.approx(expected, nan_ok=True)
    sequence = words.sequence(np.array(chosen))
    assert len(sequence) == sum(len(one) + len(two) for one, two in (rows[row] for row in chosen))


def test_hdd_is_the_expected_ratio_of_a_draw():
    counts = np.array([30, 20, 10, 5, 1])
    total = counts.sum()
    expected = sum(1 - math.comb(total - c, 42) / math.comb(total, 42) for c in counts) / 42
    assert hdd(counts) == pytest.approx(expected)
    assert hdd(np.ones(42, dtype=int)) == pytest.approx(1)
    assert hdd(np.array([500])) == pytest.approx(1 / 42)
    assert math.isnan(hdd(np.array([41])))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 12))
def test_mattr_is_the_mean_over_windows(ids, window):
    windows = [ids[at : at + window] for at in range(len(ids) - window + 1)]
    expected = sum(len(set(w)) / window for w in windows) / len(windows) if windows else math.nan
    assert mattr(np.array(ids, dtype=np.int64), window) == pytest.approx(expected, nan_ok=True)


def number(text: str) -> np.ndarray:
    kinds: dict[str, int] = {}
    return np.array([kinds.setdefault(word, len(kinds)) for word in text.split()])


def test_mtld_of_the_example_of_its_paper_and_without_a_repeat():
    # McCarthy and Jarvis (2010). Forwards the ratio falls below .72 at the sixth word,
    # 4 of 6, and the three words that are left repeat nothing; backwards at the fifth,
    # 3 of 5, and four are left. One factor each way, 9 words.
    assert mtld(number("of the people by the people for the people")) == pytest.approx(9)
    assert math.isnan(mtld(number("a b c d")))
    assert math.isnan(mtld(np.array([], dtype=np.int64)))
