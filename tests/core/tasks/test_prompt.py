"""Prompts: sections, placeholders, and what is wrong said at once."""

from __future__ import annotations

import pytest

from targen_core import Prompt
from targen_core.calls.model import Message


def test_sections_are_turns_and_inserts_stand_for_given_ones():
    prompt = Prompt(
        "many",
        "--- system\nBe $kind.\n\n--- insert samples\n--- user\nQ: $q\n--- assistant\nA\n"
        "---user\nagain: $q ${kind}ly\n",
    )
    assert prompt.variables == ("kind", "samples", "q")
    turns = (Message("user", "x"), Message("assistant", "y"))
    assert prompt.fill({"kind": "brief", "samples": turns, "q": 1}) == (
        Message("system", "Be brief."),
        *turns,
        Message("user", "Q: 1"),
        Message("assistant", "A"),
        Message("user", "again: 1 briefly"),
    )
    assert len(prompt.fill({"kind": "", "samples": (), "q": ""})) == 4


def test_the_paragraph_of_an_empty_optional_value_is_left_out():
    text = (
        "--- system\nBe $kind.\n--- user\nTask: $task\n\nExamples:\n$examples\n\nHave: $have\n\nGo."
    )
    values = {"kind": "brief", "task": "a\n\nb", "examples": "", "have": "c"}
    prompt, plain = Prompt("p", text, optional=("examples", "have")), Prompt("p", text)
    for each in (prompt,):
        assert each.fill(values)[1].content == "Task: a\n\nb\n\nHave: c\n\nGo."
    assert prompt.fill({**values, "examples": "x"}) == plain.fill({**values, "examples": "x"})
    assert prompt.version == plain.version
    with pytest.raises(ValueError, match=r"missing values \['examples'\]"):
        prompt.fill({name: value for name, value in values.items() if name != "examples"})


def test_values_are_put_in_as_they_are():
    prompt = Prompt("raw", 'Costs $$5: {"a": "$value"}')
    (message,) = prompt.fill({"value": "$other {b} \\1 --- user\n--- system\nx"})
    assert message.content == 'Costs $5: {"a": "$other {b} \\1 --- user\n--- system\nx"}'


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, r"missing values \['a', 'b'\], unused values \[\]"),
        ({"a": 1}, r"missing values \['b'\]"),
        ({"a": 1, "b": 2, "c": 3}, r"unused values \['c'\]"),
    ],
)
def test_a_missing_or_an_unused_value_is_an_error(values, words):
    with pytest.raises(ValueError, match=words):
        Prompt("two", "$a and $b").fill(values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n--- user\nx", "text before the first"),
        ("--- robot\nx", "section 'robot'"),
        ("--- insert samples\nand text\n--- user\nx", "section 'insert samples'"),
        ("--- user\nIt costs $5.", "ivalid|nvalid"),
    ],
)
def test_a_template_that_does_not_parse_says_what_and_where(text, words):
    with pytest.raises(ValueError, match=words):
        Prompt("bad", text).fill({})
