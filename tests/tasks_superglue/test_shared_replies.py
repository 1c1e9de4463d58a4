"""Replies of every task as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from targen_core import ChatReply

TASKS = ("axg", "boolq", "cb", "copa", "record", "rte", "wic", "wsc")


def _text(good: Any) -> str:
    return json.dumps(good, ensure_ascii=False)


READABLE: dict[str, Callable[[Any], str]] = {
    "plain": _text,
    "pretty": lambda good: json.dumps(good, indent=4),
    "escaped": lambda good: json.dumps(good, ensure_ascii=True),
    "fenced": lambda good: f"```json\n{_text(good)}\n```",
    "fenced, no language": lambda good: f"```\n{_text(good)}\n```",
    "preamble": lambda good: f"Sure! Here is what you asked for:\n\n{_text(good)}",
    "postscript": lambda good: f"{_text(good)}\n\nLet me know if you need more {{of them}}.",
    "braces before": lambda good: f"In the form {{...}} that is:\n{_text(good)}",
    "thinking": lambda good: f"<think>\nShe is {{the teacher}}.\n</think>\n{_text(good)}",
    "more keys": lambda good: _text({"question": "?", **good, "explanation": "It says so."}),
    "a list of one": lambda good: f"[{_text(good)}]",
    "outer spaces": lambda good: f"\n\n  {_text(good)}  \n",
}
UNREADABLE: dict[str, Callable[[Any], str]] = {
    "empty": lambda good: "",
    "blank": lambda good: " \n\t ",
    "prose": lambda good: "A hypothesis that follows is that the work went on.",
    "numbered": lambda good: "1. First of all this.\n2. And then that.",
    "numbered with brackets": lambda good: "1) Did Ada Brenner found the choir?",
    "bullets": lambda good: "- First of all this.\n- And then that.",
    "as a paper prints it": lambda good: "Sentence 1: It rained.\nSentence 2: The lawn was wet.",
    "cut json": lambda good: _text(good)[:-6],
    "curly quotes": lambda good: _text(good).replace('"', "\u201d"),
    "python quotes": lambda good: str(good),
    "wrong keys": lambda good: _text({f"my_{key}": value for key, value in good.items()}),
    "null": lambda good: "null",
    "nulls": lambda good: _text(dict.fromkeys(good)),
    "a number": lambda good: "42",
    "another language": lambda good: "Вот предложение, которое следует из посылки.",
    "apology": lambda good: "I'm sorry, but I can't help with that request.",
}


def in_turn(shapes: dict[str, Callable[[Any], str]]) -> Callable[[Any], str]:
    """Bend each reply by the next shape."""
    used = []

    def bend(good: Any) -> str:
        used.append(1)
        return [*shapes.values()][len(used) % len(shapes)](good)

    return bend


@pytest.mark.parametrize("task", TASKS)
def test_what_models_wrap_around_json_changes_no_row(task, run):
    plain = run(task=task, name="plain", rows=18)
    bend = in_turn(READABLE)
    bent = run(lambda step, good, repair: bend(good), task=task, rows=18)
    assert len(bent.requests) > len(READABLE)
    assert bent.problem == ""
    assert not bent.repairs
    assert bent.rows == plain.rows


@pytest.mark.parametrize("task", TASKS)
def test_an_unreadable_reply_is_asked_for_once_more(task, run):
    plain = run(task=task, name="plain", rows=18)
    bend = in_turn(UNREADABLE)
    bent = run(lambda step, good, repair: good if repair else bend(good), task=task, rows=18)
    assert bent.problem == ""
    assert bent.rows == plain.rows
    assert "malformed-reply" not in bent.reasons
    assert len(bent.repairs) >= len(UNREADABLE)
    steps = {request.origin.step for request in plain.requests}
    assert {request.origin.step for request in bent.repairs} == steps
    said = [request.messages[-1].content for request in bent.repairs]
    assert sum("That reply could not be used:" in words for words in said) > len(said) / 2


@pytest.mark.parametrize("task", TASKS)
def test_what_stays_unreadable_never_becomes_a_row(task, run, at, cut):
    cut_off: dict[str, Callable[[Any], Any]] = {"cut at max_tokens": cut}
    bend = in_turn(UNREADABLE | cut_off)
    bent = run(at("generate", bend, always=True), task=task, rows=6, give_up_after=30)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}


@pytest.mark.parametrize("task", TASKS)
def test_a_refusal_is_counted_as_one(task, run, at):
    refused = at("generate", lambda good: ChatReply("I will not.", "refusal", 9, 9), always=True)
    bent = run(refused, task=task, rows=6)
    assert bent.rows == []
    assert bent.reasons == {"refusal"}
