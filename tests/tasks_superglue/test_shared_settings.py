"""The settings that four tasks begin with, and the checks that three tasks share."""

from __future__ import annotations

import json

import pytest

from targen_core import Rejected
from targen_core.tasks.checks import phrase
from targen_tasks_superglue.shared.nli import claim, no_copy, statement, stems
from targen_tasks_superglue.shared.settings import (
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)

from .originals import ORIGINAL, needs_original


@pytest.mark.parametrize("name", ["axg", "cb", "copa", "wsc"])
def test_tasks_that_begin_with_settings_share_their_parameters(name, installed):
    task = installed.get("task", name)
    assert task.contexts is installed.get("contexts", "settings") is SETTINGS
    assert dict(task.parameters["contexts"]) == dict(SETTINGS_PARAMETERS)
    assert SETTINGS_PROMPT in task.prompts


def test_the_calls_of_two_tasks_are_the_same_calls(plain):
    """With one seed the keys are equal, so a suite pays them once."""
    copa, cb = (
        {r.key for r in plain(task, 24, seed=7).requests if r.origin.step == "contexts"}
        for task in ("copa", "cb")
    )
    assert copa
    assert len(copa & cb) == min(len(copa), len(cb))


# --- premises and hypotheses ------------------------------------------------


def reason(check, *args, **limits) -> str:
    with pytest.raises(Rejected) as caught:
        check(*args, **limits)
    return caught.value.reason


def test_a_statement_is_clean_prose():
    statement("It rained all day.", min_words=2, max_words=9, what="text")
    assert (
        reason(statement, "It rained all day", min_words=2, max_words=9, what="text") == "cut-off"
    )
    assert reason(statement, "It rained.", min_words=3, max_words=9, what="text") == "too-short"


def test_a_hypothesis_is_neither_its_premise_nor_a_piece_of_it():
    premise = "After the flood the miller of Ost bought two boats."
    no_copy("The miller had not trusted the river.", premise)
    for copy in (premise, premise.upper(), "The miller of Ost bought two boats."):
        assert reason(no_copy, copy, premise) == "copy-of-premise"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no-words"),
        ("one two six ten", "too-long"),
        ("# one", "markup"),
        ("1 one", "markup"),
    ],
)
def test_a_phrase_is_short_and_plain(text, expected):
    phrase("one two", max_words=3, what="phrase")
    assert reason(phrase, text, max_words=3, what="phrase") == expected


def refused(hypothesis: str, premise: str) -> str:
    """The reason for which a hypothesis is rejected, or nothing."""
    try:
        claim(hypothesis, premise, min_words=3, max_words=60)
    except Rejected as error:
        return error.reason
    return ""


def test_a_text_of_small_words_has_them_as_its_stems():
    assert stems("It was they.") == {"it", "was", "they"}
    assert stems("They're the nurse's.") == {"nurs"}


@needs_original
@pytest.mark.parametrize("name", ["RTE", "CB", "AX-b"])
def test_original_hypotheses_are_no_talk_about_texts(name):
    rows = [
        json.loads(line)
        for path in sorted((ORIGINAL / name).glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    assert rows
    for row in rows:
        premise = row.get("premise") or row["sentence1"]
        hypothesis = row.get("hypothesis") or row["sentence2"]
        hypothesis = hypothesis.strip().rstrip(".") + "."
        assert refused(hypothesis, premise) not in ("meta-text", "several-sentences"), hypothesis
