"""ReCoRD on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import re

import pytest

from targen_core import Rejected
from targen_tasks_superglue.record import MASK, RecordRow, find_entities
from targen_tasks_superglue.record.checks import check_query, eligible
from targen_tasks_superglue.record.steps import _row
from targen_tasks_superglue.shared.articles import Paragraph

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


QUERY = "Sailors who had helped [X] with the ropes came back for the opening."


@pytest.mark.parametrize(
    ("query", "answer", "reason"),
    [
        (QUERY.replace("[X]", "him"), "Aurelio Nunez", "no-mask"),
        (QUERY.replace("[X]", "Aurelio Nunez"), "Aurelio Nunez", "no-mask"),
        (QUERY.replace("him", "[X]").replace("opening", "[X]"), "Aurelio Nunez", "several-masks"),
        (QUERY.replace("Sailors", "Nunez, and sailors"), "Aurelio Nunez", "several-masks"),
        (QUERY, "Ada Brenner", "illegal-answer"),
        (QUERY, "the captain", "illegal-answer"),
        ("[X] asked the Lantern Society for money to stuff it.", "Nunez", "copy-of-sentence"),
    ],
)
def test_a_bad_query_of_the_model_s_choice_is_told_by_its_reason(
    query, answer, reason, run, at, tmp_path
):
    own = tmp_path / "own.jsonl"
    own.write_text(SEED.model_dump_json() + "\n", encoding="utf-8")
    bent = run(
        at("generate", lambda good: {"query": query, "answer": answer}, always=True),
        task="record",
        rows=1,
        seeds=own,
        variants=("paper",),
    )
    assert bent.rows == []
    assert bent.reasons == {reason}


@pytest.mark.parametrize(
    ("mask", "answer"),
    [
        ("[X]", "Nunez"),
        ("[x]", "Aurelio Nunez"),
        ("@placeholder", "aurelio nunez"),
        ("@Placeholder", "Nunez."),
    ],
)
def test_a_query_of_the_model_s_choice_is_read(mask, answer, run, at, tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_text(SEED.model_dump_json() + "\n", encoding="utf-8")
    reply = {"query": QUERY.replace("[X]", mask), "answer": answer}
    bent = run(
        at("generate", lambda good: reply), task="record", rows=1, seeds=own, variants=("paper",)
    )
    (row,) = bent.rows
    (query,) = row["qas"]
    assert query["query"] == QUERY.replace("[X]", MASK)
    assert [answer["text"] for answer in query["answers"]] == ["Aurelio Nunez", "Nunez"]


def test_the_model_may_not_choose_a_name_that_two_may_have(run, at, tmp_path):
    own = tmp_path / "own.jsonl"
    text = (
        "In Oberau they met Bill Clinton and Hillary Clinton, who had come from Dunmore by train "
        "that day. There Clinton spoke of the flood for an hour. Nobody in the hall had heard of "
        "the new dam before."
    )
    own.write_text(Paragraph(title="Visit", text=text).model_dump_json() + "\n", encoding="utf-8")
    reply = {"query": "For weeks the papers asked what [X] had known.", "answer": "Clinton"}
    bent = run(
        at("generate", lambda good: reply, always=True),
        task="record",
        rows=1,
        seeds=own,
        variants=("paper",),
    )
    assert bent.reasons == {"tangled-name"}


# --- passages -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Basalt is a dark rock. It forms where lava cools fast. Builders like it.",
        "Ada Brenner came to Oberau in May. She stayed. Nobody knows why she left.",
        "They met Ada Brenner, Ada Novak and Lena Novak. Novak spoke. Ada slept.",
    ],
)
def test_a_passage_with_few_clear_names_is_not_asked_about(text):
    with pytest.raises(Rejected) as caught:
        eligible(find_entities(text), text)
    assert caught.value.reason == "few-entities"


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
