"""Argilla and Label Studio: what goes out, and what comes back.

`recorded/` holds what the real libraries wrote (argilla 2.8.0 `JsonIO.to_json`; label-studio-sdk
2.1.2 `Converter.convert_to_json_min`) from the sheet below.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.errors import UsageError
from targen_review.forms import argilla, labelstudio
from targen_review.forms.making import read_answers
from targen_review.forms.sheet import Item, Reader, Sheet, rater_name
from targen_review.grades import check_name

from ...tables import table

RECORDED = Path(__file__).parent / "recorded"
PREMISE = 'A <b>dog</b> & "cat" paid $five.\nTwo lines'
FIRST = {"premise": PREMISE, "hypothesis": "Ünïcode \U0001f600"}
SECOND = {"premise": "P2", "hypothesis": ""}
ITEMS = (
    Item("1.0/e/0", "0123456789abcdef", FIRST, "entailment", "not_entailment"),
    Item("1.0/n/0", "0123456789abcde0", SECOND, "not_entailment", "not_entailment"),
)
SHEET = Sheet(
    "rte-0",
    "Does $the premise entail <it>?",
    {"entailment": "it follows", "not_entailment": "it does not"},
    {"A": "fine", "B": "ok", "C": "meh", "D": "bad"},
    ITEMS,
)
BLIND = replace(SHEET, blind=True)
REASONS = replace(SHEET, reasons={"near copy": "a part repeats", "ambiguous": "two labels"})
ANN = "11111111-2222-3333-4444-555555555555"
FILES = ("argilla-records.json", "labelstudio.json", "labelstudio-min.json")
RATERS = {ANN: "ann", "aaaaaaaa-2222-3333-4444-555555555555": "bob"}
FORMS = {"argilla": argilla, "labelstudio": labelstudio}
both = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@pytest.mark.parametrize("name", FILES)
def test_grades_of_two_people_come_back(name):
    answers = read_answers(RECORDED / name, SHEET, RATERS)
    assert [answer.rater for answer in answers] == ["ann", "bob", "ann"]
    first, second, third = (answer.grade for answer in answers)
    assert (first.row, first.before, first.after) == ("1.0/e/0", "C", "A")
    assert first.label is None, "as it was suggested"
    assert first.edit == {"premise": PREMISE.replace("five", "5")}
    assert (second.label, second.edit) == ("not_entailment", None)
    assert second.flag and second.comment == "no: it's wrong"
    assert (third.row, third.reject) == ("1.0/n/0", True)
    assert third.before == third.after == "D", "asked once where step 4 changed nothing"
    assert {first.digest, second.digest} == {ITEMS[0].digest}
    if not name.startswith("argilla"):  # both exports of Label Studio say when and how long
        assert (first.at, first.seconds) == ("2026-11-20T10:01:00.000Z", 12.5)


# --- what goes out ---


@both
def test_a_blind_sheet_tells_no_label_not_to_who_tries_ids_and_contents(form, tmp_path):
    def written(secret: str) -> str:
        sheet = replace(BLIND, secret=secret)
        text = form.write(sheet, tmp_path / f"out{secret}")[-1].read_text()
        assert "entailment" not in json.dumps(json.loads(text)) and "intended" not in text
        assert sheet.mark_of(ITEMS[0]) in text
        return text

    written("")
    mine = written("one")
    for item in ITEMS:
        for guess in (item.row, item.digest):
            assert guess not in mine
            assert hashlib.sha256(guess.encode()).hexdigest()[:16] not in mine
    keys = re.findall(r"[0-9a-f]{16}", mine)
    assert len(set(keys)) == 4
    assert not set(keys) & set(re.findall(r"[0-9a-f]{16}", written("other")))


def test_a_blind_row_that_changed_since_it_went_out_is_known_to_have(tmp_path):
    old, new = ITEMS[0], replace(ITEMS[0], digest="f" * 16)
    mark = ""
    for item in (old, new):
        sheet = replace(BLIND, items=[item], secret="s")
        mark = mark or sheet.mark_of(item)
        found = Reader(sheet, tmp_path, {}, "x").item(1, sheet.key_of(item), mark)[1]
        assert (found == item.digest) is (item is old)


@both
def test_what_a_sheet_asks_for_is_what_a_row_has(form, tmp_path):
    def written(name: str, sheet: Sheet) -> str:
        return "".join(file.read_text() for file in form.write(sheet, tmp_path / name))

    edits = written("edits", replace(SHEET, editable=frozenset({"premise"})))
    assert "edit_premise" in edits and "edit_hypothesis" not in edits
    open_labels = Sheet("x", "?", {}, SHEET.grades, [Item("0", "0" * 16, {"q": "Who?"}, "Ada")])
    text = written("open", open_labels)
    assert "Ada" in text and '"label"' in text
    reasons = written("reasons", REASONS)
    assert "near copy" in reasons and "two labels" in reasons
    if form is labelstudio:  # whose variables begin with a dollar sign
        assert "Does $\N{WORD JOINER}the premise entail &lt;it&gt;?" in edits


def test_columns_clash_with_nothing():
    texts = {"label": "a", "Label!": "b", "edit_x": "c", "passage.text": "d", "日本": "e", "é": "f"}
    names = Sheet("x", "?", {}, {}, [Item("0", "0" * 16, texts)]).columns.values()
    assert len(set(names)) == len(texts)
    assert all(name.isascii() and name not in ("label", "grade", "edit_x") for name in names)


CHOSEN = ["ambiguous", "near copy"]


@pytest.mark.parametrize("name", FILES)
def test_reasons_come_back_from_every_form(name, tmp_path):
    first, *others = _recorded(name)
    if "responses" in first:
        first["responses"]["reasons"] = [{"value": CHOSEN, "user_id": ANN}]
    elif "annotations" in first:
        chosen = {"from_name": "reasons", "value": {"choices": CHOSEN}}
        first["annotations"][0]["result"].append(chosen)
        first["annotations"][0]["completed_by"] = 7  # as in exports without e-mail addresses
    else:
        first["reasons"] = {"choices": CHOSEN}
        others[0]["reasons"] = "ambiguous"
    (tmp_path / name).write_text(json.dumps([first, *others]))
    answers = read_answers(tmp_path / name, REASONS, RATERS)
    assert answers[0].grade.reasons == ("near copy", "ambiguous"), "in the rubric's order"
    assert (answers[1].grade.reasons == ("ambiguous",)) is ("reasons" in others[0])


def test_a_lone_reason_has_something_beside_it_in_argilla(tmp_path):
    sheet = replace(SHEET, reasons={"near copy": "x" * 1_000}, grades={"A": "y" * 1_083, "B": ""})
    argilla.write(sheet, tmp_path)
    settings = json.loads((tmp_path / ".argilla/settings.json").read_text())
    options = {each["name"]: each["settings"].get("options", []) for each in settings["questions"]}
    assert [each["value"] for each in options["reasons"]] == ["near copy", "none of these"]
    said = [each["description"] or "" for of in options.values() for each in of]
    assert max(map(len, said)) == 1_000, "more is refused by its server"
    reader = Reader(sheet, tmp_path, {}, "x")
    assert reader.reasons(1, ["none of these"]) == ()
    assert reader.reasons(1, ["near copy", "none of these"]) == ("near copy",)


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
            read_answers(path, SHEET, RATERS)
        return f"{error.value} {error.value.hint}"

    return say


WRONG = r"""
    argilla-records.json | id | "9.9/e/0" | this review does not contain the row '9.9/e/0'
    labelstudio-min.json | targen_row | "9.9/e/0" | this review does not contain the row '9.9/e/0'
    labelstudio.json | data.targen_row | null | this review does not contain the row 'None'
    argilla-records.json | metadata.targen_digest | "v2:0123456789abcdef" | format 2
    labelstudio.json | data.targen_digest | "v2:0123456789abcdef" | format 2
    labelstudio.json | data.targen_digest | "0123" | missing or damaged
    labelstudio-min.json | label | "maybe" | 'maybe' is not a label
    labelstudio-min.json | grade | "E" | 'E' is not a grade
    labelstudio-min.json | decision | "burn" | 'burn' is not a decision
    labelstudio-min.json | annotator | {"x": 1} | an object, not a name or a number
    labelstudio-min.json | comment | 7 | comment is a number, not a text
    labelstudio-min.json | comment | "\ud800" | half of a surrogate pair
    labelstudio-min.json | comment | "a\u0000b" | comment contains a NUL (U+0000)
    labelstudio-min.json | reasons | "near copy" | 'near copy' is not a reason
    labelstudio.json | annotations | {"a": 1} | annotations is an object, not a list
    argilla-records.json | responses | [1] | responses is a list, not an object
    argilla-records.json | responses.label | 7 | a number, not a list
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


ELSE = {
    "": "is not JSON",
    "{": "is not JSON",
    "[NaN]": "NaN is not valid JSON",
    "[" * 100_000 + "]" * 100_000: "nested more than 64 levels deep",
    '{"id": 1}': "contains an object, not a list of records",
    "[7]": "record 1: neither an Argilla record",
    '[{"text": "hello", "sentiment": "good"}]': "record 1: neither an Argilla record",
}


def test_file_of_something_else_is_refused(refused):
    for text, said in ELSE.items():
        assert said in refused("argilla-records.json", text), text[:80]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["entailment", "A", "reject", "ann@example.org", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["choices", "text", "value", "email", "id"]), inner),
    max_leaves=8,
)  # fmt: skip
_KEYS = [
    "label", "grade", "decision", "comment", "edit_premise", "annotator", "updated_at",
    "lead_time", "responses", "metadata", "data", "annotations", "id",
]  # fmt: skip


@given(st.sampled_from(FILES), st.dictionaries(st.sampled_from(_KEYS), _JSON, min_size=1))
def test_no_record_is_anything_but_read_or_refused(name, parts):
    records = _recorded(name)
    records[0].update(parts)
    for annotation in records[1].get("annotations", ()):
        annotation.update(parts)
    form = argilla if name.startswith("argilla") else labelstudio
    try:
        answers = form.read(Path(name), records, SHEET, RATERS)
    except UsageError:
        return
    assert all(each.grade.label in (None, *SHEET.labels) for each in answers)
    assert all(each.grade.after in (None, *SHEET.grades) for each in answers)


def test_of_two_annotations_of_one_person_the_later_counts_and_none_that_was_cancelled(tmp_path):
    file = tmp_path / "a.json"
    records = _recorded("labelstudio.json")
    later = json.loads(json.dumps(records[0]["annotations"][0]))
    later["updated_at"] = "2026-11-21T10:00:00+02:00"
    later["result"] = [r for r in later["result"] if r["from_name"] != "edit_premise"]
    records[0]["annotations"].insert(0, later)
    file.write_text(json.dumps(records))
    first = read_answers(file, SHEET, {})[0]
    said = (first.rater, first.grade.edit, first.grade.at)
    assert said == ("ann", None, "2026-11-21T08:00:00.000Z")

    for name, old, new in (
        ("labelstudio.json", '"was_cancelled": false', '"was_cancelled": true'),
        ("argilla-records.json", '"user_id"', '"status": "discarded", "user_id"'),
    ):
        file.write_text((RECORDED / name).read_text().replace(old, new))
        assert read_answers(file, SHEET, {}) == []


@given(st.one_of(st.text(max_size=60), st.integers(), st.emails(), st.uuids().map(str)))
def test_rater_has_a_name_that_can_name_a_file_or_a_way_to_give_one(theirs):
    try:
        name = rater_name({}, theirs, "labelstudio")
    except UsageError:
        name = rater_name({str(theirs): "ann"}, theirs, "labelstudio")
    assert check_name(name) == name


def test_two_people_of_one_name_are_told_apart(refused):
    records = _recorded("labelstudio.json")
    records[0]["annotations"][1]["completed_by"]["email"] = "ann@elsewhere.org"
    said = refused("labelstudio.json", records)
    assert "ann@example.org and ann@elsewhere.org would both have the name ann" in said
    assert "--rater 'ann@elsewhere.org=NAME'" in said
