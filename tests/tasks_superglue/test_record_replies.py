"""ReCoRD on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json

import pytest

from targen_core import Rejected
from targen_tasks_superglue.record import MASK, RECORD, RecordRow, find_entities
from targen_tasks_superglue.record.checks import check_query, eligible
from targen_tasks_superglue.record.steps import _row
from targen_tasks_superglue.shared.articles import Paragraph


def _text(good) -> str:
    return json.dumps(good, ensure_ascii=False)


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
    (
        "Aurelio Nunez",
        "Sailors who had helped Aurelio Nunez with the ropes came back for the opening.",
        f"Sailors who had helped {MASK} with the ropes came back for the opening.",
    ),
    (
        "Aurelio Nunez",
        "Nunez’s crew never forgot how the whale had rolled behind the ship that night.",
        f"{MASK}’s crew never forgot how the whale had rolled behind the ship that night.",
    ),
    (
        "Vesterby",
        "The baker of Vesterby made gingerbread whales for the opening of the new hall.",
        f"The baker of {MASK} made gingerbread whales for the opening of the new hall.",
    ),
    (
        "Lantern Society",
        "Some members of the Lantern Society left because they thought a whale was no use to them.",
        f"Some members of the {MASK} left because they thought a whale was no use to them.",
    ),
    (
        "Carmen Pardo",
        "Before she signed, @placeholder had the price of both boats checked by a broker.",
        f"Before she signed, {MASK} had the price of both boats checked by a broker.",
    ),
    (
        "Punta Brava",
        "Fishermen in @Placeholder said that the sea had been red for days.",
        f"Fishermen in {MASK} said that the sea had been red for days.",
    ),
    (
        "Maria Grün",
        "“He was never patient,” said Maria Grün when she saw the joints of the frame.",
        f"“He was never patient,” said {MASK} when she saw the joints of the frame.",
    ),
    (
        "Vesterby Museum",
        "Schools booked the Vesterby Museum for weeks once word of the whale had got about.",
        f"Schools booked the {MASK} for weeks once word of the whale had got about.",
    ),
]


@pytest.mark.parametrize(("name", "statement", "masked"), GOOD)
def test_a_good_statement_is_masked_where_it_names_the_answer(name, statement, masked):
    assert query(statement, name).query == masked


BAD = [
    ("Aurelio Nunez", "", "no-mask"),
    ("Aurelio Nunez", "The whale was heavier than anybody on the pier had thought.", "no-mask"),
    ("Aurelio Nunez", "Captain [X] was praised for it in all the papers of the coast.", "no-mask"),
    ("Aurelio Nunez", "Aurelio was praised for it in all the papers of the coast.", "no-mask"),
    ("Vesterby", "The Vesterby Museum had to widen its doors for the whale.", "no-mask"),
    ("Vesterby", "Guests of the Vesterby Harbour Festival came by special trains.", "no-mask"),
    ("Lantern Society", "The members of the lantern society left in anger.", "no-mask"),
    (
        "Aurelio Nunez",
        "When Nunez came home, the daughters of Aurelio Nunez did not believe a word.",
        "several-masks",
    ),
    (
        "Aurelio Nunez",
        "When @placeholder came home, the daughters of Aurelio Nunez did not believe a word.",
        "several-masks",
    ),
    ("Ole Lund", "@placeholder and @placeholder drank to the frame for hours.", "several-masks"),
    (
        "Carmen Pardo",
        "People called @placeholder hard, but whoever knew Carmen well said otherwise.",
        "answer-in-query",
    ),
    (
        "Vesterby",
        "The Vesterby Museum was the pride of @placeholder for half a century.",
        "answer-in-query",
    ),
    ("Vesterby", "The baker of Vesterby liked the Vesterby Museum well.", "answer-in-query"),
    (
        "Carmen Pardo",
        "In Vesterby, Lund, Grün and Nunez of Punta Brava met Carmen Pardo (Lantern Society).",
        "few-candidates",
    ),
    (
        "Aurelio Nunez",
        "Aurelio Nunez asked the Lantern Society for money to stuff it.",
        "copy-of-sentence",
    ),
    (
        "Carmen Pardo",
        "Its treasurer, Carmen Pardo, sold two boats, and the whale was shown.",
        "copy-of-sentence",
    ),
    ("Carmen Pardo", "Did Carmen Pardo keep the books of the society at home?", "question"),
    (
        "Carmen Pardo",
        "Carmen Pardo kept the books at home. She was careful with money.",
        "several-sentences",
    ),
    ("Carmen Pardo", "Carmen Pardo was careful.", "too-short"),
    ("Carmen Pardo", "Carmen Pardo kept the books at home because the office was", "cut-off"),
    ("Carmen Pardo", "Sure! Here is a statement: Carmen Pardo kept the books.", "meta-text"),
    ("Carmen Pardo", "Statement: Carmen Pardo kept the books at home for years.", "meta-text"),
    ("Carmen Pardo", "1. Carmen Pardo kept the books at home for years.", "markup"),
    ("Carmen Pardo", "**Carmen Pardo** kept the books at home for years.", "markup"),
    (
        "Carmen Pardo",
        "Carmen Pardo kept the books and the books and the books and the books.",
        "repetitive",
    ),
    (
        "Carmen Pardo",
        "Carmen Pardo хранила все книги общества у себя дома на протяжении многих лет.",
        "not-latin",
    ),
    ("Carmen Pardo", f"Carmen Pardo kept the books {'of one more year ' * 16}at home.", "too-long"),
]


@pytest.mark.parametrize(("name", "statement", "reason"), BAD)
def test_a_bad_statement_is_told_by_its_reason(name, statement, reason):
    with pytest.raises(Rejected) as caught:
        query(statement, name)
    assert caught.value.reason == reason


def test_overlapping_and_repeated_mentions_are_told_apart():
    row = query(GOOD[0][1], "Aurelio Nunez")
    assert [answer.text for answer in row.answers] == ["Aurelio Nunez", "Nunez"]
    town = query(GOOD[2][1], "Vesterby")
    (answer,) = town.answers
    assert SEED.text[answer.start - 3 : answer.end + 1] == "in Vesterby"


def test_a_bad_statement_gets_one_repair(run, at):
    bent = run(
        at("generate", lambda good: {**good, "statement": "Nobody came."}), task="record", rows=3
    )
    assert len(bent.rows) == 3
    assert len(bent.repairs) == 3
    assert "does not name" in bent.repairs[0].messages[-1].content


def test_a_statement_that_stays_bad_is_rejected(run, at):
    bent = run(
        at("generate", lambda good: {**good, "statement": "Nobody came."}, always=True),
        task="record",
        rows=2,
    )
    assert bent.rows == []
    assert bent.reasons == {"no-mask"}
    assert {record["stage"] for record in bent.rejects} == {"generate"}


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
        (QUERY[:-1] + "?", "Aurelio Nunez", "question"),
        (f"Query: {QUERY}", "Aurelio Nunez", "meta-text"),
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


@pytest.mark.parametrize("mask", ["[X]", "[x]", "@placeholder", "@Placeholder"])
@pytest.mark.parametrize("answer", ["Nunez", "Aurelio Nunez", "aurelio nunez", "Nunez."])
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


def test_several_fitting_entities_are_ambiguous(run, tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_text(SEED.model_dump_json() + "\n", encoding="utf-8")

    def bend(step, good, repair):
        if step == "generate":
            return {
                "name": "Punta Brava",
                "statement": "In @placeholder the whale was smelt in every street.",
            }
        return {**good, "actual": ["Punta Brava", "Vesterby"], "verdict": "incorrect"}

    bent = run(bend, task="record", rows=1, seeds=own)
    assert bent.rows == []
    assert bent.reasons == {"ambiguous"}


@pytest.mark.parametrize("word", ["Nobody", "the answer", "", "@placeholder", "[X]"])
def test_an_answer_that_is_no_entity_is_no_row(word, run, at):
    bent = run(
        at("correct", lambda good: {**good, "actual": [word]}, always=True), task="record", rows=2
    )
    assert bent.rows == []
    assert bent.reasons == {"illegal-output"}


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


def test_a_verdict_against_its_own_result_is_inconsistent(run, at):
    bent = run(
        at("correct", lambda good: {**good, "verdict": "incorrect"}, always=True),
        task="record",
        rows=2,
    )
    assert bent.rows == []
    assert bent.reasons == {"inconsistent"}


def test_a_query_that_no_entity_fits_is_rejected(run, at):
    def none(good):
        return {**good, "actual": ["no_valid_instance"], "verdict": "incorrect"}

    bent = run(at("correct", none, always=True), task="record", rows=2)
    assert bent.reasons == {"no-valid-instance"}


def test_blind_and_vote_solve_the_task_as_well(run):
    for corrector in ("targen-core:blind", "targen-core:vote"):
        ran = run(task="record", rows=1, corrector=corrector, give_up_after=40)
        assert RECORD.schema.model_validate(ran.rows[0])
        ran.path.rename(ran.path.with_name(corrector.partition(":")[2]))
