"""The settings that four tasks begin with, and the checks that three tasks share."""

from __future__ import annotations

import json

import pytest

from targen_core import Rejected
from targen_tasks_superglue.shared.nli import claim, stems
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
