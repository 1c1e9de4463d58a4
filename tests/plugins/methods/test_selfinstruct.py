"""Self-Instruct: rounds, filters, and what becomes of a round that gives nothing."""

from __future__ import annotations

from typing import Any

import pytest

from targen_core.errors import Rejected
from targen_methods.selfinstruct.method import (
    SELFINSTRUCT,
    Options,
    TaskOptions,
    check_instruction,
)

PAPER = TaskOptions.model_validate(SELFINSTRUCT.presets["paper"])
OTHER_MEDIA = "Summaries of the plot go to a reader: file each under a label."
INSTRUCTIONS = [
    ("Sort the notes", 0.0, Options(), "bad-length"),
    ("Sort the notes " + "now " * 148, 0.0, Options(), "bad-length"),
    ("- Sort the notes by hand", 0.0, Options(), "bad-beginning"),
    ("Write a program that sorts notes", 0.0, Options(), "bad-beginning"),
    ("Say what the Picture shows to us", 0.0, Options(), "unfit-word"),
    ("Go to the desk and sort the notes", 0.0, Options(), "unfit-word"),
    (OTHER_MEDIA, 0.0, PAPER, "unfit-word"),
    ("Sort the notes by hand", 0.71, Options(), "too-similar"),
    ("Sort the notes by hand", 0.62, TaskOptions(), "too-similar"),
    ("Sort the notes by hand", 0.7, Options(), ""),
    ("Sort the notes now", 0.7, Options(), ""),
    ("Write a programme for the notes", 0.7, Options(), ""),
    ("Sort profiles and drawings by their makers", 0.7, Options(), ""),
    ("Überlege dir, wem gedankt wird", 0.7, Options(), ""),
    (OTHER_MEDIA, 0.0, TaskOptions(), ""),  # whose rows are texts
]
"""An instruction, its likeness to the nearest, the options, and why it is dropped, if it is."""


@pytest.mark.parametrize(("text", "nearest", "options", "reason"), INSTRUCTIONS)
def test_an_instruction_of_no_use_is_dropped(text, nearest, options, reason):
    found = ""
    try:
        check_instruction(text, nearest, options)
    except Rejected as refused:
        found = refused.reason
    assert found == reason
    assert PAPER.model_dump() == Options().model_dump()


def test_by_the_paper_a_round_is_told_six_of_the_pool_and_two_of_its_own(bent):
    own = [f"Sort pile {number} of notes by what they are for." for number in range(7)]
    ran = bent(
        "selfinstruct",
        {"thanks": 30, "asks": 30},
        **{**SELFINSTRUCT.presets["paper"], "instances": 2},
        instruction=own,
        asked=3,
    )
    assert ran.problem == ""
    written: set[str] = {line["seed"]["text"] for line in ran.provenance if line["seed"]}
    told = [str(request.origin.values["told"]) for request in ran.asked("instructions")]
    rounds = [text.split("\n") for text in told]
    assert len(rounds) > 2
    assert [len(told) for told in rounds] == [8] * len(rounds)
    texts = [{line.partition(". ")[2] for line in told} for told in rounds]
    assert not texts[0] & written
    assert all(len(told & {*own}) <= 6 for told in texts[1:])
    assert all(len(told & written) == 2 for told in texts[2:-1])


WORKED = "Parents of pupils write long letters to a village library. Sort each under loan or room."
"""An instruction that the prompt shows."""


@pytest.mark.parametrize(
    "text", [WORKED, "Read the text and choose the label that fits: thanks or asks."]
)
def test_a_round_that_gives_nothing_new_ends_the_run_and_says_why(bent, text):
    def bend(request: Any, good: Any) -> Any:
        return {"instructions": [text]} if request.origin.prompt == "instructions" else good

    ran = bent("selfinstruct", {"thanks": 2, "asks": 2}, bend)
    assert (ran.rows, ran.reasons) == ([], {"too-similar"})
    assert len(ran.asked("instructions")) == 2
    assert "too-similar" in ran.problem


def test_unfinished_rows_labels_and_contradictions_are_dropped(bent):
    same = {"text": "The hedge is cut, and the cat is back."}

    def bend(request: Any, good: Any) -> Any:
        if request.origin.prompt == "instances":
            label = str(request.origin.values["label"]).split(":")[0]
            bad = [{"text": "Dear neighbour:"}, {"text": label}]
            return {"rows": [*bad, same, same, *good["rows"]]}
        return good

    ran = bent("selfinstruct", {"thanks": 2, "asks": 2}, bend, instances=5)
    texts = [row["text"] for row in ran.rows]
    assert texts.count(same["text"]) == 1  # of both labels
    assert {"unfinished", "text-is-label"} <= ran.reasons
    assert "duplicate" in {line["verdict"] for line in ran.rejects}
    assert not {"thanks", "asks", "Dear neighbour:"} & {*texts}
