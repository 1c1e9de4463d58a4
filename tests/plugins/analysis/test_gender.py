"""Words for women and men, planted by label; AX-g's pairs."""

from __future__ import annotations

import pytest

from targen_analysis.gender import GENDER, gender_of, pairs_of


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
    assert {text: gender_of([text]) for text in GENDERS} == GENDERS


def rows(count, share):
    """Rows of which a share is about women."""
    return [
        f"The friend said that {'she' if at < share * count else 'he'} saw {at}."
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
    assert "20% have female words, 70 percentage points fewer than among the other" in warning
    assert "55% of the rows of mine" in findings.headlines[0]
    assert "(50% in original)" in findings.headlines[0]
    # The original has it too: that is how the task is.
    assert measure(study(mine, against=mine)).warnings == ()
    assert len(measure(study(mine)).warnings) == 1


def pairs(count):
    return [
        f"The cook told guest {at} that {who} was late."
        for at in range(count)
        for who in ("he", "she")
    ]


def test_pairs_wherever_they_stand(corpus):
    made = pairs(6)
    paired = pairs_of(corpus([*made[1::2], *made[::2]], ["a"] * 12))
    assert paired == [(6 + at, at) for at in range(6)]
