"""What people answer in tools for annotation comes back as rows."""

from __future__ import annotations

import json

import pytest

from targen_core import read_dataset
from targen_core.errors import UsageError

from .declared import declaration
from .test_exporters import CHAT, PAIRS, PLACES, POST, REPLIES, ROWS, written


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
