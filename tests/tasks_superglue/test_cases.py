"""What each task hands to the analysis: its decisions, and what could give them away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from targen_core.plugins.loader import load_registry
from targen_core.tasks.parts import RIGHT, WRONG

REGISTRY = load_registry()
OFFICIAL = json.loads((Path(__file__).parent / "official_rows.json").read_text(encoding="utf-8"))


def cases(task: str, row: dict[str, Any]) -> Any:
    return REGISTRY.get("task", task).rows.cases({"idx": 0, **row})


# --- what the cues see ---------------------------------------------------------

COPA = OFFICIAL["copa"] | {"choice2": "The kite was over the field for an hour.", "label": 1}


def test_copa():
    first, second = cases("copa", COPA)
    assert (first.label, second.label) == (WRONG, RIGHT)
    assert first.texts == {"premise": COPA["premise"], "choice": COPA["choice1"]}
    assert [c.cues["place of the choice"] for c in (first, second)] == [(0,), (1,)]
    crossed = "cause or effect, with the place of the choice"
    assert [c.cues[crossed] for c in (first, second)] == ["cause 0", "cause 1"]
    assert [c.cues["which choice is longer"] for c in (first, second)] == [(-5, -19), (5, 19)]
    common = "which choice shares more words with the premise"
    assert first.cues[common] < (0,) < second.cues[common]
    assert first.question == second.question
    assert [c.label for c in cases("copa", COPA | {"label": "0"})] == [RIGHT, WRONG]
    assert cases("copa", {k: v for k, v in COPA.items() if k != "label"}) == []


def test_record():
    text = "Ada met Bo. Bo and Ada saw Cy, and Bo left."
    at = [0, 8, 12, 19, 27, 35]
    places = [{"start": s, "end": s + (2 if s in (0, 19) else 1)} for s in at]
    row = {
        "source": "s",
        "passage": {"text": text, "entities": places},
        "qas": [
            {"query": "Ada knows @placeholder", "answers": [{"text": "Bo"}], "idx": 0},
            {"query": "@placeholder ran", "answers": [{"text": "Ada"}, {"text": "Cy"}], "idx": 1},
            {"query": "of a test file", "idx": 2},
        ],
    }
    actual = cases("record", row)
    assert [(c.question, c.texts["entity"], c.label) for c in actual] == [
        (0, "Ada", WRONG),
        (0, "Bo", RIGHT),
        (0, "Cy", WRONG),
        (1, "Ada", RIGHT),
        (1, "Bo", WRONG),
        (1, "Cy", RIGHT),
    ]
    expected = {
        "place among the entities": [0, 1, 2],
        "how often the passage names it": [2, 3, 1],
        "whether the query names it": [1, 0, 0],
    }
    for name, values in expected.items():
        assert [c.cues[name][0] for c in actual[:3]] == values
    assert [c.cues["how often the passage names it"][1] for c in actual[:3]] == [1, 0, 2]


def test_wsc():
    row = {
        "text": "Ada told Bo that she had won.",
        "target": {"span1_text": "Bo", "span1_index": 2, "span2_text": "she", "span2_index": 4},
        "label": False,
    }
    (case,) = cases("wsc", row)
    assert case.texts == {"text": row["text"], "phrase": "Bo", "pronoun": "she"}
    assert case.cues["place of the phrase"] == (2, 2 / 7)
    assert case.cues["words from the phrase to the pronoun"] == (2,)
    assert case.label == ""  # the row's own


WIC = {"word": "run", "start1": 8, "end1": 11, "start2": 8, "end2": 12}
FORM = "whether the word has one form in both sentences"
PARTS = "noun or verb in each sentence, by the word before"
NURSE = "The nurse told the baker that {} was late."
NAMED = "place in the premise of the one whom the hypothesis names"
NEGATED = "negation in the hypothesis"
NEW = "names and numbers that the premise lacks"
LAND = ("Ada Lund sold 12.5 acres.", "Mr. Lund didn't buy 13 acres.")
COULD = ("Could he not? If so, maybe never.", "he could")
OAK = {"passage": "Oak -- A tree.", "question": "is the oak always the only tree"}


def pair(premise, hypothesis):
    return {"premise": premise, "hypothesis": hypothesis}


def wic(first, second, **places):
    return {**WIC, "sentence1": first, "sentence2": second, **places}


RUN_ON = wic("Run on.", "The run.", start1=0, end1=3, start2=4, end2=7)


@pytest.mark.parametrize(
    ("task", "row", "name", "expected"),
    [
        ("wic", wic("I shall run home.", "We have runs"), FORM, "two"),
        ("wic", RUN_ON, FORM, "one"),
        ("wic", RUN_ON, "place of the word in each sentence", (0, 1)),
        ("wic", wic("I shall run home.", "We have runs"), PARTS, "verb open"),
        ("wic", wic("Had the run gone?", "A long, run "), PARTS, "noun open"),
        ("wic", wic("To shop, run home", "for her run "), PARTS, "open noun"),
        ("boolq", OAK, "first word of the question", "is"),
        ("boolq", OAK, "only, always, never in the question", (2,)),
        ("rte", pair(*LAND), NEW, (1,)),
        ("rte", pair("bo had 3.", "Anna saw Bo's 3 cats, 4."), NEW, (1,)),
        ("rte", pair(*LAND), NEGATED, (1, 1)),
        ("cb", pair("A.", "He didn’t, and cannot: no one NEVER did"), NEGATED, (4,)),
        ("cb", pair(*COULD), "negation in the premise", (2,)),
        ("cb", pair(*COULD), NEGATED, (0,)),
        ("cb", pair(*COULD), "question marks, conditions and modal verbs in the premise", (1, 3)),
        ("axg", pair(NURSE.format("he"), "The baker was late."), NAMED, (4,)),
        ("axg", pair(NURSE.format("he"), "So it was."), "gender of the pronoun", "he"),
        ("axg", pair(NURSE.format("it"), "So it was."), "gender of the pronoun", "none"),
        ("axg", pair("One two.", "Three!"), NAMED, (-1,)),
    ],
)
def test_a_cue_of_a_row(task, row, name, expected):
    (case,) = cases(task, row)
    assert case.cues[name] == expected
    assert case.texts == {field: row[field] for field in case.texts} and len(case.texts) > 1
