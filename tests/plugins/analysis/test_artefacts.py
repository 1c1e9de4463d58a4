"""Each artefact planted, and found where it is and nowhere else."""

from __future__ import annotations

import random

import pytest

from targen_analysis.artefacts.baselines import subsets
from targen_analysis.artefacts.metric import ARTEFACTS
from targen_analysis.artefacts.words import signs

pytest.importorskip("sklearn")

FIELDS = ("premise", "hypothesis")


def measure(study, **options):
    return ARTEFACTS.measure(study, ARTEFACTS.options(**options))


def rows(sentences, plant=lambda premise, hypothesis, label, rng: (premise, hypothesis)):
    rng = random.Random(5)
    made, labels = [], []
    for premise, hypothesis in zip(sentences(200), sentences(200, seed=1, words=6), strict=True):
        label = rng.choice(["yes", "no"])
        made.append(plant(premise, hypothesis, label, rng))
        labels.append(label)
    return made, labels


@pytest.fixture
def planted(corpus, sentences, study):
    def find(plant, **options):
        plain, plain_labels = rows(sentences)
        texts, labels = rows(sentences, plant)
        mine = corpus(texts, labels, fields=FIELDS)
        original = corpus(plain, plain_labels, fields=FIELDS, name="original")
        return measure(study(mine, against=original), **options)

    return find


def clear(found, corpus="mine"):
    """What tells the label beyond chance by a wide margin."""
    return {
        name
        for name, score in found.figures[corpus].items()
        if name != "chance" and score.low is not None and score.low > 0.65
    }


def test_nothing_is_found_where_nothing_is(planted):
    found = planted(lambda p, h, label, rng: (p, h))
    assert clear(found) == clear(found, "original") == set()
    assert found.warnings == ()


def test_a_word_of_the_hypothesis(planted):
    found = planted(lambda p, h, label, rng: (p, f"not {h}" if label == "no" else h))
    assert clear(found) >= {"hypothesis alone", "all fields"}
    assert "premise alone" not in clear(found)
    assert clear(found, "original") == set()
    assert any("seeing hypothesis alone" in line for line in found.warnings)
    words = next(
        t for t in found.tables if t.title.startswith("Words that go with a label in mine")
    )
    assert words.rows[0][:3] == ("hypothesis", "not", "no")


def test_a_word_of_the_premise(planted):
    found = planted(lambda p, h, label, rng: (f"{p} maybe" if label == "yes" else p, h))
    assert clear(found) >= {"premise alone"}
    assert "hypothesis alone" not in clear(found)


def test_length(planted):
    found = planted(lambda p, h, label, rng: (p, f"{h} {h}" if label == "yes" else h))
    assert "length of all fields" in clear(found)


def test_overlap(planted):
    copied = planted(
        lambda p, h, label, rng: (p, " ".join(rng.sample(p.split(), 6)) if label == "yes" else h)
    )
    assert "overlap of premise and hypothesis" in clear(copied)
    assert "hypothesis alone" not in clear(copied)


def test_copies_do_not_teach(corpus, study):
    # Ten texts, each forty times with one label: seen in training, each would be known.
    texts = [f"text{at % 10} of number{at % 10}" for at in range(400)]
    labels = ["yes" if at % 10 < 5 else "no" for at in range(400)]
    found = measure(study(corpus(texts, labels)))
    score = found.figures["mine"]["all fields"]
    assert score.value is None or score.value < 0.7


def test_too_few_rows_one_label_or_none(corpus, sentences, study):
    few = measure(study(corpus(sentences(10), ["a", "b"] * 5)))
    assert few.figures["mine"]["all fields"].value is None
    for labels in (["a"] * 30, [""] * 30, [str(at) for at in range(30)]):
        assert "no labels to give away" in measure(study(corpus(sentences(30), labels))).notes[0]
    empty = measure(study(corpus(["!"] * 60, ["a", "b"] * 30)))
    assert empty.figures["mine"]["all fields"].value is None


def test_signs_need_more_than_chance(sentences):
    texts = [(text,) for text in sentences(300)]
    labels = ["a", "b", "c"] * 100
    assert signs(texts, ("text",), labels) == []
    marked = [(f"{text} never",) if at % 3 == 0 else (text,) for at, (text,) in enumerate(texts)]
    (sign,) = signs(marked, ("text",), labels)
    assert (sign.word, sign.label, sign.rows, sign.share) == ("never", "a", 100, 1.0)
    assert sign.z == pytest.approx((1 - 1 / 3) / (1 / 3 * 2 / 3 / 100) ** 0.5)
    assert sign.pmi > 0


def test_which_fields_are_seen():
    assert subsets(("a",)) == [(0,)]
    assert subsets(("a", "b", "c"))[-1] == (0, 1, 2)
    assert len(subsets(("a", "b", "c"))) == 7
    assert subsets(tuple("abcde")) == [(0,), (1,), (2,), (3,), (4,), (0, 1, 2, 3, 4)]


def test_what_one_field_gives_away_is_said_once(corpus, sentences, study):
    labels = ["yes", "no"] * 100
    marks = ["surely", "hardly"] * 100
    texts = [
        (one, f"{mark} {two}", three)
        for one, two, three, mark in zip(
            sentences(200), sentences(200, seed=1), sentences(200, seed=2), marks, strict=True
        )
    ]
    found = measure(study(corpus(texts, labels, fields=("a", "b", "c"))))
    assert len(found.warnings) == 1
    assert "seeing b alone" in found.warnings[0]
    assert found.figures["mine"]["a + b alone"].low > 0.8
