"""What each task hands to the analysis: its decisions, and what could give them away."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import load_registry
from targen_core.tasks.cases import RIGHT, WRONG
from targen_tasks_superglue.shared.cues import (
    beside,
    beside_lengths,
    negations,
    new_names,
    shared,
)

REGISTRY = load_registry()


def cases(task: str, row: dict):
    return REGISTRY.get("task", task).rows.cases({"idx": 0, **row})


def cue(task: str, name: str, **row):
    """A cue of each case of a row."""
    return [case.cues[name] for case in cases(task, row)]


# --- what the cues see ---------------------------------------------------------

COPA = {
    "premise": "The kite came down in the field.",
    "choice1": "The wind had dropped.",
    "choice2": "The kite was over the field for an hour.",
    "question": "cause",
    "label": 1,
}


def test_copa():
    first, second = cases("copa", COPA)
    assert (first.label, second.label) == (WRONG, RIGHT)
    assert first.texts == {"premise": COPA["premise"], "choice": COPA["choice1"]}
    assert [c.cues["place of the choice"] for c in (first, second)] == [(0,), (1,)]
    crossed = "cause or effect, with the place of the choice"
    assert [c.cues[crossed] for c in (first, second)] == ["cause 0", "cause 1"]
    assert first.cues["which choice is longer"][0] == -5
    assert second.cues["which choice is longer"][0] == 5
    ((less,), (more,)) = cue("copa", "which choice shares more words with the premise", **COPA)
    assert less < 0 < more
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
    assert [c.cues["place among the entities"][0] for c in actual[:3]] == [0, 1, 2]
    assert [c.cues["how often the passage names it"] for c in actual[:3]] == [
        (2, 1),
        (3, 0),
        (1, 2),
    ]
    assert [c.cues["whether the query names it"] for c in actual[:3]] == [(1.0,), (0.0,), (0.0,)]


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
LAND = ("Ada Lund sold 12.5 acres.", "Mr. Lund didn't buy 13 acres.")
COULD = ("Could he not? If so, maybe never.", "he could")
OAK = {"passage": "Oak -- A tree.", "question": "is the oak always the only tree"}


def pair(premise, hypothesis):
    return {"premise": premise, "hypothesis": hypothesis}


def wic(first, second, **places):
    return {**WIC, "sentence1": first, "sentence2": second, **places}


@pytest.mark.parametrize(
    ("task", "row", "name", "expected"),
    [
        ("wic", wic("I shall run home.", "We have runs"), FORM, "two"),
        ("wic", wic("Run on.", "The run.", start1=0, end1=3, start2=4, end2=7), FORM, "one"),
        ("wic", wic("I shall run home.", "We have runs"), PARTS, "verb open"),
        ("wic", wic("Had the run gone?", "A long, run "), PARTS, "noun open"),
        ("wic", wic("To shop, run home", "for her run "), PARTS, "open noun"),
        (
            "wic",
            wic("Run on.", "The run.", start1=0, end1=3, start2=4, end2=7),
            "place of the word in each sentence",
            (0, 1),
        ),
        ("boolq", OAK, "first word of the question", "is"),
        ("boolq", OAK, "only, always, never in the question", (2,)),
        ("rte", pair(*LAND), "names and numbers that the premise lacks", (1,)),
        ("rte", pair(*LAND), NEGATED, (1, 1)),
        ("cb", pair(*COULD), "negation in the premise", (2,)),
        ("cb", pair(*COULD), NEGATED, (0,)),
        (
            "cb",
            pair(*COULD),
            "question marks, conditions and modal verbs in the premise",
            (1, 3),
        ),
        ("axg", pair(NURSE.format("he"), "The baker was late."), NAMED, (4,)),
        ("axg", pair(NURSE.format("he"), "So it was."), "gender of the pronoun", "he"),
        ("axg", pair(NURSE.format("it"), "So it was."), "gender of the pronoun", "none"),
        ("axg", pair("One two.", "Three!"), NAMED, (-1,)),
    ],
)
def test_a_cue_of_a_row(task, row, name, expected):
    assert cue(task, name, **row) == [expected]


def test_what_the_cues_are_made_of():
    assert beside([3, 1, 2]) == [1.5, -1.5, 0]
    assert beside([5]) == [0.0]
    assert beside_lengths(["a bb", "a"]) == [(1, 3), (-1, -3)]
    assert negations("He didn’t, and cannot: no one NEVER did") == 4
    assert new_names("Anna saw Bo's 3 cats, 4.", "bo had 3.") == {"4"}
    assert shared("a b b", "b c") == 0.5
    assert shared("", "b") == 0


# --- whatever the rows hold ---------------------------------------------------

texts = st.text(max_size=60) | st.sampled_from(["", "The nurse isn't @placeholder, Mr. Éé 12.5?"])
numbers = st.integers(-5, 70)
mentions = st.fixed_dictionaries({"start": numbers, "end": numbers})
answers = st.lists(st.fixed_dictionaries({"text": texts}), max_size=3)
queries = st.fixed_dictionaries({"query": texts}, optional={"answers": st.none() | answers})


def rows(**values: st.SearchStrategy) -> st.SearchStrategy:
    """Rows, or parts of them, with these fields."""
    return st.fixed_dictionaries(values)


pairs = rows(premise=texts, hypothesis=texts)
ROWS = {
    "axg": pairs,
    "boolq": rows(passage=texts, question=texts),
    "cb": pairs,
    "copa": rows(
        premise=texts,
        choice1=texts,
        choice2=texts,
        question=st.sampled_from(["cause", "effect"]),
        label=st.sampled_from([0, 1]),
    ),
    "record": rows(
        passage=rows(text=texts, entities=st.lists(mentions)), qas=st.lists(queries, max_size=3)
    ),
    "rte": pairs,
    "wic": rows(
        **dict.fromkeys(("word", "sentence1", "sentence2"), texts),
        **dict.fromkeys(("start1", "end1", "start2", "end2"), numbers),
    ),
    "wsc": rows(
        text=texts,
        target=rows(
            **dict.fromkeys(("span1_text", "span2_text"), texts),
            **dict.fromkeys(("span1_index", "span2_index"), numbers),
        ),
    ),
}


@pytest.mark.parametrize("task", ROWS)
@given(data=st.data())
def test_any_row_is_read(task, data):
    actual = cases(task, data.draw(ROWS[task]))
    forms = set()
    for case in actual:
        assert all(isinstance(text, str) for text in case.texts.values())
        assert case.label in ("", RIGHT, WRONG)
        for value in case.cues.values():
            assert isinstance(value, str) or all(math.isfinite(number) for number in value)
        forms.add(tuple((k, isinstance(v, str) or len(v)) for k, v in case.cues.items()))
    assert len(forms) <= 1
    if task == "copa":
        assert sorted(case.label for case in actual) == [RIGHT, WRONG]
    elif task != "record":
        assert len(actual) == 1
