"""The page without a browser: who may speak to it, what it writes, what it shows."""

from __future__ import annotations

import html
import json
import re

import pytest

from targen_review.forms.making import sheet_of

from .pages import OWN, PORT


def test_only_this_machine_s_name_is_answered(page, run):
    mine = page(run)
    assert mine.ask("/ann/row/1").status == 200
    assert mine.ask("/ann/row/1", host=f"localhost:{PORT}").status == 200
    for host in ("evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", ""):
        assert mine.ask("/ann/row/1", host=host).status == 403, host


def test_the_secret_becomes_a_cookie_that_no_script_or_site_gets(page, run):
    mine = page(run)
    entered = mine.ask(f"/ann/?token={mine.secret.token}", cookie="")
    assert entered.status == 200
    cookie = entered.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/ann/"))
    for path in ("/ann/", "/ann/?token=x", "/ann/row/1", "/ann/list", "/bob/row/1"):
        assert mine.ask(path, cookie="").status == 403, path
    assert mine.ask("/ann/row/1", cookie=f"targen-{PORT}=wrong").status == 403


def test_every_answer_forbids_scripts_of_others_and_frames(page, run):
    mine = page(run)
    for path in ("/ann/row/1", "/static/page.js", "/nothing", "/ann/list"):
        policy = mine.ask(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_what_another_site_sends_changes_nothing(page, run):
    mine = page(run)
    good = {"secret": mine.secret.form, "do:grade": "A"}
    for form, headers in (
        ({**good, "secret": "x"}, {"origin": OWN}),
        ({"do:grade": "A"}, {"origin": OWN}),
        (good, {"origin": "http://evil.example"}),
        (good, {"origin": "null"}),
        (good, {"sec-fetch-site": "cross-site"}),
    ):
        assert mine.ask("/ann/row/1", form, **headers).status == 403
    assert mine.lines == []
    assert mine.ask("/ann/row/1", good, origin=OWN).status == 303
    assert len(mine.lines) == 1


def test_a_grade_is_saved_and_the_next_open_row_follows(page, run):
    mine = page(run)
    assert mine.say(1, "grade", "B", seconds="2.5").headers["location"] == "/ann/row/2"
    (line,) = mine.lines
    assert (line["before"], line["after"], line["seconds"]) == ("B", "B", 2.5)
    mine.headers = {"x-page": "1"}
    after = mine.say(3, "grade", "A")
    assert after.headers["x-location"] == "/ann/row/4"
    assert "Row 2: A is saved; the row stays." in after.text
    assert "2 of 6" in after.text


def test_a_relabelled_row_is_graded_before_and_after(page, run):
    mine = page(run)
    assert mine.say(2, "grade", "D").headers["location"] == "/ann/row/2"
    assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == ("D", None)
    assert mine.say(2, "grade", "A").headers["location"] == "/ann/row/3"
    assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == ("D", "A")
    mine.say(2, "grade", "before=C")
    assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == ("C", "A")
    mine.say(2, "grade", "B")
    assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == ("B", None), "from the start"


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
    undo = {"secret": mine.secret.form, "at": "4"}
    assert mine.ask("/ann/undo", undo, origin=OWN).headers["location"] == "/ann/row/1"
    assert mine.lines[-1]["label"] == "negative"
    assert mine.say(1, "label", "neutral").status == 422
    assert mine.say(1, "grade", "E").status == 422
    assert mine.say(1, "steal").status == 422


def test_an_edit_is_checked_at_once_and_kept_with_what_was_said(page, run):
    mine = page(run)
    form = {"secret": mine.secret.form, "field.text": "Cold."}
    checked = mine.ask("/ann/row/1/check", form, origin=OWN)
    assert "The task would refuse this row" in checked.text
    assert mine.lines == []
    mine.say(1, "edit", **{"field.text": "Cold."})
    assert mine.lines[-1]["edit"] == {"text": "Cold."}
    assert "The task would refuse this row" in mine.ask("/ann/row/1").text
    assert mine.say(1, "edit", **{"field.label": "x"}).status == 303, "no such text: no edit"
    assert mine.lines[-1]["edit"] is None


def test_a_blind_review_tells_nothing_before_the_rater_chose(page, run):
    mine = page(run, blind=True, rejects=True)
    for number in range(1, 8):
        shown = html.unescape(mine.ask(f"/ann/row/{number}").text)
        body = (
            shown.split("<main")[1].split("</fieldset>", 1)[1].split('<section class="rubric"')[0]
        )
        assert not re.search(r"positive|negative|come back|about a bus", body), body
        assert "No calls" in mine.ask(f"/ann/row/{number}/calls").text
    listed = mine.ask("/ann/list").text
    assert "positive" not in listed.split("<tbody>")[1]
    assert mine.say(2, "grade", "A").status == 422
    mine.say(2, "label", "positive")
    assert "The guest would come back." in mine.ask("/ann/row/2").text


def test_a_blind_review_confirms_no_guess(page, run):
    mine = page(run, blind=True, rejects=True)
    seen = page(run, rejects=True, out=run.with_name("seen"))
    row = seen.desk.ids[0]
    assert seen.ask(f"/ann/goto?row={row}").status == 303
    for guess in (row, row.upper(), "1.0/nothing/0"):
        answer = mine.ask(f"/ann/goto?row={guess}")
        assert answer.status == 404
    assert mine.ask("/ann/goto?row=2").headers["location"] == "/ann/row/2"
    for name in ("text", "label", "nothing"):
        answer = mine.say(1, "edit", **{f"field.{name}": "x"})
        assert not re.search(r"\d\.\d/(positive|negative)", answer.text)
    shown = "".join(mine.ask(f"/ann/row/{number}").text for number in range(1, 8))
    assert "Where it is from" not in shown, "lists and seeds may be for one label alone"
    mine.say(1, "label", "positive")
    assert "Where it is from" in mine.ask("/ann/row/1").text


REASONS = """
name: mine
reasons:
- {key: n, name: near copy, meaning: A part repeats another.}
- {key: k, name: needs outside knowledge}
"""


def test_reasons_are_toggled_and_kept_with_the_grade(page, run, tmp_path, in_process):
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
    undo = {"secret": mine.secret.form, "at": "1"}
    for expected in (["near copy"], ["near copy", "needs outside knowledge"]):
        mine.ask("/ann/undo", undo, origin=OWN)
        assert (mine.lines[-1]["reasons"], mine.lines[-1]["after"]) == (expected, None)


def test_a_nul_is_refused_wherever_it_is_written(page, run):
    mine = page(run)
    form = {"secret": mine.secret.form, "field.text": "The soup was \0 cold that day."}
    assert "a NUL (U+0000) in it" in mine.ask("/ann/row/1/check", form, origin=OWN).text
    for action, more in (
        ("edit", {"field.text": form["field.text"]}),
        ("comment", {"comment": "a\0b"}),
    ):
        answer = mine.say(1, action, **more)
        assert (answer.status, "a NUL (U+0000) in it" in answer.text) == (422, True)
        assert "take it out" in answer.text
    assert mine.lines == []


def test_a_form_that_is_too_large_is_refused(page, run):
    mine = page(run)
    for length in (str((4 << 20) + 1), "9" * 30, "1e9", "-1"):
        answer = mine.ask("/ann/row/1", {"do:flag": ""}, origin=OWN, **{"content-length": length})
        assert (answer.status, answer.text) == (413, "This is too large.\n"), length
    assert mine.say(1, "comment", comment="x" * (4 << 20)).status == 422
    assert mine.lines == []


_TEXT = "Ada met Carl in Rome. Carl left early."
_RECORD = {
    "source": "targen",
    "passage": {
        "text": _TEXT,
        "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 11}, {"start": 16, "end": 19}],
    },
    "qas": [
        {
            "query": "Tired, @placeholder went home.",
            "idx": 0,
            "answers": [{"start": 8, "end": 11, "text": "Carl"}],
        }
    ],
    "idx": 0,
}
_OPTIONS = [{"text": "Carl", "idx": 0, "label": 1}, {"text": "Ada", "idx": 1, "label": 0}]
_MULTIRC = {
    "idx": 0,
    "passage": {
        "text": _TEXT,
        "questions": [{"question": "Who left?", "answers": _OPTIONS, "idx": 0}],
    },
}


@pytest.mark.whole
@pytest.mark.parametrize(
    ("task", "row", "tells", "label"),
    [("record", _RECORD, '"start"', "Carl"), ("multirc", _MULTIRC, '"right"', "A")],
)
def test_blind_rows_of_open_labels_do_not_hold_their_answer(
    page, tmp_path, task, row, tells, label
):
    data = tmp_path / "rows.jsonl"
    data.write_text(json.dumps(row) + "\n")
    mine = page(data, task=task, blind=True)
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


def test_what_no_browser_sends_is_refused_in_words(page, run):
    mine = page(run)
    digits = "9" * 5000
    for path in (f"/ann/row/{digits}", f"/ann/goto?row={digits}", f"/ann/list?page={digits}"):
        assert mine.ask(path).status == 414
    form = {"secret": mine.secret.form, "do:grade": "A"}
    assert mine.ask("/ann/row/1", form, origin="http://[::").status == 403
    for at in ("\N{SUPERSCRIPT TWO}", "99999", "0", digits):
        assert mine.ask("/ann/undo", {**form, "at": at}, origin=OWN).headers["location"] in {
            "/ann/row/1",
            "/ann/row/6",
        }
    assert mine.say(1, "comment", comment="y" * 100_001).status == 422
    assert mine.say(1, "grade", "nobody=A").status == 422
    assert mine.lines == []


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
    assert "<script>alert" not in mine.ask("/ann/row/1").text
    assert "<script>alert" not in mine.ask("/ann/goto?row=<script>alert(1)</script>").text


def test_raters_do_not_see_each_other(page, run):
    mine = page(run, names=("ann", "bob"), raters="ann,bob")
    mine.say(1, "grade", "A")
    assert mine.ask("/bob/row/1").status == 403
    assert mine.ask("/bob/row/1", {"secret": mine.secret.form}, origin=OWN).status == 403


def test_a_row_that_changed_since_is_told_and_asked_again(page, run):
    mine = page(run)
    mine.say(1, "grade", "A")
    mine.desk.book.close()
    rows = run / "dataset.jsonl"
    lines = rows.read_text().splitlines(keepends=True)
    lines[0] = json.dumps({**json.loads(lines[0]), "text": "Other words are here now."}) + "\n"
    rows.write_text("".join(lines))
    again = page(run)
    assert again.desk.done == 0
    assert "not as it was when you graded it" in again.ask("/ann/row/1").text
    again.say(1, "grade", "B")
    assert again.desk.done == 1


def test_the_end_the_list_and_places_that_there_are_not(page, run):
    mine = page(run)
    for number in (1, 2, 2, 3, 4, 5, 6):  # the second has two questions
        mine.say(number, "grade", "A")
    assert mine.ask("/ann/next?after=6").headers["location"] == "/ann/done"
    assert "All 6 rows are reviewed" in mine.ask("/ann/done").text
    assert "0 rows" in mine.ask("/ann/list?show=open").text
    assert mine.ask("/ann/row/7").status == 404
    assert mine.ask("/ann/row/0").status == 404
    assert mine.ask("/ann/goto?row=99").status == 404
    assert mine.ask("/ann/goto?row=3").headers["location"] == "/ann/row/4", "numbers are from 0"


def test_the_calls_of_a_row_are_there_on_demand(page, run):
    shown = page(run).ask("/ann/row/1/calls").text
    assert "generate" in shown
    assert "tokens in" in shown
