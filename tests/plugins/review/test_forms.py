"""Argilla and Label Studio: what goes out, and what comes back.

`recorded/` holds what the real libraries wrote (argilla 2.8.0 `JsonIO.to_json`) from the
sheet below.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from targen_core.errors import UsageError
from targen_review.forms import (
    Item,
    Sheet,
    read_answers,
    sheet_of,
    write_argilla,
    write_label_studio,
)
from targen_review.grades import Grade
from targen_review.planning import planned

from ...tables import table

RECORDED = Path(__file__).parent / "recorded"
PREMISE = 'A <b>dog</b> & "cat" paid $five.\nTwo lines'
FIRST = {"premise": PREMISE, "hypothesis": "Ünïcode \U0001f600"}
SECOND = {"premise": "P2", "hypothesis": ""}
ITEMS = (
    Item(
        *("1.0/e/0", "0123456789abcdef", "1.0/e/0", "0123456789abcdef"),
        *(FIRST, "entailment", "not_entailment"),
    ),
    Item(
        *("1.0/n/0", "0123456789abcde0", "1.0/n/0", "0123456789abcde0"),
        *(SECOND, "not_entailment", "not_entailment"),
    ),
)
SHEET = Sheet(
    "rte-0",
    "Does $the premise entail <it>?",
    {"entailment": "it follows", "not_entailment": "it does not"},
    {"A": "fine", "B": "ok", "C": "meh", "D": "bad"},
    dict(zip("ABCD", "ABCD", strict=True)),
    ITEMS,
    editable=("premise", "hypothesis"),
)
ANN = "11111111-2222-3333-4444-555555555555"
FILES = ("argilla-records.json", "labelstudio.json")
RATERS = {ANN: "ann", "aaaaaaaa-2222-3333-4444-555555555555": "bob"}
both = pytest.mark.parametrize("write", [write_argilla, write_label_studio])


def answers_in(file: Path, sheet: Sheet = SHEET, raters: Any = None) -> list[tuple[str, Grade]]:
    """Return raters with their grades, by row."""
    found = read_answers(file, sheet, RATERS if raters is None else raters)
    every = [(name, grade) for name, grades in found.items() for grade in grades]
    return sorted(every, key=lambda each: (each[1].row, each[0]))


@pytest.mark.parametrize("name", FILES)
def test_grades_of_two_people_come_back(name):
    answers = answers_in(RECORDED / name)
    assert [rater for rater, _ in answers] == ["ann", "bob", "ann"]
    first, second, third = (grade for _, grade in answers)
    assert (first.row, first.before, first.after) == ("1.0/e/0", "C", "A")
    assert first.label is None, "as it was suggested"
    assert first.edit == {"premise": PREMISE.replace("five", "5")}
    assert (second.label, second.edit) == ("not_entailment", None)
    assert second.flag and second.comment == "no: it's wrong"
    assert (third.row, third.reject) == ("1.0/n/0", True)
    assert third.before == third.after == "D", "asked once where step 4 changed nothing"
    assert {first.digest, second.digest} == {ITEMS[0].digest}
    if not name.startswith("argilla"):
        assert first.at == "2026-11-20T10:01:00.000Z"


# --- what goes out ---


@both
def test_a_sheet_suggests_labels_and_texts_unless_it_is_blind(write, tmp_path):
    def written(name: str, sheet: Sheet) -> str:
        return "".join(file.read_text() for file in write(sheet, tmp_path / name))

    blind = written("blind", replace(SHEET, blind=True))
    assert '["entailment"]' not in blind and '"value": "entailment", "score"' not in blind
    assert "intended" not in blind
    edits = written("edits", replace(SHEET, editable=("premise",)))
    assert "edit_premise" in edits and "edit_hypothesis" not in edits
    item = Item("0", "0" * 16, "0", "0" * 16, {"q": "Who?"}, "Ada")
    text = written("open", replace(SHEET, labels={}, items=[item]))
    assert "Ada" in text and '"label"' in text
    if write is write_label_studio:  # whose variables begin with a dollar sign
        assert "Does $\N{WORD JOINER}the premise entail &lt;it&gt;?" in edits


def test_a_blind_review_exports_neither_ids_nor_digests_with_labels(run):
    folder, plan, _ = planned(str(run), blind=True)
    ids = {*plan.ids}
    for item in sheet_of(plan, folder).items:
        assert item.key.isdigit() and item.row in ids
        assert item.mark != item.digest


# --- what may come back ---


def _recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


@pytest.fixture
def refused(tmp_path):
    """What is said of a file that cannot be read."""

    def say(name: str, records: object) -> str:
        path = tmp_path / name
        path.write_text(records if isinstance(records, str) else json.dumps(records))
        with pytest.raises(UsageError) as error:
            answers_in(path)
        return f"{error.value} {error.value.hint}"

    return say


WRONG = r"""
    argilla-records.json | id | "9.9/e/0" | this review does not contain the row '9.9/e/0'
    labelstudio.json | data.targen_row | null | this review does not contain the row 'None'
    labelstudio.json | data.targen_digest | "0123" | missing or damaged
    labelstudio.json | annotations | {"a": 1} | annotations
    argilla-records.json | responses | [1] | responses
    argilla-records.json | responses.label | 7 | responses.label
"""


@pytest.mark.parametrize(("name", "path", "value", "said"), table(WRONG, 4))
def test_what_is_wrong_with_a_record_is_said(name, path, value, said, refused):
    records = _recorded(name)
    *above, last = path.split(".")
    inner = records[0]
    for part in above:
        inner = inner[part]
    inner[last] = json.loads(value)
    text = refused(name, records)
    assert said in text
    assert "record 1" in text


ANSWERS = r"""
    label | "maybe" | 'maybe' is not a label
    grade | "E" | 'E' is not a grade
    decision | ["burn"] | 'burn' is not a decision
    comment | 7 | comment is '7', not a text
    comment | "\ud800" | not a text
    comment | "a\u0000b" | contains a NUL (U+0000)
"""


@pytest.mark.parametrize(("question", "value", "said"), table(ANSWERS, 3))
def test_what_is_wrong_with_an_answer_is_said(question, value, said, refused):
    records = _recorded("argilla-records.json")
    records[0]["responses"][question] = [{"user_id": "u", "value": json.loads(value)}]
    assert said in refused("argilla-records.json", records)


ELSE = {
    "{": "is not JSON",
    "[NaN]": "NaN is not valid JSON",
    "[" * 100_000 + "]" * 100_000: "nested more than 64 levels deep",
    '{"id": 1}': "does not contain a list of records",
    "[7]": "record 1: neither an Argilla record",
    '[{"text": "hello", "sentiment": "good"}]': "record 1: neither an Argilla record",
}


def test_file_of_something_else_is_refused(refused):
    for text, said in ELSE.items():
        assert said in refused("argilla-records.json", text), text[:80]


def test_of_two_annotations_of_one_person_the_later_counts_and_none_that_was_cancelled(tmp_path):
    file = tmp_path / "a.json"
    records = _recorded("labelstudio.json")
    later = json.loads(json.dumps(records[0]["annotations"][0]))
    later["updated_at"] = "2026-11-21T10:00:00+02:00"
    later["result"] = [r for r in later["result"] if r["from_name"] != "edit_premise"]
    records[0]["annotations"].insert(0, later)
    file.write_text(json.dumps(records))
    rater, grade = answers_in(file, SHEET, {})[0]
    assert (rater, grade.edit, grade.at) == ("ann", None, "2026-11-21T08:00:00.000Z")

    for name, old, new in (
        ("labelstudio.json", '"was_cancelled": false', '"was_cancelled": true'),
        ("argilla-records.json", '"user_id"', '"status": "discarded", "user_id"'),
    ):
        file.write_text((RECORDED / name).read_text().replace(old, new))
        assert read_answers(file, SHEET, {}) == {}
