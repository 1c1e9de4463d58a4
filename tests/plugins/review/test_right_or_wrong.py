"""Right, wrong label, bad text: the verdicts on rows of a closed set of labels."""

from __future__ import annotations

import re

import pytest

from targen_review.cli.open import planned
from targen_review.plan import load_plan
from targen_review.rubric import LABELS, PAPER
from tests.files import lines


@pytest.fixture
def mine(page, run):
    """The page of ann, by the rubric of a closed set; the run's row 1 was relabelled by step 4."""

    def make(**options):
        made = page(run, rubric=None, **options)
        made.headers = {"x-page": "1"}
        return made

    return make


def test_a_closed_set_of_labels_is_asked_for_verdicts(run, rows_file, tmp_path):
    assert load_plan(planned([str(run)])[0]).rubric == LABELS
    assert load_plan(planned([str(rows_file())])[0]).rubric == PAPER, "no labels are known"
    other = planned([str(run)], rubric="paper", out=tmp_path / "other")[0]
    assert load_plan(other).rubric == PAPER


def test_each_verdict_is_one_key_and_wrong_label_asks_which_by_one_more(mine):
    mine = mine()
    shown = mine.ask("/ann/row/6").text
    for key, word in (("r", "right"), ("w", "wrong label"), ("b", "bad text")):
        assert f'data-key="{key}"' in shown
        assert f"<span>{word}</span>" in shown
    assert "do:reject" not in shown, "which is what a bad text is"
    assert "right after all" not in shown
    own, labels = mine.desk.seat(5).row.label, mine.desk.seat(5).labels
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
        assert said.headers["x-location"] == f"/ann/row/{following}"
        confirming = said.text.partition(button)[2].partition("</button>")[0]
        assert ("right after all" in confirming) is (words is which and number == 6)
    assert "5 of 6 done" in said.text, "a relabel counts as reviewed"
    last = {line["row"]: (line["after"], line["label"]) for line in mine.lines}
    turned = ("W", "negative")
    assert [*last.values()] == [("R", None), turned, ("B", None), turned, ("R", None)]
    done = mine.ask("/ann/done").text
    for words in ("2 rows</dt><dd>kept", "2 rows</dt><dd>changed", "1 row</dt><dd>removed"):
        assert words in done
    listed = mine.ask("/ann/list").text
    assert "<td>wrong label</td>\n<td>changes its label to negative</td>" in listed


def test_a_verdict_on_a_corrected_label_says_what_the_one_before_was(mine):
    mine = mine()
    mine.say(2, "grade", "R")  # step 4 made it positive, from negative
    mine.say(2, "label", "negative")
    assert [(line["before"], line["after"]) for line in mine.lines] == [("W", "R"), ("R", "W")]


def test_a_blind_label_is_a_verdict_and_a_bad_text_needs_none(mine):
    mine = mine(blind=True)
    hidden = mine.ask("/ann/row/1").text
    title = re.search(r'id="row-title"[^>]*>(.*?)</h1>', hidden, re.DOTALL)[1]
    assert "1 of 6" in title
    assert "row" not in title.lower(), "its number may tell the label"
    assert "bad text" in hidden
    assert "<span>right</span>" not in hidden
    row = mine.desk.seat(0).row
    assert mine.say(1, "label", row.label).headers["x-location"] == "/ann/row/2"
    assert mine.say(2, "grade", "B").headers["x-location"] == "/ann/row/3"
    assert mine.say(3, "grade", "R").status == 422
    said = [(line["label"], line["after"]) for line in mine.lines]
    assert said == [(row.label, "R"), (None, "B")]


def test_apply_report_and_json_use_the_same_words(mine, run, works):
    mine = mine()
    for number, letter in enumerate("RRBR", 1):
        mine.say(number, "grade", letter)
    mine.say(5, "label", "negative")
    mine.say(6, "grade", "W")  # and no label
    done = works("review", "apply", run, "--json").json[0]
    assert done["effects"] == {"stays": 3, "changes": 1, "leaves": 2}
    assert [row["idx"] for row in lines("reviews-0-reviewed/dataset.jsonl")] == [0, 1, 3, 4]
    assert "right  wrong label  bad text" in works("review", "report", run).out
    report = works("review", "report", run, "--json").json
    assert report["grades"][0]["after"] == {"right": 3.0, "wrong label": 2.0, "bad text": 1.0}
