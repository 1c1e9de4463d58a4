"""What ReCoRD is: its entities, its nested rows, its answers and its counts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.record import MASK, RECORD, RecordRow, find_entities, find_names
from targen_tasks_superglue.record.checks import check_query, eligible
from targen_tasks_superglue.record.rows import pack
from targen_tasks_superglue.shared.articles import Paragraph

from .originals import needs_original, original

ROWS = (Path(__file__).parent / "official_rows.json").read_text(encoding="utf-8")
GOOD = json.loads(ROWS)["record"]


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
        for form in forms:
            places = {m.start() for m in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text)}
            inside = {
                place
                for place in places
                for entity in row["passage"]["entities"]
                if entity["start"] <= place <= entity["end"]
                and text[entity["start"] : entity["end"] + 1] not in forms
            }
            assert places - inside == {a["start"] for a in query["answers"] if a["text"] == form}


@needs_original
def test_the_finder_agrees_with_the_original_s_entities_on_most_names():
    """Its text is scraped from news pages; most of what differs are captions and headings."""
    actual = shared = expected = 0
    for row in original("record", "train"):
        # Highlights are lines of their own, without a full stop.
        text = row["passage"]["text"].replace("\n@highlight\n", "." + " " * 11)
        theirs = {(e["start"], e["end"]) for e in row["passage"]["entities"]}
        ours = {(span.start, span.end) for span in find_names(text)}
        actual, expected, shared = (
            actual + len(ours),
            expected + len(theirs),
            shared + len(theirs & ours),
        )
    assert shared / actual > 0.8
    assert shared / expected > 0.85


def test_a_test_row_has_no_answers():
    row = json.loads(json.dumps(GOOD))
    del row["qas"][0]["answers"]
    RECORD.schema.model_validate(row)


def test_a_row_with_several_queries_is_several_instances_and_joins_again():
    row = json.loads(json.dumps(GOOD))
    row["qas"].append({**row["qas"][0], "query": "It was @placeholder who left.", "idx": 1})
    instances = RECORD.from_rows([row])
    assert [instance.query for instance in instances] == [q["query"] for q in row["qas"]]
    lines = [r for i, x in enumerate(instances) for r in RECORD.to_rows(x, i)]
    assert pack(lines) == [row]


def test_a_row_keeps_its_source():
    row = {**GOOD, "source": "CNN"}
    (instance,) = RECORD.from_rows([row])
    assert RECORD.to_rows(instance, 0) == [row]
    (ours,) = RECORD.from_rows([GOOD])
    assert pack([row, GOOD]) == [
        row,
        {**GOOD, "qas": [{**GOOD["qas"][0], "idx": 1}], "idx": 1},
    ]
    assert ours.source == "targen"


def test_a_correction_changes_nothing_but_the_answers():
    row = json.loads(json.dumps({**GOOD, "source": "CNN"}))
    (instance,) = RECORD.from_rows([row])
    (corrected,) = RECORD.to_rows(RECORD.with_label(instance, "Ben Roe"), 0)
    assert corrected["qas"][0].pop("answers") == [{"start": 13, "end": 19, "text": "Ben Roe"}]
    del row["qas"][0]["answers"]
    assert corrected == row


def test_joined_rows_are_numbered_through_the_file(plain):
    rows = plain("record", 60).rows[:12]
    twice = [*rows[:3], *rows]
    joined = RECORD.pack(twice)
    assert [row["idx"] for row in joined] == list(range(12))
    assert [q["idx"] for row in joined for q in row["qas"]] == list(range(15))
    assert [len(row["qas"]) for row in joined] == [2, 2, 2, *[1] * 9]
    for row in joined:
        RECORD.schema.model_validate(row)


# --- names and entities ---------------------------------------------------------


def test_known_names_count_where_they_open_a_sentence():
    text = "Brenner left the town."
    assert find_names(text) == []
    assert [span.of(text) for span in find_names(text, known=["Ada Brenner"])] == ["Brenner"]


def test_an_entity_inside_another_is_no_mention_of_it():
    text = "The Vesterby Museum opened in Vesterby. Only the Vesterby Museum charged."
    town = next(entity for entity in find_entities(text) if entity.name == "Vesterby")
    assert [text[span.start - 3 : span.end + 1] for span in town.mentions] == ["in Vesterby"]


_GIVEN = ("Ada", "Tariq", "Mirela", "Jonas", "Priya", "Gwen")
_SURNAMES = ("Brenner", "Osei", "Novak", "Whitlock", "Nair", "Probert")
_TOWNS = ("Oberau", "Karlsvik", "Port Arden", "Dunmore")
_BODIES = ("Harbour Trust", "Bank of Karlsvik", "Oberau Museum", "Lantern Society")


@st.composite
def output(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text of whole sentences, and the names that it was made of, in order."""
    surnames = draw(st.permutations(_SURNAMES))
    people = [f"{given} {surname}" for given, surname in zip(_GIVEN, surnames, strict=True)]
    parts: list[str] = []
    names: list[str] = []
    for person in people[: draw(st.integers(1, 4))]:
        town, body = draw(st.sampled_from(_TOWNS)), draw(st.sampled_from(_BODIES))
        short = draw(st.booleans())
        again = person.split()[1] if short else person
        frame, used = draw(
            st.sampled_from(
                [
                    (f"Later {person} came to {town}, where {again} met the {body}.", "ptab"),
                    (f"{person} left {town}. The {body}'s head missed {again}.", "ptba"),
                    (f"In {town} the {body} paid {person} and, in May, {again} again.", "tbpa"),
                ]
            )
        )
        parts.append(frame)
        values = {"p": person, "t": town, "b": body, "a": again}
        names += [values[key] for key in used]
    return " ".join(parts), names


@given(output())
def test_the_names_of_a_text_are_found_where_they_stand(case):
    text, names = case
    spans = find_names(text)
    assert [span.of(text) for span in spans] == names
    ends = [span.end for span in spans]
    assert all(end < span.start for end, span in zip(ends, spans[1:], strict=False))


@given(output())
def test_each_mention_belongs_to_one_entity(case):
    text, names = case
    actual = find_entities(text)
    mentions = [span for entity in actual for span in entity.mentions]
    assert sorted(mentions) == find_names(text)
    assert len({entity.name for entity in actual}) == len(actual)
    for entity in actual:
        assert {span.of(text) for span in entity.mentions} == set(entity.forms)
    people = {name for name in names if name.split()[0] in _GIVEN}
    for entity in actual:
        if entity.name in people:
            assert all(form.split()[-1] == entity.name.split()[-1] for form in entity.forms)


@given(st.text(max_size=300))
def test_any_text_has_names_inside_it_or_none(text):
    for span in find_names(text):
        assert 0 <= span.start <= span.end < len(text)
        assert span.of(text).strip() == span.of(text)


# --- step 4 -------------------------------------------------------------------

SEED = Paragraph(
    title="Marisol Ferry",
    text="The Marisol Ferry has crossed the strait between Punta Brava and Isla Honda since 1934. "
    "Its first captain, Aurelio Nunez, lost the ship in a storm, and a court in Punta Brava "
    "cleared Nunez. The new ship was named by the singer Carmen Pardo.",
)


def row(answer: str = "Aurelio Nunez", query: str = "") -> RecordRow:
    actual = find_entities(SEED.text)
    (entity,) = (entity for entity in actual if entity.name == answer)
    return RecordRow(
        text=SEED.text,
        entities=[{"start": s.start, "end": s.end} for s in find_names(SEED.text)],
        query=query or f"For years the widows of his crew refused to greet {MASK} in the street.",
        answers=[
            {"start": s.start, "end": s.end, "text": s.of(SEED.text)} for s in entity.mentions
        ],
    )


def test_the_question_is_which_entities_fit():
    (question,) = RECORD.questions(row())
    assert question.several
    assert question.output == ("Aurelio Nunez",)
    assert question.options == (
        "Marisol Ferry",
        "Punta Brava",
        "Isla Honda",
        "Aurelio Nunez",
        "Carmen Pardo",
    )
    assert question.input.endswith(
        "\nEntities: Marisol Ferry; Punta Brava; Isla Honda; Aurelio Nunez; Carmen Pardo"
    )


def test_one_fitting_entity_is_the_label():
    correction = RECORD.aggregate(row(), [JudgeAnswer(("Carmen Pardo",), "Only she.")])
    assert correction.label == "Carmen Pardo"
    relabelled = RECORD.with_label(row(), "Carmen Pardo")
    assert [answer.text for answer in relabelled.answers] == ["Carmen Pardo"]
    back = RECORD.with_label(relabelled, "Aurelio Nunez")
    assert [answer.text for answer in back.answers] == ["Aurelio Nunez", "Nunez"]


def test_several_fitting_entities_make_a_query_ambiguous():
    correction = RECORD.aggregate(row(), [JudgeAnswer(("Punta Brava", "Isla Honda"), "Both do.")])
    assert (correction.label, correction.reason) == (None, "ambiguous")


def test_what_is_no_entity_of_the_passage_is_no_label():
    for name in ("Nunez", "Oberau", ""):
        with pytest.raises(Rejected) as caught:
            RECORD.with_label(row(), name)
        assert caught.value.reason == "illegal-label"


def test_a_tangled_entity_is_no_label():
    text = "He met Bill Clinton and Hillary Clinton in Oberau. Then Clinton left for Dunmore."
    tangled = RecordRow(
        text=text,
        entities=[{"start": s.start, "end": s.end} for s in find_names(text)],
        query=f"The people of {MASK} were glad.",
        answers=[{"start": 43, "end": 48, "text": "Oberau"}],
    )
    with pytest.raises(Rejected) as caught:
        RECORD.with_label(tangled, "Bill Clinton")
    assert caught.value.reason == "tangled-name"


def test_a_relabelled_row_passes_the_checks_again():
    named = row(query=f"The court believed {MASK} because Carmen Pardo had seen the storm coming.")
    check_query(named, SEED)
    with pytest.raises(Rejected) as caught:
        check_query(RECORD.with_label(named, "Carmen Pardo"), SEED)
    assert caught.value.reason == "answer-in-query"


# --- the paper's variant --------------------------------------------------------

PAPER = RECORD.varied(["paper"])


def test_in_the_paper_s_variant_the_model_chooses(plain):
    ran = plain("record", 24, variants=("paper",))
    assert ran.asked("query-paper") and not ran.asked("query")
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        RECORD.schema.model_validate(row)
        assert row["qas"][0]["query"].count(MASK) == 1
        assert {"entities", "intended_place", "intended_most_frequent"} <= set(entry["notes"])
    # The dry run chooses as models do: what can then be guessed without the query.
    assert all(entry["notes"]["intended_most_frequent"] for entry in ran.provenance)


def test_in_the_paper_s_variant_one_answer_is_asked_for():
    (question,) = PAPER.questions(row())
    assert not question.several
    assert question.output == ("Aurelio Nunez",)
    correction = PAPER.aggregate(row(), [JudgeAnswer(("Carmen Pardo",), "She.")])
    assert correction.label == "Carmen Pardo"
    assert "[X]" not in PAPER.judging.instructions, "rows hold the official mask"
    assert len(PAPER.judging.samples) == 4
    assert all(isinstance(s.actual, str) or len(s.actual) == 1 for s in PAPER.judging.samples)


def test_the_variant_relabels_what_the_judge_finds(run, tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_text(SEED.model_dump_json() + "\n", encoding="utf-8")

    def bend(step, good, repair):
        if step == "generate":
            query = "That winter [X] was asked to sing at a wedding in the town."
            return {"query": query, "answer": "Nunez"}
        return {**good, "actual": "Carmen Pardo", "verdict": "incorrect"}

    ran = run(bend, task="record", rows=1, seeds=own, variants=("paper",))
    (entry,), (official,) = ran.provenance, ran.rows
    assert (entry["claimed"], entry["label"]) == ("Aurelio Nunez", "Carmen Pardo")
    assert entry["notes"]["intended_place"] == 4, "of the entity that was intended"
    assert [answer["text"] for answer in official["qas"][0]["answers"]] == ["Carmen Pardo"]


def test_a_word_that_may_be_a_piece_of_a_longer_name_is_not_asked_for():
    text = (
        "Marlo Keen sang Light of Tamsin in Brunnen. Otto Vance heard it on the Silver Coast, and "
        "Farah Aziz wrote of Light in a letter to Keen."
    )
    entities = find_entities(text)
    assert "Tamsin" in [entity.name for entity in entities]
    assert "Tamsin" not in [entity.name for entity in eligible(entities, text)]
