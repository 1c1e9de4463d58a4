"""Outputs other than one label on the page, in what `review apply` makes, and in the report."""

from __future__ import annotations

import json
import re

import pytest

from targen_review.planning import planned
from tests.files import lines, write_lines
from tests.plugins.outputs.declared import CHAT, NER, PAIRS, QA, RANKED, SHOP

pytestmark = pytest.mark.whole

EMOJI = "😀👍🏽 Ann met Bob\r\nin Rome."
ANN = {"start": 4, "end": 7, "type": "person", "text": "Ann"}
ROME = {"start": 20, "end": 24, "type": "place", "text": "Rome"}
RANKING = {"criterion": "concise", "margin": "clearly"}
REPLIES = {"chosen": "At length.", "rejected": "Briefly.", "criterion": "concise"}
SAID = {"passage": "Ann, born in 1950, met Bob.", "question": "Who met Bob?"}

ROWS = {
    "spans": (NER, {"text": EMOJI, "spans": [ANN]}),
    "overlap": (NER, {"text": EMOJI, "spans": []}),
    "labels": (SHOP, {"text": "My money, please.", "labels": ["refund", "delay"]}),
    "score": (PAIRS, {"one": "A man runs.", "other": "A dog sleeps.", "score": 4.6}),
    "answer": (QA, {**SAID, "kind": "when", "answers": ["1950"]}),
    "preference": (CHAT, {"prompt": "An egg?", **REPLIES, "margin": "clearly"}),
    "ranking": (RANKED, {"prompt": "An egg?", **RANKING, "ranked": ["Six.", "It is six.", "So."]}),
}
_REPLY = re.compile(r'value="(reply_\w)"(?:(?!value=).)*?class="said"[^>]*>([^<]*)<', re.DOTALL)
PLACES = ("place_1", "place_2", "place_3")
SPANS = json.dumps([{**ROME}, {**ANN, "type": "place"}])
OVERLAP = json.dumps([ANN, {"start": 4, "end": 15, "type": "person", "text": "Ann met Bob"}])
TURNED = {**REPLIES, "chosen": "Briefly.", "rejected": "At length.", "margin": "clearly"}
BEST = ["So.", "Six.", "It is six."]
ANSWERED = {
    "spans": ({"spans": SPANS}, {"spans": [{**ANN, "type": "place"}, ROME]}),
    "labels": ({"labels": "delay"}, {"labels": ["delay"]}),
    "score": ({"score": "2"}, {"score": 2.0}),
    "answer": ({"kind": "who", "answers": " Ann\r\n"}, {"kind": "who", "answers": ["Ann"]}),
    "preference": ({"better": "the other"}, TURNED),
    "ranking": (dict(zip(PLACES, BEST, strict=True)), {**RANKING, "ranked": BEST}),
}
"""The fields of a form, and the columns that they become."""
REFUSED = {
    "spans": ({"spans": "[3]"}, "the answer is not a list of spans"),
    "overlap": ({"spans": OVERLAP}, "it overlaps the previous span"),
    "score": ({"score": "5.5"}, "enter a number from 1 to 5"),
    "answer": ({"kind": "who", "answers": "Eve"}, "is not in the passage"),
    "preference": ({"better": "both"}, "choose reply_a or reply_b"),
    "ranking": (dict.fromkeys(PLACES, "reply_a"), "ranked has a reply twice"),
    "labels": ({"*": '{"labels": ["eve"]}'}, "Input should be"),
}


@pytest.fixture
def data(tmp_path):
    """The rows of a kind, and the file of their task."""

    def make(kind, *more):
        task, row = ROWS[kind]
        file = tmp_path / f"{kind}.yaml"
        file.write_text(json.dumps(task))
        rows = [{**each, "idx": at} for at, each in enumerate((row, *more))]
        return write_lines(tmp_path / "rows.jsonl", rows), file

    return make


@pytest.fixture
def opened(data, page):
    def make(kind, *more, **options):
        rows, file = data(kind, *more)
        made = page(rows, task=str(file), **{"rubric": None, **options})
        made.headers = {"x-page": "1"}
        return made

    return make


def _answer(page, form):
    """Give an output: a reply by its text, or "the other", which is the one that is not chosen."""
    shown = page.ask("/row/1").text
    names = {text: name for name, text in _REPLY.findall(shown)}
    names["the other"] = "reply_b" if '"reply_a" checked' in shown else "reply_a"
    said = {f"answer.{field}": names.get(value, value) for field, value in form.items()}
    return page.say(1, "output", **said)


@pytest.mark.parametrize("kind", ANSWERED)
def test_what_a_person_answers_is_in_the_new_version(kind, opened, works, tmp_path):
    page = opened(kind)
    form, columns = ANSWERED[kind]
    said = _answer(page, form).text
    assert "Row 0: saved as wrong; the row changes its output." in said
    assert page.lines[-1]["output"] == columns
    assert page.ask("/row/1").text.count("This is what you saved.") == 1, "as after a restart"

    works("review", "apply", tmp_path / "rows.jsonl.review", "--out", tmp_path / "new")
    (row,) = lines(tmp_path / "new" / "dataset.jsonl")
    assert row == {**ROWS[kind][1], **columns, "idx": 0}
    (change,) = lines(tmp_path / "new" / "changes.jsonl")
    assert change["verdict"] == "relabelled"
    before = change["review"]["before"]["output"]
    assert before == {name: ROWS[kind][1][name] for name in columns}
    report = json.loads((tmp_path / "new" / "report.json").read_text())
    assert report["rows"][change["label"]] == 1


@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_output_cannot_have_is_refused_by_its_own_words(kind, opened):
    page = opened(kind)
    form, words = REFUSED[kind]
    answer = _answer(page, form)
    assert (answer.status, words in answer.text) == (422, True), answer.text
    assert page.lines == []


def test_an_output_that_asks_nothing_is_edited_as_json(opened, monkeypatch):
    from targen_outputs.labels import LabelsOutput

    monkeypatch.delattr(LabelsOutput, "questions")
    page = opened("labels")
    shown = page.ask("/row/1").text
    assert 'name="answer.*"' in shown
    assert "&#34;refund&#34;" in shown
    _answer(page, {"*": '{"labels": []}'})
    assert page.lines[-1]["output"] == {"labels": []}
    for text, words in (
        ("{", "the text is not JSON"),
        ("[]", "not a JSON object"),
        ('{"text": ""}', "the output must have the columns labels, not labels, text"),
    ):
        answer = _answer(page, {"*": text})
        assert (answer.status, words in answer.text) == (422, True), text


def test_spans_stay_at_their_words_when_the_text_is_edited(opened):
    page = opened("spans")
    edited = page.say(1, "edit", **{"field.text": EMOJI.replace("😀", "So: ")})
    assert "is not at 4:7" in edited.text, "the task refuses the row until they are saved anew"
    assert "&#34;start&#34;: 7, &#34;end&#34;: 10" in edited.text.replace("\\&#34;", "&#34;")
    spans = json.dumps([{**ANN, "start": 7, "end": 10}])
    said = _answer(page, {"spans": spans})
    assert "the row changes its output and changes its text" in said.text


@pytest.fixture
def answered(data, graded):
    """Have ann and bob give each row an output, or find it right (None)."""

    def give(kind, ann, bob, *more):
        rows, file = data(kind, *more)
        folder = planned(str(rows), task=str(file), raters="ann,bob")[0]
        for name, outputs in (("ann", ann), ("bob", bob)):
            said = [{"after": "W", "output": each} if each else {"after": "R"} for each in outputs]
            graded(folder, name, dict(enumerate(said)))
        return folder

    return give


@pytest.mark.parametrize(
    ("ann", "bob", "outcome", "score"),
    [(2.0, 2.3, "relabelled", 2.0), (2.0, 3.0, "disagreed", 4.6), (None, 4.4, "doubted", 4.6)],
)
def test_scores_within_the_tolerance_are_no_difference(
    ann, bob, outcome, score, answered, works, tmp_path
):
    said = [None if each is None else {"score": each} for each in (ann, bob)]
    folder = answered("score", said[:1], said[1:])
    works("review", "apply", folder, "--out", tmp_path / "new")
    (row,) = lines(tmp_path / "new" / "dataset.jsonl")
    assert row["score"] == score
    assert json.loads((tmp_path / "new" / "report.json").read_text())["outcomes"][outcome] == 1
