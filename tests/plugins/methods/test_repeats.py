"""What rows of methods are compared by: the last text, where the others are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from targen_core.calls.model import ChatRequest

QUESTION = (
    "Did you at any time before the night of the fire tell the keeper, his wife or anybody else on "
    "the island that the lamp room was locked and that the only key had been taken to the mainland?"
)
GIVEN = [
    {"question": QUESTION, "answer": f"I told her {when}.", "label": label}
    for label, when in (("agrees", "twice"), ("objects", "nothing"), ("evades", "what I could"))
]
ANSWERS = [
    "Yes, I told the keeper about it in the kitchen on the very same evening.",
    "Nobody had heard a word of it from me until the harbour master came over.",
    "We talked of so many things in those weeks, who remembers them all today?",
    "They knew, and his wife was standing next to him when I mentioned the boat.",
    "At no point did I speak with a living soul on that rock, your honour.",
    "Ask the boatman, for I was far too ill to notice who had been told what.",
]


def answering(answers: list[str]) -> Callable[[ChatRequest, Any], Any]:
    """Replies to what is asked for rows: one answer after the other."""
    left = iter(answers)

    def bend(request: ChatRequest, good: Any) -> Any:
        if request.origin.prompt == "continue":
            return f'{next(left)}"'
        return {"answer": next(left)} if request.origin.prompt == "write" else good

    return bend


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("zerogen", {"per_condition": 2}),
        ("coda", {"embedder": "words", "alternatives": False, "solo": 2}),
    ],
)
def test_rows_on_one_long_text_are_no_repeats_of_each_other(bent, method, settings):
    quotas = dict.fromkeys(("agrees", "objects", "evades"), 2)
    ran = bent(method, quotas, answering(ANSWERS), base="kit-pairs", given=GIVEN, **settings)
    assert ran.problem == ""
    rows = ran.rows
    assert {row["question"] for row in rows} == {QUESTION}
    assert sorted(row["answer"] for row in rows) == sorted(ANSWERS)
    assert ran.rejects == []


def test_an_answer_that_nearly_repeats_another_on_the_same_text_is_refused(bent):
    near = ANSWERS[0].replace("evening", "morning")
    louder = near.replace(".", "!")
    ran = bent(
        "zerogen",
        {"agrees": 3},
        answering([ANSWERS[0], near, louder, *ANSWERS[1:]]),
        base="kit-pairs",
        given=GIVEN,
    )
    assert ran.problem == ""
    refused = ran.rejects
    assert [one["instance"]["answer"] for one in refused] == [near, louder]
    assert {one["verdict"] for one in refused} == {"duplicate"}
