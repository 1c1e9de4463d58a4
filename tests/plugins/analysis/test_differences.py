"""How synthetic rows differ from real ones: planted, and found where they were planted."""

from __future__ import annotations

import random
import re

import pytest

from targen_analysis.differences.metric import DIFFERENCES

pytest.importorskip("sklearn")

PLACES = "harbour orchard library stadium kitchen chapel factory meadow tunnel theatre".split()
DEEDS = "closed opened flooded reopened burned moved expanded vanished collapsed returned".split()
PAIR = ("premise", "hypothesis")


def real(count, seed=0):
    """Short questions about ten places, alike in form."""
    rng = random.Random(seed)

    def said():
        name = "".join(rng.choices("abcdefghiklmnoprstuvw", k=9))
        return (
            f"Which {rng.choice(PLACES)} {rng.choice(DEEDS)} after the {name} {rng.choice(PLACES)}?"
        )

    return [said() for _ in range(count)]


@pytest.fixture
def compared(corpus, study):
    """What is found in rows, compared with real ones."""

    def compare(mine, theirs, fields=("text",), **options):
        rows, reference = corpus(mine, fields=fields), corpus(theirs, fields=fields, name="real")
        chosen = DIFFERENCES.options(**{"replicates": 100, **options})
        return DIFFERENCES.measure(study(rows, against=reference), chosen)

    return compare


def features(findings):
    return {row[0]: row for row in findings.tables[0].rows}


def test_rows_of_one_source_are_not_told_apart(compared):
    findings = compared(real(120), real(120, 1))
    figures = findings.figures["mine"]
    for way in ("words", "form"):
        area = figures[f"AUC from {way}"]
        assert area.low <= 0.5 <= area.high or area.value < 0.65
    assert figures["near copies"].value == 0
    assert abs(figures["words"].value - findings.figures["real"]["words"].value) < 0.5


def test_rows_that_share_only_a_premise_with_real_rows_are_no_near_copies(compared):
    premises, others = real(60), real(180, 1)
    theirs = [*zip(premises, others[:60], strict=True), *zip(premises, others[60:120], strict=True)]
    mine = [
        *zip(premises, others[120:], strict=True),  # new
        *[(premise, f"{text} too") for premise, text in theirs[:20]],
        *theirs[60:80],
    ]
    findings = compared(mine, theirs, fields=PAIR)
    figures = findings.figures["mine"]
    assert figures["near copies"].value == 0.4
    assert figures["shared texts"].value == 0.6
    (pairs,) = [each.rows for each in findings.tables if "near copies" in each.title]
    assert all(ours.startswith(known[:-1]) for ours, known in pairs), "of one premise, the nearest"


def test_a_planted_habit_is_named_first_with_both_shares(compared):
    habit = "Mr. Tanaka wrote to us. "
    mine = [f"{habit if at % 10 else ''}{text}" for at, text in enumerate(real(120))]
    findings = compared(mine, real(120, 1))
    assert findings.figures["mine"]["AUC from form"].low > 0.85
    row = features(findings)["contain a statement and a question"]
    assert (row[1].value, row[2].value) == (0.9, 0.0)
    assert row[3].low > 0.75
    assert len(features(findings)) <= 10
    said = "\n".join(findings.headlines)
    assert re.search("90% of the rows of mine.*0% of real", said)
    assert re.search("On average, a row of mine has.*words \\(sd.*a row of real has 7.0", said)


def test_rows_of_one_premise_are_one_draw(compared):
    """Twenty premises of twelve rows each know as little as twenty rows, or a little more."""
    rng = random.Random(3)

    def rows(premises, each=1):
        return [
            (premise, f"Number {rng.random()} won.") for premise in premises for _ in range(each)
        ]

    def hedged(count):
        ends = ("", " Perhaps it did.")
        return [f"{premise}{ends[at % 2]}" for at, premise in enumerate(real(count, 5))]

    other = rows(real(240, 6))
    few, many = (compared(mine, other, PAIR) for mine in (rows(hedged(20), 12), rows(hedged(240))))
    name = "contain a statement and a question in the premise"
    narrow, wide = (features(findings)[name][1] for findings in (many, few))
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)
    assert not any("little evidence" in line for line in many.headlines)
    assert any("mine has only 20 independent rows" in line for line in few.headlines)


def test_labels_that_real_rows_contradict_are_worth_a_warning(corpus, study):
    def labelled(count, seed):
        rows = real(count, seed)
        labels = ["indoors" if row.split()[1] in PLACES[:5] else "outdoors" for row in rows]
        texts = [f"{row} {label[:2]} {label[:2]}" for row, label in zip(rows, labels, strict=True)]
        return texts, labels

    reference = corpus(*labelled(40, 1), name="own")
    texts, labels = labelled(100, 2)
    swapped = ["outdoors" if label == "indoors" else "indoors" for label in labels]
    options = DIFFERENCES.options(embedder="words", replicates=100)
    right, wrong = (
        DIFFERENCES.measure(study(corpus(texts, each), against=reference), options).warnings
        for each in (labels, swapped)
    )
    assert not right
    assert "A classifier trained on own contradicts" in wrong[0]
