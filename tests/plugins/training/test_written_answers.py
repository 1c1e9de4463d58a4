"""How rows read to a model that is trained, and what the answers that it writes mean."""

from __future__ import annotations

import json

import pytest

from targen_core.dataset.model import Dataset
from targen_core.plugins.loader import load_registry
from targen_training.decisions import decisions_of
from targen_training.neural.answers import meaning
from targen_training.scores import measured
from targen_training.trainers import ILLEGAL, Decision, Question

pytestmark = pytest.mark.whole  # of tasks of other packages

REGISTRY = load_registry()
COPA = json.loads("""
{"premise": "The kite came down.", "question": "cause", "label": 0, "idx": 0,
 "choice1": "The wind had dropped.", "choice2": "The kite was red."}
""")
WSC = json.loads("""
{"text": "The cook thanked the baker because he had helped.", "label": false, "idx": 0,
 "target": {"span1_text": "The cook", "span1_index": 0, "span2_text": "he", "span2_index": 6}}
""")
WIC = json.loads("""
{"word": "bank", "sentence1": "The bank of the bank.", "sentence2": "A bank lends.",
 "start1": 16, "end1": 20, "start2": 2, "end2": 6, "label": false, "idx": 0}
""")
MULTIRC = json.loads("""
{"idx": 0, "passage": {"text": "Ann rows. Bo sleeps. Cy reads.", "questions": [
 {"idx": 0, "question": "Who is awake?", "answers": [
  {"text": "Ann", "label": 1, "idx": 0},
  {"text": "Bo", "label": 0, "idx": 1},
  {"text": "Cy", "label": 1, "idx": 2}]}]}}
""")


def decided(task, *rows, style="plain"):
    return decisions_of(Dataset("rows", REGISTRY.get("task", task), rows), style)


def test_what_decides_is_read():
    first, second = decided("copa", COPA)
    assert first.texts["premise"] == "The kite came down. What was the cause of this?"
    assert (first.label, first.option, second.option) == ("right", "choice1", "choice2")
    assert first.asked is second.asked and first.asked.answer == "choice1"
    assert "[he]" in decided("wsc", WSC)[0].texts["text"]
    assert decided("wic", WIC)[0].texts["sentence1"] == "The bank of the [bank]."


def test_rows_as_instructions():
    (row,) = decided("wsc", WSC, style="instructions")
    assert list(row.texts) == ["prompt"] and row.texts["prompt"].endswith("Output:")
    assert "[he]" in row.texts["prompt"] and row.asked.answer == "false"
    first, second = decided("copa", COPA, style="instructions")
    assert first.texts["choice"] == "The wind had dropped."
    assert first.texts["prompt"] == second.texts["prompt"] == first.asked.prompt


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("not_entailment", "not_entailment"),
        (" Not entailment.\n", "not_entailment"),
        ("ENTAILMENT", "entailment"),
        ("entailment, I think", None),
        ("contradiction", None),
        ("", None),
    ],
)
def test_a_label_is_compared_whole(written, label):
    names = ("entailment", "not_entailment")
    question = Question("?", "", {name: name for name in names})
    assert meaning(written, Decision({}, "", 0, asked=question), question) == label


def test_an_option_is_chosen_by_its_answer():
    first, second = decided("copa", COPA)
    assert [meaning("Choice2", each, each.asked) for each in (first, second)] == ["wrong", "right"]
    assert meaning("The kite was red.", first, first.asked) is None


def test_several_options_are_chosen_line_by_line():
    options = decided("multirc", MULTIRC)
    assert options[0].asked.answer == "A) Ann\nC) Cy"

    def output(text):
        return [meaning(text, each, each.asked) for each in options]

    assert output("A) Ann\nC) Cy") == ["right", "wrong", "right"]
    assert output("c) cy.") == ["wrong", "wrong", "right"]
    assert output("") == ["wrong", "wrong", "wrong"]  # none of them is an answer
    assert output("A) Ann\nD) Di") == [None, None, None]


def test_no_legal_answer_is_wrong_and_is_no_option():
    options = decided("copa", COPA)
    figures = measured(options, [[0, 0, 1], [0, 0, 1]], ("right", "wrong", ILLEGAL)).figures
    assert figures["illegal"].value == 1
    assert figures["best_option"].value == 0 and figures["accuracy"].value == 0
    figures = measured(options, [[1, 0, 0], [0, 1, 0]], ("right", "wrong", ILLEGAL)).figures
    assert figures["best_option"].value == 1 and figures["illegal"].value == 0
    assert figures["macro_f1"].value == 1
