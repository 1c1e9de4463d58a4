"""What people answer in tools for annotation comes back as rows."""

from __future__ import annotations

import json

import pytest

from targen_core import read_dataset
from targen_core.errors import UsageError
from targen_standard.task_files.model import Declaration

from .declared import declaration
from .test_exporters import CHAT, PAIRS, PLACES, POST, REPLIES, ROWS, posts, span, written


def exported(form, made, tmp_path):
    """The records that a form writes of rows."""
    out = tmp_path / f"out-{made.task.labels[0].name}"
    written(form, made, out)
    file = out / "tasks.json" if form == "label-studio" else out
    return json.loads(file.read_text(encoding="utf-8"))


def annotation(result, **more):
    """An annotation as Label Studio's export JSON has it."""
    facts = {"id": 1, "completed_by": 1, "created_at": "2026-03-09T22:16:08.728353Z"}
    facts |= {"lead_time": 4.288, "was_cancelled": False, "ground_truth": False}
    return {**facts, "result": result, **more}


def answered(form, records):
    """The records after a person accepted what is suggested."""
    done = []
    for at, each in enumerate(records, 1):
        if form == "label-studio":
            given = annotation(each["predictions"][0]["result"])
            record = {"id": at, "data": each["data"], "annotations": [given]}
            done.append({**record, "predictions": [], "meta": {}})
            continue
        values = {name: one["value"] for name, one in each["suggestions"].items()}
        responses = {
            name: [{"value": value, "user_id": "u-1"}]
            for name, value in (values or {"labels": []}).items()
        }
        done.append({**each, "responses": responses})
    return done


def read(records, declaration, tmp_path):
    """Rows of a task in a JSON file."""
    file = tmp_path / "back.json"
    file.write_text(json.dumps(records), encoding="utf-8")
    return read_dataset(file, declaration.task(name="mine")).rows


@pytest.mark.parametrize("form", ["label-studio", "argilla"])
@pytest.mark.parametrize("kind", ROWS)
def test_rows_come_back_as_they_went_if_people_accept_them(kind, form, tmp_path):
    made = ROWS[kind]
    back = answered(form, exported(form, made, tmp_path))
    assert read(back, declaration(kind), tmp_path) == made.rows


@pytest.mark.parametrize("form", ["label-studio", "argilla"])
def test_what_people_changed_is_in_the_rows(form, tmp_path):
    """The other reply is better, and the score is another."""
    (pair,) = answered(form, exported(form, ROWS["preference"], tmp_path))
    (score,) = answered(form, exported(form, ROWS["score"], tmp_path))
    if form == "label-studio":
        chosen = pair["annotations"][0]["result"][0]["value"]
        chosen["selected"] = {"left": "right", "right": "left"}[chosen["selected"]]
        score["annotations"][0]["result"][0]["value"] = {"number": 1.25}
    else:
        chosen = pair["responses"]["better"][0]
        chosen["value"] = {"reply_a": "reply_b", "reply_b": "reply_a"}[chosen["value"]]
        score["responses"]["score"][0]["value"] = "1.25"
    (row,) = read([pair], CHAT, tmp_path)
    assert (row["chosen"], row["rejected"]) == (REPLIES["rejected"], REPLIES["chosen"])
    assert (row["criterion"], row["margin"]) == ("concise", "clearly")
    assert read([score], PAIRS, tmp_path)[0]["score"] == 1.25


TASK = {"id": 7, "data": {"text": POST}, "annotations": [], "predictions": []}
YORK = {
    "id": "Dx_aB91ISN", "from_name": "label", "to_name": "text", "type": "labels",
    "origin": "manual",
    "value": {"start": 28, "end": 36, "text": "New York", "labels": ["place"]},
}  # fmt: skip
RELATION = {"from_id": "Dx_aB91ISN", "to_id": "y", "type": "relation", "direction": "right"}


def test_a_project_of_one_s_own_is_read_by_its_only_question(tmp_path):
    done = {**TASK, "annotations": [annotation([YORK, RELATION])]}
    skipped = {**TASK, "annotations": [annotation([], was_cancelled=True)]}
    empty = {**TASK, "annotations": [annotation([])]}
    rows = read([done, skipped, empty, TASK], PLACES, tmp_path)
    assert rows == [
        {"text": POST, "spans": [span(POST, "New York", "place")], "idx": 0},
        {"text": POST, "spans": [], "idx": 1},
    ]
    answer = {"value": [{"start": 28, "end": 36, "label": "place"}], "user_id": "u"}
    record = {"id": "1", "fields": {"text": POST}, "responses": {"ner": [answer]}}
    record |= {"metadata": {}, "suggestions": {}, "vectors": {}, "_server_id": "x"}
    folder = tmp_path / "disk"
    (folder / ".argilla").mkdir(parents=True)
    (folder / "records.json").write_text(json.dumps([record]), encoding="utf-8")
    assert read_dataset(folder, PLACES.task(name="mine")).rows == rows[:1]


def test_ground_truth_decides_between_people_and_otherwise_the_record_is_named(tmp_path):
    other = {**YORK, "value": {**YORK["value"], "labels": ["person"]}}
    two = {**TASK, "annotations": [annotation([YORK]), annotation([other])]}
    with pytest.raises(UsageError, match=r"record 1 .*2 people answered differently; mark one"):
        read([two], PLACES, tmp_path)
    two["annotations"][1]["ground_truth"] = True
    assert read([two], PLACES, tmp_path)[0]["spans"][0]["type"] == "person"
    first = {**YORK, "value": {"start": 0, "end": 3, "text": POST[:3], "labels": ["person"]}}
    same = [annotation([YORK, first]), annotation([first, YORK])]
    assert len(read([{**TASK, "annotations": same}], PLACES, tmp_path)[0]["spans"]) == 2


def done(*results, **data):
    """A task with one annotation of these results."""
    return {**TASK, **data, "annotations": [annotation([*results])]}


JSON_MIN = {"text": POST, "label": [], "annotator": 1, "annotation_id": 1, "lead_time": 1.5}
MOODS = Declaration(description="Posts.", labels={"a": "x", "b": "y"})


@pytest.mark.parametrize(
    ("record", "declared", "problem"),
    [
        (JSON_MIN, PLACES, "is a JSON-MIN export from Label Studio"),
        (TASK, PLACES, "has 1 record, but no annotations"),
        (done(YORK), CHAT, "does not contain rows written by targen export"),
        (done({**YORK, "value": {"brush": [1]}}), PLACES, "not a record from this tool"),
        (done(YORK, {**YORK, "from_name": "b"}), PLACES, "no such question; the questions are"),
        (done(data={"one": "x", "other": "y"}), PAIRS, "0 answers to a question that needs"),
        (done(YORK), MOODS, "rows of mine have one label each"),
    ],
)
def test_what_cannot_be_read_is_said(record, declared, problem, tmp_path):
    with pytest.raises(UsageError) as caught:
        read([record], declared, tmp_path)
    assert problem in str(caught.value)


def test_tags_of_tokens_are_rows_whose_tokens_have_spaces_between(tmp_path):
    written("bio", posts(span(POST, "New York", "place")), tmp_path / "mine.conll")
    (row,) = read_dataset(tmp_path / "mine.conll", PLACES.task(name="places")).rows
    assert [(each["text"], each["type"]) for each in row["spans"]] == [("New York", "place")]


def test_other_lists_of_objects_are_read_as_before(tmp_path):
    row = {"text": "x", "spans": [], "idx": 4}
    assert read([row], PLACES, tmp_path) == [row]
