"""COPA on replies as models write them, good and bad, each with what must come of it."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.copa import COPA, CopaRow, Event
from targen_tasks_superglue.copa.checks import check_choices, check_unlike

PREMISE = "The baker took the bread out early."
LIKELY, UNLIKELY = "The oven was far too hot.", "The oven had gone cold."

BAD_CHOICES = [
    ("Sure! Here is a statement about the oven.", "meta-text"),
    ("Statement 1: The flour was damp.", "meta-text"),
    ("Choice 2: The flour was damp.", "meta-text"),
    ("Unlikely: The flour was damp.", "meta-text"),
    ("Hypothesis: The oven was far too hot.", "meta-text"),
    ("**The oven** had gone cold.", "markup"),
    ("2. The oven had gone cold.", "markup"),
    ("- The oven had gone cold.", "markup"),
    ("The oven had gone cold.\nIt was Monday.", "markup"),
    ("The [THING] had gone cold.", "placeholder"),
    ("the oven had gone cold", "cut-off"),
    ("The oven had gone", "cut-off"),
    ("Had the oven gone cold?", "question"),
    ("Cold.", "too-short"),
    ("", "too-short"),
    (f"The oven had gone cold {'in the night ' * 3}and {'by the door ' * 3}of it.", "too-long"),
    ("Печь в пекарне давно остыла.", "not-latin"),
    ("Because the oven had gone cold.", "connective"),
    ("So the oven had gone cold.", "connective"),
    ("As a result, the oven was cold.", "connective"),
    ("It is unlikely that the oven was cold.", "label-word"),
    ("The oven was probably the cause of this.", "label-word"),
    ("The baker took the bread out early.", "copy-of-premise"),
    ("The baker took the bread out.", "copy-of-premise"),
    ("The baker took the breads out early.", "copy-of-premise"),
    ("The oven was far too hot.", "choices-alike"),
    ("the oven was far too hot!", "choices-alike"),
    (
        "The baker had sold every one of his loaves, rolls and cakes by ten.",
        "unlike-lengths",
    ),
]


@pytest.mark.parametrize(("choice", "reason"), BAD_CHOICES)
@pytest.mark.parametrize("field", ["likely", "unlikely"])
def test_a_bad_choice_is_rejected_with_its_reason(choice, reason, field, run):
    """In either field: no rule holds for one of them alone."""
    other = {"likely": LIKELY, "unlikely": LIKELY}

    def bend(step, good, repair):
        if step == "seeds":
            return {"events": [PREMISE]}
        return {**good, **other, field: choice} if step == "generate" else good

    ran = run(bend, task="copa", rows=2, give_up_after=3)
    assert ran.rows == []
    assert ran.reasons == {reason}
    assert ran.repairs, "the model is told what is wrong and asked once more"
    assert "could not be used" in ran.repairs[0].messages[-1].content


FAIR = [  # of which a comparison of words said that one leaves the event
    ("Grandpa poured salt into his coffee.", "The two jars on the shelf looked the same.",
     "The sugar bowl stood right beside his cup."),
    ("Ahmed turned off the biggest oven.", "The back of the bakery grew cooler.",
     "The loaves inside rose and turned brown."),
    ("A delivery van arrived two hours early.", "The motorway had been empty all night.",
     "The driver had lost his way twice."),
    ("I washed my apron three times.", "The glaze had left a deep red stain.",
     "The clay had not touched it at all."),
    ("I put my phone back in my bag.", "The signal had gone dead in the tunnel.",
     "My brother was still waiting for my call."),
    ("Everyone in the sales team put on headphones.", "Nobody heard the phone on the front desk.",
     "Everybody joined in the chat about football."),
    ("All the phones rang at the same moment.", "There were too few people to answer them.",
     "There was not a sound in the room."),
    ("The largest painting was taken down.", "A pale square was left on the wall.",
     "A crowd of visitors gathered in front of it."),
    ("The train stood still.", "A pine lay on the line.", "A band played a tango."),
]  # fmt: skip


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("texts", FAIR, ids=lambda texts: texts[0])
def test_no_words_need_be_shared_with_the_event(texts, turn):
    event, *choices = texts
    first, second = choices[::turn]
    check_choices(event, (first, second))


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        (("The wind dropped.", "The wind blew all day."), "alike-openings"),
        (("A guest praised the soup.", "One guest praised the soup."), "one-pattern"),
        (("Last night it snowed.", "Last week it snowed."), "one-pattern"),
        (("His oven burned too hot.", "A customer came early."), "lone-pronoun"),
        (("A customer had come early.", "Some flour spilled."), "past-perfect"),
        (("Somebody had already put it out.", "It was cold inside."), "past-perfect"),
        (("Somebody'd taken it away.", "It was cold inside."), "past-perfect"),
    ],
)
def test_a_writer_hands_in_no_pair_that_its_form_tells(choices, reason, turn):
    first, second = choices[::turn]
    with pytest.raises(Rejected) as caught:
        check_unlike(PREMISE, (first, second))
    assert caught.value.reason == reason
    check_choices(PREMISE, (first, second))  # rows that people wrote may be so


@pytest.mark.parametrize(
    "choices",
    [
        ("The oven was too hot.", "Some flour was damp."),
        ("He had a train to catch.", "It had plenty of room."),
        ("He had to leave.", "They had three needed bags."),
        ("A band played.", "Two ducks fought."),
    ],
)
def test_a_writer_may_hand_in_short_plain_pairs(choices):
    check_unlike(PREMISE, choices)


def test_a_choice_that_is_mended_in_the_second_attempt_is_used(run, at):
    ran = run(at("generate", lambda good: {**good, "unlikely": good["likely"]}), task="copa")
    assert len(ran.rows) == 8
    assert ran.repairs


GOOD_CHOICES = [
    (LIKELY, UNLIKELY),
    (UNLIKELY, LIKELY),
    ("He wanted it pale.", "He wanted it nearly black."),
    ("A customer\u2019s train left at six.", "A customer's train left at noon."),
    ("It smelled of smoke.", "Nobody smelled anything of it."),
    ("\u201cIt burns!\u201d his wife called.", "His wife called for more flour."),
    ("So many people were waiting for it.", "Many people were waiting for coffee."),
]


@pytest.mark.parametrize("choices", GOOD_CHOICES)
def test_fair_choices_pass(choices):
    row = CopaRow(
        premise=PREMISE, choice1=choices[0], choice2=choices[1], question="cause", label=0
    )
    for check in COPA.checks:
        check(row, Event(event=PREMISE))


def test_quotation_marks_and_accents_come_through_as_they_are(run):
    quoted = "Zo\u00eb\u2019s caf\u00e9 \u2014 \u201cChez Zo\u00eb\u201d \u2014 ran late."

    def bend(step, good, repair):
        if step == "seeds":
            return {"events": ["Zo\u00eb\u2019s waiter dropped the menus."]}
        if step == "generate":
            return {
                **good,
                "likely": quoted,
                "unlikely": "Nobody closed Zo\u00eb\u2019s caf\u00e9 that day.",
            }
        return good

    ran = run(bend, task="copa", rows=2, near_duplicates=0.0)
    assert {row[f"choice{row['label'] + 1}"] for row in ran.rows} == {quoted}


# --- events and settings ----------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("It rained.", "too-short"),
        ("1. The cook burned the soup.", "markup"),
        ("The cook burned the", "cut-off"),
        ("Did the cook burn the soup?", "question"),
        ("The cook burned the soup. What happened as a result.", "question"),
        ("The cook burned the soup. The guests left the room.", "several-sentences"),
        ("The cook burned the soup because he slept.", "names-cause"),
        ("The soup was burned, so that it had to be thrown out.", "names-cause"),
        ("As a result the cook burned the soup.", "names-cause"),
        ("Event 1: The cook burned the soup.", "meta-text"),
        ("Sentence 1: The cook burned the soup.", "meta-text"),
        ("Here are five sentences about the kitchen.", "meta-text"),
        ("Повар сжёг суп в столовой.", "not-latin"),
        ("The [PERSON NAME] burned the soup.", "placeholder"),
    ],
)
def test_an_event_that_is_none_is_left_out(sentence, reason, run):
    def bend(step, good, repair):
        return {"events": [sentence, *good["events"][1:]]} if step == "seeds" else good

    ran = run(bend, task="copa", rows=6)
    assert len(ran.rows) == 6
    dropped = [record for record in ran.rejects if record["verdict"] == "dropped"]
    assert {record["reason"] for record in dropped if record["step"] == "seeds"} == {reason}
    assert sentence not in {row["premise"] for row in ran.rows}


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("1. a night market", "markup"),
        ("- a night market", "markup"),
        ("Here are ten settings:", "meta-text"),
        ("ночной рынок в городе", "not-latin"),
        (
            "a night market where people of all ages meet to eat, drink and talk about football",
            "too-long",
        ),
        ("...", "no-words"),
    ],
)
def test_a_setting_that_is_none_is_left_out(setting, reason, run):
    def bend(step, good, repair):
        return {"settings": [setting, *good["settings"]]} if step == "contexts" else good

    ran = run(bend, task="copa", rows=4)
    assert len(ran.rows) == 4
    dropped = [record for record in ran.rejects if record["verdict"] == "dropped"]
    assert {record["reason"] for record in dropped if record["step"] == "contexts"} == {reason}


def test_repeated_settings_and_events_are_used_once(run):
    def bend(step, good, repair):
        if step == "contexts":
            return {"settings": [s for one in good["settings"] for s in (one, one[2:].upper())]}
        if step == "seeds":
            return {"events": [f" {event} " for event in good["events"]] + good["events"]}
        return good

    ran = run(bend, task="copa", rows=20)
    assert {r["reason"] for r in ran.rejects if r["verdict"] == "dropped"} == {"repeated"}
    assert len(ran.rows) == 20


def test_a_list_in_more_than_one_shape_is_read(run):
    """Full stops and outer spaces of a list's items are not part of a setting."""

    def bend(step, good, repair):
        if step == "contexts":
            return {"settings": [f"  {setting}. " for setting in good["settings"]]}
        return good

    ran = run(bend, task="copa", rows=4)
    assert all(
        not entry["above"][0].endswith(".") and entry["above"][0].strip() == entry["above"][0]
        for entry in ran.provenance
    )


# --- step 4 -----------------------------------------------------------------


@pytest.mark.parametrize("word", ["Choice 1", "1", "0", "cause", "choice3", "both", "neither", ""])
def test_a_label_outside_the_set_is_never_a_row(word, run, at):
    ran = run(at("correct", lambda good: {**good, "actual": word}, always=True), task="copa")
    assert ran.rows == []
    assert ran.reasons == {"malformed-reply"}


def test_a_verdict_against_its_own_result_is_rejected(run, at):
    ran = run(at("correct", lambda g: {**g, "verdict": "incorrect"}, always=True), task="copa")
    assert ran.rows == []
    assert ran.reasons == {"inconsistent"}


def test_a_broken_input_is_rejected(run, at):
    def broken(good):
        return {**good, "actual": "no_valid_instance", "verdict": "incorrect"}

    ran = run(at("correct", broken, always=True), task="copa")
    assert ran.rows == []
    assert ran.reasons == {"no-valid-instance"}


def test_a_check_speaks_of_the_rule_that_was_broken():
    row = CopaRow(
        premise=PREMISE,
        choice1="The oven was hot.",
        choice2="Before dawn the old baker of our street had lit both of the ovens.",
        question="cause",
        label=0,
    )
    with pytest.raises(Rejected, match="one choice has 4 words, the other 14"):
        COPA.checks[0](row, Event(event=PREMISE))
