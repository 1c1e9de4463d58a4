"""ReCoRD: its names and entities, its nested rows, its queries and its answers."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.record.rows import MASK, check_query, eligible, pack
from targen_tasks_superglue.record.task import RECORD, _row
from targen_tasks_superglue.shared.articles import Paragraph

from .originals import needs_original, original
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


@needs_original
def test_the_finder_agrees_with_the_original_s_entities_on_most_names():
    """Its text is scraped from news pages; most of what differs are captions and headings."""
    actual = shared = expected = 0
    for row in original("record", "train")[::4]:
        # Highlights are lines of their own, without a full stop.
        text = row["passage"]["text"].replace("\n@highlight\n", "." + " " * 11)
        theirs = {(e["start"], e["end"]) for e in row["passage"]["entities"]}
        ours = {(span.start, span.end) for span in find_names(text)}
        actual += len(ours)
        expected += len(theirs)
        shared += len(theirs & ours)
    assert shared / actual > 0.8
    assert shared / expected > 0.85


def test_known_names_count_where_they_open_a_sentence():
    text = "Brenner left the town."
    assert find_names(text) == []
    assert [span.of(text) for span in find_names(text, known=["Ada Brenner"])] == ["Brenner"]


PEOPLE = ["Ada Brenner", "Tariq Osei", "Mirela Novak", "Jonas Whitlock"]
FRAMES = [
    ("Later {p} came to {t}, where {a} met the {b}.", "ptab"),
    ("{p} left {t}. The {b}'s head missed {a}.", "ptba"),
    ("In {t} the {b} paid {p} and, in May, {a} again.", "tbpa"),
]


@st.composite
def named_texts(draw):
    """A text of whole sentences, and the names that it was made of, in order."""
    parts, names = [], []
    for person in PEOPLE[: draw(st.integers(1, 4))]:
        values = {
            "p": person,
            "t": draw(st.sampled_from(["Oberau", "Karlsvik", "Port Arden"])),
            "a": draw(st.sampled_from([person, person.split()[1]])),
            "b": draw(st.sampled_from(["Harbour Trust", "Bank of Karlsvik", "Oberau Museum"])),
        }
        frame, used = draw(st.sampled_from(FRAMES))
        parts.append(frame.format(**values))
        names += [values[key] for key in used]
    return " ".join(parts), names


@given(named_texts())
def test_the_names_of_a_text_are_found_and_each_belongs_to_one_entity(case):
    text, names = case
    spans = find_names(text)
    assert [span.of(text) for span in spans] == names
    assert all(one.end < two.start for one, two in pairwise(spans))
    entities = find_entities(text)
    assert sorted(span for entity in entities for span in entity.mentions) == spans
    assert len({entity.name for entity in entities}) == len(entities)
    for entity in entities:
        assert {span.of(text) for span in entity.mentions} == set(entity.forms)
        if entity.name in PEOPLE:
            assert {form.split()[-1] for form in entity.forms} == {entity.name.split()[-1]}


@given(st.text(max_size=300))
def test_any_text_has_names_inside_it_or_none(text):
    for span in find_names(text):
        assert 0 <= span.start <= span.end < len(text)
        assert span.of(text).strip() == span.of(text)


def test_a_word_that_may_be_a_piece_of_a_longer_name_is_not_asked_for():
    text = (
        "Marlo Keen sang Light of Tamsin in Brunnen. Otto Vance heard it on the Silver Coast, and "
        "Farah Aziz wrote of Light in a letter to Keen."
    )
    entities = find_entities(text)
    assert "Tamsin" in [entity.name for entity in entities]
    assert "Tamsin" not in [entity.name for entity in eligible(entities, text)]


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


def test_another_name_of_the_answer_gives_it_away():
    seed = paragraph("Kell Bridge was blown up in the Second World War. Ada Lund of Oberau saw it.")
    statement = f"All that {MASK} had spared in the valley was lost in WWII."
    with pytest.raises(Rejected) as caught:
        query(seed, statement, "Second World War")
    assert caught.value.reason == "answer-in-query"


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


def test_the_model_may_not_choose_a_name_that_two_may_have(given):
    seed = paragraph(
        "In Oberau they met Bill Clinton and Hillary Clinton, who had come from Dunmore by train "
        "that day. There Clinton spoke of the flood for an hour. Nobody in the hall had heard of "
        "the new dam before."
    )
    reply = {"query": "For weeks the papers asked what [X] had known.", "answer": "Clinton"}
    assert given("record", seed, reply, rows=1, variants=("paper",)).reasons == {"tangled-name"}


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
    assert "few-entities" in bent.reasons <= {"few-entities", "repeated"}
    assert not [r for r in bent.requests if r.origin.step in ("generate", "correct")]


# --- step 4 -------------------------------------------------------------------

NAMES = (
    "Vesterby Museum; Vesterby; Aurelio Nunez; Punta Brava; Lantern Society; Carmen Pardo; "
    "Ole Lund; Maria Grün"
)
ASKED = f"For years the widows of his crew refused to greet {MASK} in the street."


@pytest.fixture
def row():
    return query(WHALE, ASKED, "Aurelio Nunez")


def test_the_question_is_which_entities_fit(row):
    (question,) = RECORD.questions(row)
    assert (question.several, question.output) == (True, ("Aurelio Nunez",))
    assert question.options == tuple(NAMES.split("; "))
    assert question.input.endswith(f"\nEntities: {NAMES}")
    both = RECORD.aggregate(row, [JudgeAnswer(("Vesterby", "Punta Brava"), "Both do.")])
    assert (both.label, both.reason) == (None, "ambiguous")


def test_one_fitting_entity_is_the_label(row):
    assert RECORD.aggregate(row, [JudgeAnswer(("Carmen Pardo",), "She.")]).label == "Carmen Pardo"
    relabelled = RECORD.with_label(row, "Carmen Pardo")
    assert [answer.text for answer in relabelled.answers] == ["Carmen Pardo"]
    back = RECORD.with_label(relabelled, "Aurelio Nunez")
    assert [answer.text for answer in back.answers] == ["Aurelio Nunez", "Nunez"]


TANGLED = "He met Bill Clinton and Hillary Clinton in Oberau. Then Clinton left for Dunmore."


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (WHALE.text, "Nunez", "illegal-label"),
        (WHALE.text, "Oberau", "illegal-label"),
        (WHALE.text, "", "illegal-label"),
        (TANGLED, "Bill Clinton", "tangled-name"),
    ],
)
def test_what_is_no_entity_of_the_passage_is_no_label(text, name, reason):
    entities = find_entities(text)
    row = _row(paragraph(text), entities, entities[-1], f"The people of {MASK} were glad.")
    with pytest.raises(Rejected) as caught:
        RECORD.with_label(row, name)
    assert caught.value.reason == reason


def test_a_relabelled_row_passes_the_checks_again():
    said = f"The court believed {MASK} because Carmen Pardo had seen the storm coming."
    named = query(WHALE, said, "Aurelio Nunez")
    with pytest.raises(Rejected) as caught:
        check_query(RECORD.with_label(named, "Carmen Pardo"), WHALE)
    assert caught.value.reason == "answer-in-query"


SPELLINGS = {
    "capitals": lambda names: [name.upper() for name in names],
    "lower case": lambda names: [name.lower() for name in names],
    "quotes": lambda names: [f"“{name}”" for name in names],
    "a full stop": lambda names: [f" {name}. " for name in names],
    "given twice": lambda names: names * 2,
    "no list": lambda names: names[0],  # which is asked for once more
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_answer_in_another_spelling_is_read(spelling, run, at):
    def change(good):
        return {**good, "actual": SPELLINGS[spelling](good["actual"])}

    bent = run(at("correct", change), task="record", rows=4)
    assert len(bent.rows) == 4
    assert bool(bent.repairs) is (spelling == "no list")


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


def test_the_variant_relabels_what_the_judge_finds(given):
    reply = {
        "query": "That winter [X] was asked to sing at a wedding in the town.",
        "answer": "Nunez",
    }

    def judge(text, good):
        return {**good, "actual": "Carmen Pardo", "verdict": "incorrect"}

    ran = given("record", WHALE, reply, rows=1, variants=("paper",), judge=judge)
    (entry,), (official,) = ran.provenance, ran.rows
    assert (entry["claimed"], entry["label"]) == ("Aurelio Nunez", "Carmen Pardo")
    assert entry["notes"]["intended_place"] == 3, "of the entity that was intended"
    assert [answer["text"] for answer in official["qas"][0]["answers"]] == ["Carmen Pardo"]
