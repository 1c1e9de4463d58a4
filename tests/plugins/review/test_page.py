"""The page without a browser: who may speak to it, what it writes, what it shows."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from urllib.parse import quote

import pytest

from targen_review.forms.making import sheet_of
from targen_review.grades import read_grades
from tests.files import changed, write_lines

from .pages import OWN, PORT


def test_only_those_with_the_link_on_this_machine_are_answered(page, run):
    mine = page(run, names=("ann", "bob"), raters="ann,bob")
    assert mine.ask("/ann/row/1").status == 200
    assert mine.ask("/bob/row/1").status == 403, "raters do not see each other"
    assert mine.ask("/bob/row/1", {"secret": mine.secret.form}, origin=OWN).status == 403
    assert mine.ask("/ann/row/1", host=f"localhost:{PORT}").status == 200
    for host in ("evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", ""):
        assert mine.ask("/ann/row/1", host=host).status == 403, host
    entered = mine.ask(f"/ann/?token={mine.secret.link}", cookie="")
    assert entered.status == 200
    cookie = entered.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/ann/"))
    for path in ("/ann/", "/ann/?token=x", "/ann/row/1", "/ann/list", "/bob/row/1"):
        assert mine.ask(path, cookie="").status == 403, path
    assert mine.ask("/ann/row/1", cookie=f"targen-{PORT}=wrong").status == 403
    for path in ("/ann/row/1", "/static/page.js", "/nothing", "/ann/list"):
        policy = mine.ask(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("name", ["J\u00fcrgen", "Ju\u0308rgen", "Жанна", "हिन्दी"])
def test_a_rater_has_a_name_in_any_script(name, page, run):
    composed = unicodedata.normalize("NFC", name)
    mine = page(run, names=(composed,), raters=name)
    entered = mine.ask(f"/{composed}/?token={mine.secret.link}", cookie="")
    assert f"Path=/{quote(composed)}/" in entered.headers["set-cookie"]
    assert mine.say(1, "grade", "A").status == 303
    assert [*read_grades(mine.desk.book.path.parent)] == [composed]


def test_what_another_site_sends_changes_nothing(page, run):
    mine = page(run)
    good = {"secret": mine.secret.form, "do:grade": "A"}
    for form, headers in (
        ({**good, "secret": "x"}, {"origin": OWN}),
        ({"do:grade": "A"}, {"origin": OWN}),
        (good, {"origin": "http://evil.example"}),
        (good, {"origin": "http://[::"}),
        (good, {"origin": "null"}),
        (good, {"sec-fetch-site": "cross-site"}),
    ):
        assert mine.ask("/ann/row/1", form, **headers).status == 403
    assert mine.lines == []
    assert mine.ask("/ann/row/1", good, origin=OWN).status == 303
    assert len(mine.lines) == 1


def test_a_grade_is_saved_and_the_next_open_row_follows(page, run):
    """That the page says so: test_right_or_wrong."""
    mine = page(run)
    assert mine.say(1, "grade", "B", seconds="2.5").headers["location"] == "/ann/row/2"
    (line,) = mine.lines
    assert (line["before"], line["after"], line["seconds"]) == ("B", "B", 2.5)
    for letter, before, after in (
        ("D", "D", None),
        ("A", "D", "A"),
        ("before=C", "C", "A"),
        ("B", "B", None),  # from the start
    ):
        following = mine.say(2, "grade", letter).headers["location"]
        assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == (before, after)
        assert following == f"/ann/row/{3 if after else 2}"


def test_label_reject_flag_comment_and_undo(page, run):
    mine = page(run)
    mine.say(1, "label", "negative")
    mine.say(1, "flag")
    mine.say(1, "reject", comment="why so\r\ngloomy? ")
    line = mine.lines[-1]
    assert (line["label"], line["flag"], line["reject"]) == ("negative", True, True)
    assert line["comment"] == "why so\ngloomy?"
    mine.say(1, "label", "negative")
    assert mine.lines[-1]["label"] is None, "the same again takes it back"
    assert mine.post("/ann/undo", at="4").headers["location"] == "/ann/row/1"
    assert mine.lines[-1]["label"] == "negative"


def test_an_edit_is_checked_at_once_and_kept_with_what_was_said(page, run):
    mine = page(run)
    cold = {"field.text": "Cold."}
    assert "The task rejects this row" in mine.post("/ann/row/1/check", **cold).text
    assert mine.lines == []
    mine.say(1, "edit", **cold)
    assert mine.lines[-1]["edit"] == {"text": "Cold."}
    assert "The task rejects this row" in mine.ask("/ann/row/1").text
    assert mine.say(1, "edit", **{"field.label": "x"}).status == 303, "no such text: no edit"
    assert mine.lines[-1]["edit"] is None


def test_a_blind_review_tells_nothing_before_the_rater_chose(page, run):
    mine = page(run, blind=True, rejects=True)
    seen = page(run, rejects=True, out=run.with_name("seen"))
    for number in range(1, 8):
        shown = html.unescape(mine.ask(f"/ann/row/{number}").text)
        assert "Origin" not in shown, "lists and seeds may be for one label alone"
        body = shown.split("<main")[1].split("</fieldset>", 1)[1]
        body = body.split('<section class="rubric"')[0]
        assert not re.search(r"positive|negative|come back|about a bus", body), body
        assert "No calls" in mine.ask(f"/ann/row/{number}/calls").text
    assert "positive" not in mine.ask("/ann/list").text.split("<tbody>")[1]
    row = seen.desk.ids[0]
    assert seen.ask(f"/ann/goto?row={row}").status == 303
    for guess in (row, row.upper(), "1.0/nothing/0"):
        assert mine.ask(f"/ann/goto?row={guess}").status == 404
    assert mine.ask("/ann/goto?row=2").headers["location"] == "/ann/row/2"
    for name in ("text", "label", "nothing"):
        answer = mine.say(1, "edit", **{f"field.{name}": "x"})
        assert not re.search(r"\d\.\d/(positive|negative)", answer.text)
    assert mine.say(2, "grade", "A").status == 422
    for number in [*range(1, 8)] * 2:  # the same again takes nothing back
        mine.say(number, "label", "positive")
    shown = "".join(mine.ask(f"/ann/row/{number}").text for number in range(1, 8))
    assert "The guest would come back." in shown and "Origin" in shown


REASONS = """
name: mine
reasons:
- {key: n, name: near copy, meaning: A part repeats another.}
- {key: k, name: needs outside knowledge}
"""


def test_reasons_are_toggled_and_kept_with_the_grade(page, run, tmp_path):
    path = tmp_path / "rubric.yaml"
    path.write_text(REASONS)
    mine = page(run, rubric=path)
    shown = mine.ask("/ann/row/1").text
    assert 'data-key="Shift+N ArrowRight"' in shown, "the next row has another key now"
    assert 'data-key="n"' in shown
    assert mine.say(1, "reason", "needs outside knowledge").headers["location"] == "/ann/row/1"
    mine.say(1, "reason", "near copy")
    assert mine.lines[-1]["reasons"] == ["near copy", "needs outside knowledge"]
    mine.say(1, "reason", "needs outside knowledge")
    mine.say(1, "grade", "B")
    assert (mine.lines[-1]["reasons"], mine.lines[-1]["after"]) == (["near copy"], "B")
    assert "near copy" in mine.ask("/ann/list").text
    assert mine.say(1, "reason", "boredom").status == 422
    for expected in (["near copy"], ["near copy", "needs outside knowledge"]):
        mine.post("/ann/undo", at="1")
        assert (mine.lines[-1]["reasons"], mine.lines[-1]["after"]) == (expected, None)


NUL = "contains a NUL (U+0000)"
WITH_NUL = {"field.text": "The soup was \0 cold that day."}


def test_what_cannot_be_said_of_a_row_is_refused(page, run):
    mine = page(run)
    for action, value, more, words in (
        ("label", "neutral", {}, "neutral"),
        ("grade", "E", {}, "E"),
        ("grade", "nobody=A", {}, ""),
        ("steal", "", {}, ""),
        ("edit", "", WITH_NUL, NUL),
        ("comment", "", {"comment": "a\0b"}, NUL),
        ("comment", "", {"comment": "y" * 100_001}, ""),
        ("comment", "", {"comment": "x" * (4 << 20)}, ""),
    ):
        answer = mine.say(1, action, value, **more)
        assert (answer.status, words in html.unescape(answer.text)) == (422, True), action
        assert ("remove the NUL" in answer.text) is (words == NUL)
    assert NUL in mine.post("/ann/row/1/check", **WITH_NUL).text
    assert mine.lines == []


def test_what_no_browser_sends_is_refused_in_words(page, run):
    mine = page(run)
    digits = "9" * 5000
    for path in (f"/ann/row/{digits}", f"/ann/goto?row={digits}", f"/ann/list?page={digits}"):
        assert mine.ask(path).status == 414
    for at in ("\N{SUPERSCRIPT TWO}", "99999", "0", digits):
        assert mine.post("/ann/undo", at=at).headers["location"] in {"/ann/row/1", "/ann/row/6"}
    for length in (str((4 << 20) + 1), "9" * 30, "1e9", "-1"):
        answer = mine.ask("/ann/row/1", {"do:flag": ""}, origin=OWN, **{"content-length": length})
        assert (answer.status, answer.text) == (413, "This request is too large.\n"), length
    assert mine.lines == []


_TEXT = "Ada met Carl in Rome. Carl left early."
_SPANS = [{"start": 0, "end": 2}, {"start": 8, "end": 11}, {"start": 16, "end": 19}]
_ANSWER = {"start": 8, "end": 11, "text": "Carl"}
_QUERY = {"query": "Tired, @placeholder went home.", "idx": 0, "answers": [_ANSWER]}
_PASSAGE = {"text": _TEXT, "entities": _SPANS}
_RECORD = {"source": "targen", "idx": 0, "passage": _PASSAGE, "qas": [_QUERY]}
_OPTIONS = [{"text": "Carl", "idx": 0, "label": 1}, {"text": "Ada", "idx": 1, "label": 0}]
_QUESTIONS = [{"question": "Who left?", "answers": _OPTIONS, "idx": 0}]
_MULTIRC = {"idx": 0, "passage": {"text": _TEXT, "questions": _QUESTIONS}}


_OPEN = [("record", _RECORD, '"start"', "Carl"), ("multirc", _MULTIRC, '"right"', "A")]


@pytest.mark.whole
@pytest.mark.parametrize(("task", "row", "tells", "label"), _OPEN)
def test_blind_rows_of_open_labels_do_not_hold_their_answer(
    page, tmp_path, task, row, tells, label
):
    mine = page(write_lines(tmp_path / "rows.jsonl", [row]), task=task, blind=True)
    for path in ("/ann/row/1", "/ann/row/1?edit", "/ann/list"):
        shown = html.unescape(mine.ask(path).text)
        assert "Carl left early" in shown and "Ada" in shown
        assert tells not in shown and "all_right" not in shown
    out = json.dumps(list(sheet_of(mine.desk.plan, mine.desk.book.path.parent).items[0].texts))
    assert "answers" not in out and "options" not in out
    for name in ("answers", "options"):
        mine.say(1, "edit", **{f"field.{name}": mine.desk.seat(0).row.fields.get(name, "")})
        mine.say(1, "edit", **{f"field.{name}": "a guess"})
    assert mine.lines == [], "what is hidden is not compared with a guess"
    mine.say(1, "label", "@own", own=label)
    assert tells in html.unescape(mine.ask("/ann/row/1").text)


def test_texts_of_strangers_stay_texts(page, rows_file, task_file):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202eabc\u0007"
    mine = page(rows_file(2, evil), task=str(task_file))
    for path in ("/ann/row/1", "/ann/list", "/ann/row/1?edit"):
        shown = mine.ask(path).text
        assert "<script>alert" not in shown
        assert "<img" not in shown
        assert "&lt;script&gt;" in shown
    assert "\\u202eabc\\x07" in mine.ask("/ann/row/1").text
    mine.say(1, "comment", comment='"><script>alert(1)</script>')
    for path in ("/ann/row/1", "/ann/goto?row=<script>alert(1)</script>"):
        assert "<script>alert" not in mine.ask(path).text


def test_a_row_that_changed_since_is_told_and_asked_again(page, run):
    mine = page(run)
    mine.say(1, "grade", "A")
    mine.desk.book.close()
    with changed(run / "dataset.jsonl") as rows:
        rows[0]["text"] = "Other words are here now."
    again = page(run)
    assert again.desk.done == 0
    assert "has changed since you graded it" in again.ask("/ann/row/1").text
    again.say(1, "grade", "B")
    assert again.desk.done == 1


def test_the_end_the_list_the_calls_and_places_that_there_are_not(page, run):
    mine = page(run)
    calls = mine.ask("/ann/row/1/calls").text
    assert "generate" in calls and "tokens in" in calls
    for number in (1, 2, 2, 3, 4, 5, 6):  # the second has two questions
        mine.say(number, "grade", "A")
    assert mine.ask("/ann/next?after=6").headers["location"] == "/ann/done"
    done = mine.ask("/ann/done").text
    assert "All 6 rows are reviewed" in done
    assert re.search(r"<code>targen review apply \S+/reviews-0\.review</code>", done)
    assert "0 rows" in mine.ask("/ann/list?show=open").text
    for path in ("row/7", "row/0", "goto?row=99"):
        assert mine.ask(f"/ann/{path}").status == 404
    assert mine.ask("/ann/goto?row=3").headers["location"] == "/ann/row/4", "numbers are from 0"
