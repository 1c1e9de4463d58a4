"""The page without a browser: who may speak to it, what it writes, what it shows."""

from __future__ import annotations

import html
import re

import pytest

from targen_review.rows import open_data
from tests.files import lines

from .conftest import OWN, PORT


def test_only_those_with_the_link_on_this_machine_are_answered(page, run):
    mine = page(run)
    assert mine.ask("/row/1").status == 200
    assert mine.ask("/row/1", host=f"localhost:{PORT}").status == 200
    for host in ("evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", ""):
        assert mine.ask("/row/1", host=host).status == 403, host
    again = "/" + mine.secret.address.partition(f"{PORT}/")[2]
    for path in ("/", "/?token=x", "/row/1", "/list", again):
        assert mine.ask(path, cookie="").status == 403, path
    assert mine.ask("/row/1", cookie=f"targen-{PORT}=wrong").status == 403
    cookie = mine.ask("/").headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict"))
    for path in ("/row/1", "/static/page.js", "/nothing", "/list"):
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
        (good, {"origin": "http://[::"}),
        (good, {"origin": "null"}),
        (good, {"sec-fetch-site": "cross-site"}),
    ):
        assert mine.ask("/row/1", form, **headers).status == 403
    assert mine.lines == []
    assert mine.ask("/row/1", good, origin=OWN).status == 303
    assert len(mine.lines) == 1


def test_a_grade_is_saved_and_the_next_open_row_follows(page, run):
    mine = page(run)
    assert mine.say(1, "grade", "B").headers["location"] == "/row/2"
    (line,) = mine.lines
    assert (line["before"], line["after"]) == ("B", "B")
    for letter, before, after in (
        ("D", "D", None),
        ("A", "D", "A"),
        ("before=C", "C", "A"),
        ("B", "B", None),  # from the start
    ):
        following = mine.say(2, "grade", letter).headers["location"]
        assert (mine.lines[-1]["before"], mine.lines[-1]["after"]) == (before, after)
        assert following == f"/row/{3 if after else 2}"


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
    assert mine.post("/undo", at="4").headers["location"] == "/row/1"
    assert mine.lines[-1]["label"] == "negative"


def test_an_edit_is_checked_at_once_and_kept_with_what_was_said(page, run):
    mine = page(run)
    cold = {"field.text": "Cold."}
    assert "The task rejects this row" in mine.post("/row/1/check", **cold).text
    assert mine.lines == []
    mine.say(1, "edit", **cold)
    assert mine.lines[-1]["edit"] == {"text": "Cold."}
    assert "The task rejects this row" in mine.ask("/row/1").text
    assert mine.say(1, "edit", **{"field.label": "x"}).status == 303, "no such text: no edit"
    assert mine.lines[-1]["edit"] is None


def test_a_blind_review_tells_nothing_before_the_rater_chose(page, run):
    mine = page(run, blind=True)
    seen = page(run, out=run.with_name("seen"))
    for number in range(1, 7):
        shown = html.unescape(mine.ask(f"/row/{number}").text)
        assert "Origin" not in shown, "lists and seeds may be for one label alone"
        body = shown.split("<main")[1].split("</fieldset>", 1)[1]
        body = body.split('<section class="rubric"')[0]
        assert not re.search(r"positive|negative|come back", body), body
        assert "No calls" in mine.ask(f"/row/{number}/calls").text
    assert "positive" not in mine.ask("/list").text.split("<tbody>")[1]
    row = seen.session.ids[0]
    assert seen.ask(f"/goto?row={row}").status == 303
    for guess in (row, row.upper(), "1.0/nothing/0"):
        assert mine.ask(f"/goto?row={guess}").status == 404
    assert mine.ask("/goto?row=2").headers["location"] == "/row/2"
    for name in ("text", "label", "nothing"):
        answer = mine.say(1, "edit", **{f"field.{name}": "x"})
        assert not re.search(r"\d\.\d/(positive|negative)", answer.text)
    assert mine.say(2, "grade", "A").status == 422
    for number in [*range(1, 7)] * 2:  # the same again takes nothing back
        mine.say(number, "label", "positive")
    shown = "".join(mine.ask(f"/row/{number}").text for number in range(1, 7))
    assert "The guest would come back." in shown and "Origin" in shown


def test_texts_of_strangers_stay_texts(page, rows_file, task_file):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202eabc\u0007"
    mine = page(rows_file(2, evil), task=str(task_file))
    for path in ("/row/1", "/list", "/row/1?edit"):
        shown = mine.ask(path).text
        assert "<script>alert" not in shown
        assert "<img" not in shown
        assert "&lt;script&gt;" in shown
    assert "\\u202eabc\\x07" in mine.ask("/row/1").text
    mine.say(1, "comment", comment='"><script>alert(1)</script>')
    for path in ("/row/1", "/goto?row=<script>alert(1)</script>"):
        assert "<script>alert" not in mine.ask(path).text


# --- right, wrong label, bad text ---


@pytest.fixture
def verdicts(page, run):
    """The page of ann, by the rubric of a closed set; the run's row 1 was relabelled by step 4."""

    def make(**options):
        made = page(run, rubric=None, **options)
        made.headers = {"x-page": "1"}
        return made

    return make


def test_each_verdict_is_one_key_and_wrong_label_asks_which_by_one_more(verdicts):
    mine = verdicts()
    shown = mine.ask("/row/6").text
    for key, word in (("r", "right"), ("w", "wrong label"), ("b", "bad text")):
        assert f'data-key="{key}"' in shown
        assert f"<span>{word}</span>" in shown
    assert "do:reject" not in shown, "which is what a bad text is"
    assert "right after all" not in shown
    own, labels = mine.session.view(5).row.label, mine.session.view(5).data.labels
    button = f'value="{own}" class="label" aria-pressed="false" data-key="{labels.index(own) + 1}">'
    which = "Which label is right? Without one, the row is removed."
    turned = "saved as wrong label; the row changes its label to negative."
    for number, action, value, words, following in (
        (1, "grade", "R", "Row 0: saved as right; the row is kept.", 2),
        (3, "grade", "W", which, 3),
        (3, "label", "negative", turned, 4),
        (4, "grade", "B", "saved as bad text; the row is removed.", 5),
        (5, "label", "negative", "saved as wrong label", 6),
        (6, "grade", "W", which, 6),
        (6, "label", own, "saved as right", 2),  # its own label confirms it
    ):
        said = mine.say(number, action, value)
        assert words in said.text
        assert said.headers["x-location"] == f"/row/{following}"
        confirming = said.text.partition(button)[2].partition("</button>")[0]
        assert ("right after all" in confirming) is (words is which and number == 6)
    assert "5 of 6 done" in said.text, "a relabel counts as reviewed"
    last = {line["row"]: (line["after"], line["label"]) for line in mine.lines}
    turned = ("W", "negative")
    assert [*last.values()] == [("R", None), turned, ("B", None), turned, ("R", None)]
    done = mine.ask("/done").text
    for words in ("2 rows</dt><dd>kept", "2 rows</dt><dd>changed", "1 row</dt><dd>removed"):
        assert words in done
    listed = mine.ask("/list").text
    assert "<td>wrong label</td>\n<td>changes its label to negative</td>" in listed


def test_apply_report_and_json_use_the_same_words(verdicts, run, works):
    mine = verdicts()
    for number, letter in enumerate("RRBR", 1):
        mine.say(number, "grade", letter)
    mine.say(5, "label", "negative")
    mine.say(6, "grade", "W")  # and no label
    done = works("review", "apply", run, "--json").json
    assert done["effects"] == {"stays": 3, "changes": 1, "leaves": 2}
    assert [row["idx"] for row in lines("reviews-0-reviewed/dataset.jsonl")] == [0, 1, 3, 4]
    assert "right  wrong label  bad text" in works("review", "report", run).out
    report = works("review", "report", run, "--json").json
    assert report["grades"][0]["after"] == {"right": 3.0, "wrong label": 2.0, "bad text": 1.0}


# --- targen view ---


def test_rows_and_rejects_are_filtered_sorted_and_shown_with_their_origin(view, run, rows_file):
    mine = view(open_data(run), open_data(rows_file(60, "A much, " * 20)))
    for path in ("rows", "row/1", "row/1/calls", ""):
        assert mine.ask(f"/{path}", cookie="").status == 403, path
    for query, count in (
        ("", "68 rows"),
        ("?dataset=rows&label=negative", "30 rows"),
        ("?text=NEVER+again", "1 row"),
        ("?row+or+reason=too-short&sort=longest&page=9", "1 row"),
    ):
        assert f">{count}</h1>" in mine.ask(f"/rows{query}").text, query
    assert "page 2 of 2" in mine.ask("/rows?page=2").text
    assert "The guest would come back." in mine.ask("/row/2").text
    assert "2 words" in mine.ask("/row/8").text
    assert "tokens in" in mine.ask("/row/1/calls").text
    assert mine.ask("/row/99").status == 404
    listed = mine.ask("/rows?sort=shortest&label=negative").text
    places = re.findall(r'href="/row/(\d+)\?', listed)
    following = mine.ask(f"/row/{places[0]}?sort=shortest&label=negative").text
    assert re.search(rf'href="/row/{places[1]}\?[^"]*" data-key="n ArrowRight"', following)
