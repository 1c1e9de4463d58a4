"""WSC: its passages and their marks, its spans, and whom its pronouns mean."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from targen_core import Rejected
from targen_tasks_superglue.shared.people import FEMALE_NAMES, MALE_NAMES
from targen_tasks_superglue.shared.subjects import PRONOUNS, PronounPair
from targen_tasks_superglue.shared.texts import same_words
from targen_tasks_superglue.wsc.passages import first_mentions, make_row, read_passage
from targen_tasks_superglue.wsc.task import WSC

from .seeds import COOK, FIRST, SECOND


def singular(first, second, pronoun="she"):
    return PronounPair(first=first, second=second, number="singular", pronoun=pronoun)


CREWS = PronounPair(
    first="lifeboat crews", second="weekend sailors", number="plural", pronoun="they"
)


@pytest.fixture
def output(given):
    """Run WSC on one pair (cook, guest) with the same reply to every passages prompt.

    With one given pair, the first label (true) gets the listed order.
    """

    def go(*texts, label="true", **spec):
        quotas = {"true": 0, "false": 0, label: 2}
        return given("wsc", COOK, {"passages": list(texts)}, quotas=quotas, **spec)

    return go


def made(text, pair=COOK, seed=1, **said):
    """The row of a passage; the pronoun means the first phrase, unless it is said otherwise."""
    said = {"means_first": True, "label": True, **said}
    return make_row(read_passage(text, pair), pair, rng=random.Random(seed), **said)


def checked(text, pair=COOK, **said):
    row = made(text, pair, **said)
    for check in WSC.checks:
        check(row, pair)
    return row.target


# --- rows ---------------------------------------------------------------------


def test_the_row_that_must_come_whatever_a_third_passage_and_raw_line_breaks(output):
    ran = output(FIRST, SECOND, "The cook ran.")
    assert [row["text"] for row in ran.rows] == [
        FIRST.replace("[she=cook]", "she"),
        SECOND.replace("[She=guest]", "She"),
    ]
    assert [tuple(row["target"].values()) for row in ran.rows] == [
        ("The cook", 0, "she", 11),
        ("the guest", 4, "She", 11),
    ]
    assert [row["label"] for row in ran.rows] == [True, True]
    broken = output(FIRST.replace(" because", "\n because"), SECOND, name="broken")
    assert broken.rows == ran.rows


GUARD = singular("captain", "captain of the guard", "he")


@pytest.mark.parametrize(
    ("text", "pair", "means_first", "expected"),
    [
        (
            "The lifeboat crews met the weekend sailors, but [they=crews] could not stop that day.",
            CREWS,
            True,
            ("The lifeboat crews", 0, "they", 8),  # the last words of one phrase name it
        ),
        (
            "The captain of the guard bowed to the captain, since [he=captain] held more power.",
            GUARD,
            False,
            ("the captain", 7, "he", 10),  # a phrase inside the other is no mention
        ),
        (
            "The cook sent the guest home early, because [she=cook]'s closing the kitchen.",
            COOK,
            True,
            ("The cook", 0, "she", 8),
        ),
    ],
)
def test_the_spans_of_a_passage(text, pair, means_first, expected):
    target = checked(text, pair, means_first=means_first)
    assert tuple(target.model_dump().values()) == expected


@pytest.mark.parametrize(
    ("text", "pair", "reason"),
    [
        (
            "The older sister met the younger sister when [she=sister] left.",
            singular("older sister", "younger sister"),
            "unknown-referent",
        ),
        (
            "The lifeboat crews met the weekend sailors when [they=lifeboat] left.",
            CREWS,
            "unknown-referent",
        ),
        (
            "The captain of the guard bowed to the mayor, since [he=captain] held no rank.",
            GUARD,
            "phrase-missing",
        ),
    ],
)
def test_a_passage_without_its_phrases_is_none(text, pair, reason):
    with pytest.raises(Rejected) as caught:
        checked(text, pair)
    assert caught.value.reason == reason


# --- replies that are no rows ---------------------------------------------------


# --- what the label rests on ----------------------------------------------------


def by_row(ran):
    """Rows and entries, whether span 1 is named first, and the passage's number in its reply."""
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        pair = PronounPair.model_validate(entry["seed"])
        asked = re.sub(r"^(the|an?) ", "", row["target"]["span1_text"].lower())
        first = next(iter(first_mentions(row["text"], pair)))
        yield row, entry, same_words(asked, first), int(entry["id"].rpartition("/")[2]) + 1


def test_label_first_phrase_and_meaning_are_crossed_and_noted(plain):
    """Under each label, the phrase that is asked about comes first, and is meant, as often."""
    asked, meant, listed = Counter(), Counter(), Counter()
    for row, entry, first, passage in by_row(plain("wsc")):
        label, notes = row["label"], entry["notes"]
        asked[label, first] += 1
        meant[label, first == label] += 1
        listed[label, notes["named_first"] == entry["seed"]["first"]] += 1
        assert notes[f"first_named_meant_{passage}"] is (first == label) is (passage == 1)
    assert set(asked.values()) == set(meant.values()) == {40}
    assert len(listed) == 4
    assert max(listed.values()) - min(listed.values()) <= 4


# --- seeds --------------------------------------------------------------------


def test_names_are_drawn_by_code_and_the_others_asked_for_by_kind(plain):
    ran = plain("wsc")
    assert {r.origin.values["kind"] for r in ran.asked("pairs")} == {"people", "groups", "things"}
    seeds = [PronounPair.model_validate(entry["seed"]) for entry in ran.provenance]
    assert any(pair.named for pair in seeds)
    for row, pair in zip(ran.rows, seeds, strict=True):
        if pair.named:
            pool = FEMALE_NAMES if pair.pronoun == "she" else MALE_NAMES
            assert {pair.first, pair.second} <= {*pool}
            assert pair.first[0] != pair.second[0]
        assert row["target"]["span1_text"].lower().startswith("the ") != pair.named
        assert row["target"]["span2_text"].lower() in PRONOUNS[pair.pronoun]
    # Those with a name are told their setting, and stand bare.
    settings = {entry["above"][0] for entry in ran.provenance}
    for values in (request.origin.values for request in ran.asked("passages")):
        known = {"any"} if values["first"].startswith("the ") else settings
        assert values["setting"] in known
