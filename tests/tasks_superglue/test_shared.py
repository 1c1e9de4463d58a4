"""What tasks share: settings, articles, subjects, and how replies of another form are taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from targen_tasks_superglue.shared.texts import (
    find,
    mentions,
)

TASKS = ("axg", "boolq", "cb", "copa", "record", "rte", "wic", "wsc")


# --- lists that several tasks begin with ----------------------------------------


@pytest.mark.parametrize("task", ["axg", "cb", "wsc"])
def test_settings_are_asked_for_in_the_same_calls(task, plain):
    """With one seed the keys are equal, so a suite pays them once."""
    one, two = (
        {request.key for request in plain(name, 24, seed=7).asked("settings")}
        for name in ("copa", task)
    )
    assert one
    assert len(one & two) == min(len(one), len(two))


def test_the_calls_of_the_paper_s_lists_are_the_same_calls_in_every_task(plain):
    boolq, record = (
        {tuple(entry["calls"][:3]) for entry in plain(task, 24, variants=("paper",)).provenance}
        for task in ("boolq", "record")
    )
    assert boolq & record
    assert boolq <= record


def test_each_report_has_a_cast_of_its_own(plain):
    """People and organisations are drawn: left to itself a model writes of real ones."""
    lines = []
    for request in plain("record", 60).asked("news"):
        cast = str(request.origin.values["cast"]).split("\n")
        assert [line[:3] for line in cast] == ["1. ", "2. "]
        assert all(cast_line in request.messages[-1].content for cast_line in cast)
        lines += [line[3:] for line in cast]
    assert lines
    assert len(set(lines)) == len(lines)
    for line in lines:
        people, organizations = (part.split("; ") for part in line.split(" / "))
        assert (len(set(people)), len(set(organizations))) == (5, 4)
        assert len({name.split()[1] for name in people}) == 5


@pytest.mark.parametrize("task", ["boolq", "record"])
def test_bad_items_are_dropped_with_their_reason_and_the_run_goes_on(task, run):
    def bend(step, good, repair):
        if "titles" in good:
            return {"titles": ["1. Numbered", *good["titles"], good["titles"][0].upper()]}
        if "paragraphs" in good:
            return {"paragraphs": ["Too short.", *good["paragraphs"][:2], good["paragraphs"][0]]}
        return good

    ran = run(bend, task=task, rows=8)
    assert len(ran.rows) == 8
    dropped = {r["reason"] for r in ran.rejects if r["verdict"] == "dropped"}
    assert dropped == {"markup", "too-short", "repeated"}


@pytest.mark.parametrize("shape", ["The {}", "a {}", "{}.", '"{}"', " {} "])
def test_a_phrase_is_taken_without_what_stands_around_it(shape, run):
    def bend(step, good, repair):
        if step != "seeds":
            return good
        return {
            "pairs": [
                {"first": shape.format(pair["first"]), "second": pair["second"].title()}
                for pair in good["pairs"]
            ]
        }

    ran = run(bend, task="wsc", rows=8)
    assert len(ran.rows) == 8
    for seed in (entry["seed"] for entry in ran.provenance):
        for phrase in () if seed["named"] else (seed["first"], seed["second"]):
            assert phrase == phrase.lower().strip(' ."')
            assert not phrase.startswith(("the ", "a "))


def test_mentions_inside_the_other_phrase_are_none():
    tokens = "The cook, the ship's cook and another cook".split()
    assert find("cook", tokens) == [1, 4, 7]
    assert mentions("cook", "ship's cook", tokens) == ([1, 7], [3])
    assert mentions("ship's cook", "cook", tokens) == ([3], [1, 7])


# --- replies of another form --------------------------------------------------------


def spoilt(good: Any) -> str:
    """A reply with other keys, or with the same ones and no values, in turns."""
    if len(json.dumps(good)) % 2:
        return json.dumps({f"my_{key}": value for key, value in good.items()})
    return json.dumps(dict.fromkeys(good))


@pytest.mark.parametrize("task", TASKS)
def test_keys_besides_change_no_row_and_lost_values_are_asked_for_once_more(task, plain, run):
    good = plain(task, 6)
    more = run(lambda step, good, repair: {"question": "?", **good, "more": 1}, task=task, rows=6)
    assert (more.repairs, more.rows) == ([], good.rows)
    bent = run(
        lambda step, good, repair: good if repair else spoilt(good),
        task=task,
        rows=6,
        name="spoilt",
    )
    assert (bent.problem, bent.rows) == ("", good.rows)
    asked = {request.origin.prompt for request in good.requests}
    assert {request.origin.prompt for request in bent.repairs} == asked
