"""ReCoRD: its names and entities, its nested rows, its queries and its answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.record.rows import MASK, check_query, pack
from targen_tasks_superglue.record.task import RECORD, _row
from targen_tasks_superglue.shared.articles import Paragraph

from .seeds import WHALE
from .verdicts import of

ROWS = (Path(__file__).parent / "official_rows.json").read_text(encoding="utf-8")
GOOD = json.loads(ROWS)["record"]
PAPER = RECORD.varied(["paper"])


def paragraph(text):
    return Paragraph(title="A title", text=text)


def query(seed, statement, name):
    """The row that a statement makes, checked as the generator checks it."""
    entities = find_entities(seed.text)
    row = _row(seed, entities, next(each for each in entities if each.name == name), statement)
    check_query(row, seed)
    return row


# --- rows ---------------------------------------------------------------------


def test_a_query_is_asked_for_with_three_names_to_choose_from_and_the_others_apart(plain):
    ran = plain("record", 60)
    asked = [r.origin.values for r in ran.requests if "names" in r.origin.values]
    assert asked
    for values in asked:
        offered, others = values["names"].split("; "), values["others"].split("; ")
        assert len(offered) == 3
        assert not set(offered) & set(others)
        names = {entity.name for entity in find_entities(values["passage"])}
        assert names == {*offered, *others}
    assert all(entry["notes"]["offered"] for entry in ran.provenance)


def test_every_mention_of_the_answer_is_an_answer(plain):
    for row in plain("record", 60).rows:
        text, (query,) = row["passage"]["text"], row["qas"]
        forms = {answer["text"] for answer in query["answers"]}
        others = [
            (each["start"], each["end"])
            for each in row["passage"]["entities"]
            if text[each["start"] : each["end"] + 1] not in forms
        ]
        for form in forms:
            found = re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text)
            places = {match.start() for match in found}
            inside = {at for at in places for start, end in others if start <= at <= end}
            assert places - inside == {a["start"] for a in query["answers"] if a["text"] == form}


def test_a_row_keeps_its_source_and_a_correction_changes_its_answers_alone():
    row = {**GOOD, "source": "CNN"}
    (instance,), (ours,) = RECORD.from_rows([row]), RECORD.from_rows([GOOD])
    assert RECORD.to_rows(instance, 0) == [row]
    assert ours.source == "targen"
    (corrected,) = RECORD.to_rows(RECORD.with_label(instance, "Ben Roe"), 0)
    answers = [{"start": 13, "end": 19, "text": "Ben Roe"}]
    assert corrected == {**row, "qas": [{**row["qas"][0], "answers": answers}]}
    unanswered = {key: value for key, value in row["qas"][0].items() if key != "answers"}
    RECORD.schema.model_validate({**row, "qas": [unanswered]})  # as in test files


def test_a_row_with_several_queries_is_several_instances_and_joins_again():
    (first,) = GOOD["qas"]
    second = {**first, "query": "It was @placeholder who left.", "idx": 1}
    row = {**GOOD, "qas": [first, second]}
    instances = RECORD.from_rows([row])
    assert [instance.query for instance in instances] == [first["query"], second["query"]]
    lines = [r for i, x in enumerate(instances) for r in RECORD.to_rows(x, i)]
    assert pack(lines) == [row]
    # Those of another source stay apart; queries are numbered through the file.
    other = {**GOOD, "source": "CNN"}
    assert pack([other, GOOD, other]) == [
        {**other, "qas": [first, {**first, "idx": 1}]},
        {**GOOD, "qas": [{**first, "idx": 2}], "idx": 1},
    ]


# --- names and entities ---------------------------------------------------------


# --- queries ------------------------------------------------------------------

STATEMENTS = [
    "Sailors who had helped <Aurelio Nunez> with the ropes came back for the opening.",
    "<Nunez>’s crew never forgot how the whale had rolled behind the ship that night.",
    "The baker of <Vesterby> made gingerbread whales for the opening of the new hall.",
    "Some members of the <Lantern Society> left because they thought a whale was no use to them.",
    "Before she signed, <Carmen Pardo> had the price of both boats checked by a broker.",
    "“He was never patient,” said <Maria Grün> when she saw the joints of the frame.",
    "Schools booked the <Vesterby Museum> for weeks once word of the whale had got about.",
]
"""The name that is masked stands in angle brackets."""


@pytest.mark.parametrize("marked", STATEMENTS)
@pytest.mark.parametrize("said", [None, "@placeholder", "@Placeholder"])
def test_a_good_statement_is_masked_where_it_names_the_answer(marked, said):
    form = re.search("<(.+)>", marked)[1]
    entities = find_entities(WHALE.text)
    name = next(entity.name for entity in entities if form in entity.forms)
    masked = marked.replace(f"<{form}>", MASK)
    assert query(WHALE, marked.replace(f"<{form}>", said or form), name).query == masked


@of("record query")
def test_a_query_of_the_model_s_choice_has_the_verdict_of_its_line(what, verdict, texts, given):
    reply = dict(zip(("query", "answer"), texts, strict=True))
    bent = given("record", WHALE, reply, rows=1, variants=("paper",))
    if verdict != "good":
        assert bent.rows == []
        assert bent.reasons == {verdict}
        return
    ((query,),) = (row["qas"] for row in bent.rows)
    assert query["query"] == "Sailors who had helped @placeholder " + texts[0].split(None, 5)[5]
    assert [answer["text"] for answer in query["answers"]] == ["Aurelio Nunez", "Nunez"]


# --- step 4 -------------------------------------------------------------------

NAMES = (
    "Vesterby Museum; Vesterby; Aurelio Nunez; Punta Brava; Lantern Society; Carmen Pardo; "
    "Ole Lund; Maria Grün"
)
ASKED = f"For years the widows of his crew refused to greet {MASK} in the street."


@pytest.fixture
def row():
    return query(WHALE, ASKED, "Aurelio Nunez")


# --- the paper's variant --------------------------------------------------------


def test_in_the_paper_s_variant_the_model_chooses(plain):
    ran = plain("record", 24, variants=("paper",))
    assert ran.asked("query-paper") and not ran.asked("query")
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["qas"][0]["query"].count(MASK) == 1
        assert {"entities", "intended_place", "intended_most_frequent"} <= set(entry["notes"])


def test_in_the_paper_s_variant_one_answer_is_asked_for(row):
    (question,) = PAPER.questions(row)
    assert (question.several, question.output) == (False, ("Aurelio Nunez",))
    assert PAPER.aggregate(row, [JudgeAnswer(("Carmen Pardo",), "She.")]).label == "Carmen Pardo"
    assert "[X]" not in PAPER.judging.instructions, "rows hold the official mask"
    assert len(PAPER.judging.samples) == 4
    assert all(isinstance(s.actual, str) or len(s.actual) == 1 for s in PAPER.judging.samples)
