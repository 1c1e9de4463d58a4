"""The metrics of words and of repetition, whole."""

from __future__ import annotations

import pytest

from targen_analysis.lexical.metric import LEXICAL
from targen_analysis.lexical.repetition import REPETITION


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
    ratios = next(plot for plot in findings.plots if plot.kind == "intervals")
    assert all(mark["low"] <= mark["ratio"] <= mark["high"] for mark in ratios.data)


def test_figures_do_not_depend_on_what_stands_beside(corpus, sentences, study):
    mine, more = corpus(sentences(40)), corpus(sentences(40, seed=2), name="more")
    alone = measure(LEXICAL, study(mine), replicates=10).figures["mine"]
    assert measure(LEXICAL, study(mine, more), replicates=10).figures["mine"] == alone
    other_seed = measure(LEXICAL, study(mine, seed=1), replicates=10).figures["mine"]
    assert other_seed["vocabulary"].value == alone["vocabulary"].value
    assert other_seed["vocabulary"] != alone["vocabulary"]


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


def test_a_very_long_row_is_compared_by_its_beginning(corpus, study):
    long = "word " * 30_000
    findings = measure(REPETITION, study(corpus([long, f"{long} more", "a short one"])))
    assert findings.figures["mine"]["unique at 0.9"].value == pytest.approx(1 / 3)
    assert max(len(cell) for row in findings.tables[1].rows for cell in row[1:]) <= 400
