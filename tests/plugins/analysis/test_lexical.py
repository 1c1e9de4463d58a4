"""Words, n-grams, and the metrics of them: whole, by hand, by slow definitions, by others' code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_analysis.lexical.metric import LEXICAL, hdd, mattr
from targen_analysis.lexical.repetition import REPETITION
from targen_analysis.lexical.rouge import WordEncoder
from targen_analysis.lexical.selfbleu import self_bleu
from targen_analysis.lexical.words import split


def measure(metric, study, **options):
    return metric.measure(study, metric.options(**options))


def test_a_smaller_vocabulary_shows_at_equal_size(corpus, sentences, study):
    poor = corpus(sentences(60, of=30))
    rich = corpus(sentences(300, seed=1), name="original")
    findings = measure(LEXICAL, study(poor, against=rich), replicates=30)
    mine, other = (findings.figures[name]["vocabulary"] for name in ("mine", "original"))
    assert mine.high < other.low
    assert findings.figures["original"]["words"].value == 60 * 12
    assert findings.figures["original"]["words, all rows"].value == 300 * 12
    assert "in the same number of rows (60)" in findings.headlines[0]
    assert "chance" not in findings.headlines[0]


def test_without_spaces_between_words_characters_are_counted_and_named(corpus, study):
    texts = ["部屋は清潔でした。", "荷物が届きません。", "駅から近くて便利です。"]
    findings = measure(LEXICAL, study(corpus(texts)), replicates=0)
    (headline,) = findings.headlines
    assert headline == "mine: 25 distinct characters among the 26 characters of 3 rows."
    said = [findings.glance["vocabulary"], findings.glance["mattr"]]
    said += [row[0] for table in findings.tables for row in table.rows]
    assert "MATTR (50 characters)" in said
    assert not [each for each in said if "words" in each]


def test_copies_are_found(corpus, sentences, study):
    texts = sentences(40, words=10)
    near = [f"{text} bal" for text in texts[:20]]
    findings = measure(REPETITION, study(corpus([*texts, *near, texts[0]])))
    figures = findings.figures["mine"]
    assert figures["repeated word for word"].value == pytest.approx(1 / 61)
    assert figures["unique at 0.9"].value == pytest.approx(20 / 61, abs=0.02)
    said = "In 1 of 61 rows of mine, an earlier row is repeated word for word"
    assert said in findings.warnings[0]
    pairs = findings.tables[1]
    assert pairs.title == "Most similar rows in mine"
    assert pairs.rows[0][0] == 1.0
    assert len(pairs.rows) == 5


# --- Words, n-grams and what is counted of them, against hand counts and slow definitions ---


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


def test_figures_by_hand(corpus, study):
    mine = corpus([("a b a b", "c"), ("a b", "")], fields=("one", "two"))
    values = measure(LEXICAL, study(mine), replicates=0).figures["mine"]
    # Words a b a b c a b; bigrams ab ba ab | ab, trigrams aba bab: none reaches over fields.
    entropy = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    expected = {"words": 7, "vocabulary": 3, "distinct-1": 3 / 7, "distinct-2": 1 / 2}
    expected |= {"distinct-3": 1, "entropy-2": entropy, "mattr": None}
    assert {name: values[name].value for name in expected} == pytest.approx(expected)


def test_hdd_is_the_expected_ratio_of_a_draw():
    counts = np.array([30, 20, 10, 5, 1])
    total = counts.sum()
    expected = sum(1 - math.comb(total - c, 42) / math.comb(total, 42) for c in counts) / 42
    assert hdd(counts) == pytest.approx(expected)
    assert math.isnan(hdd(np.array([41])))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 12))
def test_mattr_is_the_mean_over_windows(ids, window):
    windows = [ids[at : at + window] for at in range(len(ids) - window + 1)]
    expected = sum(len(set(w)) / window for w in windows) / len(windows) if windows else math.nan
    assert mattr(np.array(ids, dtype=np.int64), window) == pytest.approx(expected, nan_ok=True)


# --- BLEU and ROUGE-L against the implementations that others use ---


def test_self_bleu_is_that_of_sacrebleu(sentences):
    sacrebleu = pytest.importorskip("sacrebleu")
    texts = [*sentences(12, of=25, words=9), *sentences(4, seed=1, of=6, words=3), "bal"]
    mine = self_bleu(WordEncoder().encode_all(texts))
    bleu = sacrebleu.BLEU(effective_order=True, tokenize="none", smooth_method="exp")
    for at, text in enumerate(texts):
        others = [other for place, other in enumerate(texts) if place != at]
        assert mine[at] == pytest.approx(bleu.sentence_score(text, others).score / 100), text
