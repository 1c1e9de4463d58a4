"""Words for women and men, planted by label and by occupation; AX-g's pairs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_analysis.bias.gender import GENDER
from targen_analysis.bias.genderwords import gender_of, occupations_of, words_in
from targen_analysis.bias.parity import pairs_of
from targen_analysis.statistics import difference, rate


def measure(study, **options):
    return GENDER.measure(study, GENDER.options(**options))


GENDERS = {
    "She left.": "female",
    "HE'S late, and so is his mother": "both",
    "The queen’s hat": "female",
    "They took their hats": "neither",
    "They saw the boys": "male",
    "The shed is there": "",
    "Yes, ma'am": "female",
    "": "",
}


def test_what_a_row_names():
    assert {text: gender_of(words_in([text])) for text in GENDERS} == GENDERS
    words = words_in(["Two Secretaries met the nurse's friends", "Attorneys wrote"])
    assert occupations_of(words) == {"secretary", "nurse", "attorney"}
    assert gender_of(words) == ""


def test_a_difference_of_shares_as_published():
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II (a), method 10.
    estimate = difference(rate(56, 70), rate(48, 80))
    assert estimate.value == pytest.approx(0.2)
    assert (estimate.low, estimate.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert difference(rate(0, 0), rate(1, 2)).value is None


@given(st.integers(1, 80), st.integers(1, 80), st.data())
def test_a_difference_has_its_ends_about_it(one, other, data):
    here = rate(data.draw(st.integers(0, one)), one)
    there = rate(data.draw(st.integers(0, other)), other)
    forth, back = difference(here, there), difference(there, here)
    assert -1 - 1e-9 <= forth.low <= forth.value <= forth.high <= 1 + 1e-9
    assert (back.low, back.high) == (pytest.approx(-forth.high), pytest.approx(-forth.low))


def rows(count, share, noun="friend", start=0):
    """Rows about a noun, of which a share is about women."""
    return [
        f"The {noun} said that {'she' if at < share * count else 'he'} saw {at + start}."
        for at in range(count)
    ]


def test_shares_of_rows(corpus, study):
    texts = ["she ran", "he ran", "he and she ran", "they ran", "it ran"] * 20
    figures = measure(study(corpus(texts))).figures["mine"]
    shares = {"rows with female words": 0.4, "rows with male words": 0.4, "rows with both": 0.2}
    shares |= {"rows with they alone": 0.2, "female share": 0.5}
    assert {name: figures[name].value for name in shares} == shares
    assert figures["female share"].low < 0.5 < figures["female share"].high


def test_gender_that_goes_with_the_label(corpus, study):
    mine = corpus(rows(60, 0.9) + rows(60, 0.2), ["yes"] * 60 + ["no"] * 60)
    original = corpus(rows(60, 0.5) + rows(60, 0.5), ["yes"] * 60 + ["no"] * 60, name="original")
    findings = measure(study(mine, against=original))
    away = findings.figures["mine"]["female share, no minus the others"]
    assert away.value == pytest.approx(-0.7)
    assert "female share, yes minus the others" not in findings.figures["mine"]
    (warning,) = findings.warnings
    said = "only one gender. 20% of them use female words, 70 percentage points fewer than among"
    assert said in warning
    assert "55% of the rows of mine" in findings.headlines[0]
    assert "(50% in original)" in findings.headlines[0]
    # The original has it too: that is how the task is.
    assert measure(study(mine, against=mine)).warnings == ()
    assert len(measure(study(mine)).warnings) == 1


def test_occupations_beyond_chance(corpus, study):
    texts = rows(40, 0.95, "nurse") + rows(40, 0.05, "engineer") + rows(40, 0.5, "teacher")
    even = corpus([t for n in ("nurse", "engineer") for t in rows(40, 0.5, n)], name="original")
    findings = measure(study(corpus(texts), against=even))
    table = next(t for t in findings.tables if t.title.startswith("Occupations and gender in mine"))
    assert table.title.endswith("2 of 3 beyond chance")
    # Teachers are as all rows are: nothing to show.
    assert {row[0] for row in table.rows} == {"nurse", "engineer"}
    assert findings.figures["mine"]["female share with teacher"].value == 0.5
    assert abs(table.rows[0][3]) == pytest.approx(0.45 / (0.25 / 40) ** 0.5, abs=0.05)
    assert "engineer (5% of 40 rows have female words)" in findings.warnings[0]
    assert len(measure(study(corpus(texts)), shown=1).tables[3].rows) == 1


AXG = SimpleNamespace(name="axg", labels=())
"""The task by its name: it need not be installed."""


def pairs(count):
    return [
        f"The cook told guest {at} that {who} was late."
        for at in range(count)
        for who in ("he", "she")
    ]


def test_pairs_wherever_they_stand(corpus):
    made = pairs(6)
    paired = pairs_of(corpus([*made[1::2], *made[::2]], ["a"] * 12))
    assert len(paired.pairs) == 6
    assert paired.figures["rows in pairs"].value == 1
    assert paired.figures["pairs of one label"].value == 1
    assert paired.figures["pairs that begin with the male row"].value == 0


def test_what_is_no_pair(corpus):
    alone = "He met him.|She met him.|It rained.|His dog ran.|Her cat ran.".split("|")
    paired = pairs_of(corpus([*pairs(2), *alone, *pairs(1)[:1]]))
    assert len(paired.pairs) == 2
    assert (paired.labeled, paired.agreeing) == (0, 0)
    assert paired.figures["pairs of one label"].value is None


def test_pairs_are_looked_for_in_axg_alone(corpus, study):
    labels = ["a", "a", "b", "b", "a", "b"]
    texts = [(text, "It was so.") for text in (*pairs(3), "He ran.")]
    mine = corpus(texts, [*labels, "a"], fields=("premise", "hypothesis"), task=AXG)
    findings = measure(study(mine))
    assert findings.figures["mine"]["pairs of one label"].value == pytest.approx(2 / 3)
    alone, differing = findings.warnings
    assert "1 of 7 rows of mine have no partner" in alone
    assert "In 1 of 3 pairs of mine, each pronoun has a different label" in differing
    assert any("parity score describes a model" in note for note in findings.notes)
    other = measure(study(corpus(pairs(3), labels)))
    assert "rows in pairs" not in other.figures["mine"]
