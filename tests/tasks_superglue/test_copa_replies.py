"""COPA on replies as models write them, good and bad, each with what must come of it."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.copa import COPA, CopaRow, Event
from targen_tasks_superglue.copa.checks import check_choices, check_unlike

PREMISE = "The baker took the bread out early."
LIKELY, UNLIKELY = "The oven was far too hot.", "The oven had gone cold."


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


# --- step 4 -----------------------------------------------------------------


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
