"""What of a reference stands in a dataset."""

from __future__ import annotations

import pytest

from targen_analysis.leakage import LEAKAGE


def measure(study, **options):
    return LEAKAGE.measure(study, LEAKAGE.options(**options))


def test_copies_of_each_kind_are_found(corpus, sentences, study):
    original = [*zip(sentences(80), sentences(80, seed=1), strict=True)]
    fresh = zip(sentences(76, seed=7), sentences(76, seed=8), strict=True)
    mine = [
        original[0],
        (original[1][0].upper() + "!", original[1][1]),
        (f"{' '.join(original[2][0].split()[:9])} and so on", "another thing"),
        (original[3][0], "a new question"),
        *fresh,
    ]
    fields = ("premise", "hypothesis")
    reference = corpus(original, name="original", fields=fields)
    findings = measure(study(corpus(mine, fields=fields), against=reference))
    figures = {name: round(each.value * 80) for name, each in findings.figures["mine"].items()}
    assert figures["the same texts"] == 1
    assert figures["the same words"] == 2
    assert figures["a run of 8 words"] == 4
    assert figures["half of its words in such runs"] == 4
    assert "do not train on one and test on the other" in findings.warnings[0]
    by_field = findings.tables[1]
    assert by_field.rows[0][0] == "premise"
    assert by_field.rows[0][1].value == pytest.approx(3 / 80)
    pairs = findings.tables[2]
    assert pairs.rows[0][0] == 1.0
    assert pairs.rows[0][1].lower().startswith(original[0][0][:10])
    assert findings.figures["original"]["a run of 8 words"].value == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("İlk ödeme", "ilk ödeme"),
        ("IŞIK KIRILDI", "\u0131ş\u0131k k\u0131r\u0131ld\u0131"),
        ("STRASSE", "Straße"),
        ("L’assuré a payé", "L'ASSURE\u0301 A PAYE\u0301"),
        ("\u0645\u064f\u0631\u0640\u0631", "\u0645\u0631\u0631"),
    ],
)
def test_neither_case_nor_how_letters_are_written_makes_other_words(corpus, study, one, other):
    mine, reference = (corpus([(each,), ("the rest",)], name=each) for each in (one, other))
    findings = measure(study(mine, against=reference))
    assert findings.figures[one]["the same texts"].value == 0.5
    assert findings.figures[one]["the same words"].value == 1


def test_runs_do_not_reach_over_fields(corpus, study):
    mine = corpus([("a b c", "d e f")], fields=("x", "y"))
    other = corpus([("a b c d e f", "")], fields=("x", "y"), name="original")
    findings = measure(study(mine, against=other), n=4)
    assert findings.figures["mine"]["a run of 4 words"].value == 0
