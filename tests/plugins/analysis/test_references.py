"""BLEU and ROUGE-L against the implementations that others use."""

from __future__ import annotations

import numpy as np
import pytest

from targen_analysis.lexical.rouge import as_string, nearest
from targen_analysis.lexical.selfbleu import self_bleu
from targen_analysis.lexical.words import words_of


def test_self_bleu_is_that_of_sacrebleu(corpus, sentences):
    sacrebleu = pytest.importorskip("sacrebleu")
    texts = [*sentences(12, of=25, words=9), *sentences(4, seed=1, of=6, words=3), "bal"]
    (words,) = words_of(corpus(texts))
    mine = self_bleu([words.row(at).tolist() for at in range(len(texts))])
    bleu = sacrebleu.BLEU(effective_order=True, tokenize="none", smooth_method="exp")
    for at, text in enumerate(texts):
        others = [other for place, other in enumerate(texts) if place != at]
        assert mine[at] == pytest.approx(bleu.sentence_score(text, others).score / 100), text


def test_self_bleu_of_extremes():
    assert self_bleu([[1, 2, 3, 4, 5]] * 3) == pytest.approx([1, 1, 1])
    assert self_bleu([[1, 2, 3], [4, 5, 6]]) == [0, 0]
    assert self_bleu([[], [1]]) == [0, 0]


def test_rouge_l_is_that_of_rouge_score(corpus, sentences):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    texts = sentences(10, of=20, words=10) + sentences(5, seed=2, of=20, words=4)
    (words,) = words_of(corpus(texts))
    strings = [as_string(words.row(at)) for at in range(len(texts))]
    best, which = nearest(strings, strings, own=range(len(texts)))
    for at, text in enumerate(texts):
        others = [
            scorer.score(other, text)["rougeL"].fmeasure if place != at else -1
            for place, other in enumerate(texts)
        ]
        assert best[at] == pytest.approx(max(others), abs=1e-6)
        assert others[which[at]] == pytest.approx(max(others))


def test_many_words_have_characters_of_their_own():
    ids = np.array([0, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0x10F7FF])
    assert len(set(as_string(ids))) == len(ids)
