"""How rows read to a model that is trained, and what the answers that it writes mean."""

from __future__ import annotations

import json

import pytest

from targen_core.dataset.model import Dataset
from targen_core.plugins.loader import load_registry
from targen_training.decisions import decisions_of
from targen_training.neural.answers import meaning
from targen_training.trainers import Decision, Question

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


def decided(task, *rows, style="plain"):
    return decisions_of(Dataset("rows", REGISTRY.get("task", task), rows), style)


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
