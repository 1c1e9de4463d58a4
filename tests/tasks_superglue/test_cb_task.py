"""What CommitmentBank is: its rows, its samples, its variants and its counts."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from targen_tasks_superglue.cb.task import CB

LABELS = ("entailment", "contradiction", "neutral")


# --- several pairs a call, several samples a setting --------------------------


# --- variants ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "order"),
    [
        ((), ("entailment", "contradiction", "neutral")),
        (("instructions-2",), ("neutral", "contradiction", "entailment")),
        (("instructions-3",), ("contradiction", "entailment", "neutral")),
    ],
    ids=["1", "2", "3"],
)
def test_the_three_wordings_name_the_labels_in_the_paper_s_orders(variant, order, plain):
    ran = plain("cb", 15, variants=variant)
    task = CB.varied(variant)
    said = re.findall("entailment|contradiction|neutral", task.judging.instructions)
    assert tuple(said) == order
    judged = [r.messages[0].content for r in ran.requests if r.origin.prompt == "meta"]
    assert judged
    assert all(task.judging.instructions in text for text in judged)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_wording_of_step_3_makes_other_rows(number, plain):
    ran = plain("cb", 15, variants=(f"wording-{number}",))
    assert Counter(row["label"] for row in ran.rows) == dict.fromkeys(LABELS, 5)
    instructions = CB if number == 1 else CB.varied([f"instructions-{number}"])
    for request in ran.requests:
        assert request.origin.prompt in ("settings", "worded", "meta")
        text = request.messages[0].content
        if request.origin.prompt == "worded":
            assert text.startswith(instructions.judging.instructions)
            assert f"Output: {request.origin.label}" in request.messages[-1].content
        elif request.origin.prompt == "meta":
            assert CB.judging.instructions in text


# --- how many pairs ---------------------------------------------------------
