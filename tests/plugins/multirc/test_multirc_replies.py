"""MultiRC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ...tables import table


def at(prompt: str, change):
    """Bend all replies to a prompt."""
    return lambda actual, good: change(copy.deepcopy(good)) if actual == prompt else good


# --- questions --------------------------------------------------------------


def each(**changes: Any):
    """Change fields of both questions."""

    def change(good):
        for item in good["questions"]:
            for name, value in changes.items():
                item[name] = value(item[name]) if callable(value) else value
        return good

    return change


def paper(**changes: Any):
    return at("question-paper", lambda good: {**good, **changes})


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")] if text else []


CHANGES: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "question": lambda text, _: {"question": text},
    "sentences": lambda numbers, _: {"sentences": [*map(int, listed(numbers))]},
    "options": lambda right, wrong: {"right": listed(right), "wrong": listed(wrong)},
    "paper question": lambda text, _: {"question": text},
    "paper right": lambda right, _: {"right": listed(right)},
    "paper options": lambda options, right: {"options": listed(options), "right": listed(right)},
}


@pytest.mark.parametrize(
    ("what", "verdict", "first", "second"),
    table((Path(__file__).parent / "verdicts.txt").read_text(encoding="utf-8"), columns=4),
)
def test_a_question_is_a_row_as_it_is_or_is_counted_by_its_reason(
    what, verdict, first, second, run
):
    changes = CHANGES[what](first, second)
    of_paper = what.startswith("paper")
    bend = paper(**changes) if of_paper else at("questions", each(**changes))
    more = {"variants": ["paper"]} if of_paper else {}
    more |= {"near_duplicates": 0.0} if verdict == "good" else {"give_up_after": 3}
    ran = run(bend, rows=2, **more)
    if verdict != "good":
        assert ran.rows == []
        assert ran.reasons == {verdict}
        return
    assert len(ran.rows) == 2
    if what == "options":
        rights = dict.fromkeys(changes["right"], 1) | dict.fromkeys(changes["wrong"], 0)
        for row in ran.rows:
            (question,) = row["passage"]["questions"]
            assert {each["text"]: each["label"] for each in question["answers"]} == rights


BAD = {"right": [], "wrong": ["a boat", "a cart", "a sled"]}
PAIRS = {  # what becomes of the two questions of a call, and what is counted
    "one alone": (lambda one, two: [one], "missing"),
    "one of them bad": (lambda one, two: [one | BAD, two], "no-right-option"),
    "one twice": (lambda one, two: [one, one], "duplicate"),
}


@pytest.mark.parametrize("how", PAIRS)
def test_a_question_does_not_cost_the_other_one(how, run):
    change, counted = PAIRS[how]
    ran = run(at("questions", lambda good: {"questions": change(*good["questions"])}), rows=4)
    assert len(ran.rows) == 4
    assert {record["reason"] or record["verdict"] for record in ran.rejects} == {counted}


# --- step 4 -----------------------------------------------------------------


NO_OPTIONS = (["Z"], ["1"], [], ["the first one"], ["A", "Z"], ["A; B"], "A", {"A": True})


@pytest.mark.parametrize(
    ("variants", "actual"), [*(([], one) for one in NO_OPTIONS), (["paper"], ["one_sentence"])]
)
def test_an_answer_that_is_no_option_is_never_a_row(variants, actual, run):
    bend = at("meta", lambda good: {**good, "actual": actual, "verdict": "incorrect"})
    ran = run(bend, rows=2, variants=variants, give_up_after=3)
    assert ran.rows == []
    assert ran.reasons in ({"illegal-output"}, {"malformed-reply"})
