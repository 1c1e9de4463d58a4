"""ReCoRD on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import re

import pytest

from targen_core import Rejected
from targen_tasks_superglue.record import MASK, RecordRow, find_entities
from targen_tasks_superglue.record.checks import check_query
from targen_tasks_superglue.record.steps import _row
from targen_tasks_superglue.shared.articles import Paragraph

from .verdicts import of

# --- statements -----------------------------------------------------------------

SEED = Paragraph(
    title="Vesterby Museum",
    text="The Vesterby Museum in Vesterby owes its whale to the captain Aurelio Nunez, who towed "
    "it in from Punta Brava in 1951. Nunez asked the Lantern Society for money to stuff it. Its "
    "treasurer, Carmen Pardo, sold two boats, and the whale was shown from 1953. The sculptor "
    "Ole Lund, a pupil of Maria Grün, had built the frame.",
)
FOUND = find_entities(SEED.text)


def query(statement: str, name: str) -> RecordRow:
    """The row that a statement makes, checked as the generator checks it."""
    answer = next(entity for entity in FOUND if entity.name == name)
    row = _row(SEED, FOUND, answer, statement)
    check_query(row, SEED)
    return row


GOOD = [
    "Sailors who had helped <Aurelio Nunez> with the ropes came back for the opening.",
    "<Nunez>’s crew never forgot how the whale had rolled behind the ship that night.",
    "The baker of <Vesterby> made gingerbread whales for the opening of the new hall.",
    "Some members of the <Lantern Society> left because they thought a whale was no use to them.",
    "Before she signed, <Carmen Pardo> had the price of both boats checked by a broker.",
    "“He was never patient,” said <Maria Grün> when she saw the joints of the frame.",
    "Schools booked the <Vesterby Museum> for weeks once word of the whale had got about.",
]
"""Statements; the name that is masked stands in angle brackets."""


@pytest.mark.parametrize("marked", GOOD)
@pytest.mark.parametrize("said", [None, "@placeholder", "@Placeholder"])
def test_a_good_statement_is_masked_where_it_names_the_answer(marked, said):
    form = re.search("<(.+)>", marked)[1]
    name = next(entity.name for entity in FOUND if form in entity.forms)
    masked = marked.replace(f"<{form}>", MASK)
    assert query(marked.replace(f"<{form}>", said or form), name).query == masked


def test_another_name_of_the_answer_gives_it_away():
    seed = Paragraph(
        title="Kell Bridge",
        text="Kell Bridge was blown up in the Second World War. Ada Lund of Oberau rebuilt it.",
    )
    actual = find_entities(seed.text)
    (war,) = (entity for entity in actual if entity.name == "Second World War")
    with pytest.raises(Rejected) as caught:
        check_query(
            _row(seed, actual, war, f"All that {MASK} had spared in the valley was lost in WWII."),
            seed,
        )
    assert caught.value.reason == "answer-in-query"


@of("record query")
def test_a_query_of_the_model_s_choice_has_the_verdict_of_its_line(what, verdict, texts, given):
    query, answer = texts
    reply = {"query": query, "answer": answer}
    bent = given("record", SEED, reply, rows=1, variants=("paper",))
    if verdict != "good":
        assert bent.rows == []
        assert bent.reasons == {verdict}
        return
    ((query,),) = (row["qas"] for row in bent.rows)
    assert query["query"] == "Sailors who had helped @placeholder " + texts[0].split(None, 5)[5]
    assert [answer["text"] for answer in query["answers"]] == ["Aurelio Nunez", "Nunez"]


def test_the_model_may_not_choose_a_name_that_two_may_have(given):
    text = (
        "In Oberau they met Bill Clinton and Hillary Clinton, who had come from Dunmore by train "
        "that day. There Clinton spoke of the flood for an hour. Nobody in the hall had heard of "
        "the new dam before."
    )
    reply = {"query": "For weeks the papers asked what [X] had known.", "answer": "Clinton"}
    seed = Paragraph(title="Visit", text=text)
    bent = given("record", seed, reply, rows=1, variants=("paper",))
    assert bent.reasons == {"tangled-name"}


# --- passages -------------------------------------------------------------------


def test_no_call_is_made_for_a_passage_without_names(run):
    plain = (
        "The rock cools fast at the surface. Its grains stay small for that reason. Builders like "
        "it because it wears slowly, and gardeners like it because water runs off. Roads are made "
        "of it in many countries."
    )

    def bend(step, good, repair):
        return {"paragraphs": [plain]} if "paragraphs" in good else good

    bent = run(bend, task="record", rows=2)
    assert bent.rows == []
    assert bent.reasons <= {"few-entities", "repeated"}
    assert "few-entities" in bent.reasons
    assert not [r for r in bent.requests if r.origin.step in ("generate", "correct")]


# --- step 4 -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [str.upper, str.lower, "“{}”".format, " {}. ".format])
def test_case_and_quotes_of_an_answer_do_not_count(shape, run, at):
    def change(good):
        return {**good, "actual": [shape(name) for name in good["actual"]]}

    bent = run(at("correct", change), task="record", rows=4)
    assert len(bent.rows) == 4
    assert not bent.repairs


def test_an_answer_as_text_is_asked_for_as_a_list(run, at):
    bent = run(
        at("correct", lambda good: {**good, "actual": good["actual"][0]}), task="record", rows=2
    )
    assert len(bent.rows) == 2
    assert bent.repairs


def test_an_answer_given_twice_is_one(run, at):
    bent = run(at("correct", lambda g: {**g, "actual": g["actual"] * 2}), task="record", rows=4)
    assert len(bent.rows) == 4
