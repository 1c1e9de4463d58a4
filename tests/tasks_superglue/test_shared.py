"""What tasks share: settings, articles, subjects, and how replies of another form are taken."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import Rejected
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PROMPTS,
    NEWS,
    PAPER_LISTS,
    PARAGRAPHS,
    PASSAGES,
    TITLES,
)
from targen_tasks_superglue.shared.nli import claim
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.shared.texts import (
    core,
    find,
    mentions,
    same_words,
    sentences,
    words_of,
)

from .originals import ORIGINAL, needs_original

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


# --- articles ---------------------------------------------------------------------


def _lists(ran: Any) -> list[Any]:
    return [*ran.asked("domains"), *ran.asked("titles"), *ran.asked("paragraphs")]


def test_batches_are_the_paper_s_in_its_variant_and_smaller_elsewhere(run):
    assert [step.batch for step in PAPER_LISTS[1:]] == [50, 7]
    assert [step.batch for step in (TITLES, PARAGRAPHS, NEWS, PASSAGES)] == [5, 2, 2, 2]
    ran = run(task="boolq", rows=30, options={"seeds.batch": [10, 3], "contexts.batch": 2})
    asked = {(each.origin.prompt, str(each.origin.values["count"])) for each in _lists(ran)}
    assert asked == {("domains", "2"), ("titles", "10"), ("paragraphs", "3")}
    assert len(ran.rows) == 30


@pytest.mark.parametrize("prompt", ARTICLE_PROMPTS[3:], ids=lambda prompt: prompt.name)
def test_worked_paragraphs_keep_to_the_length_that_is_given(prompt):
    messages = prompt.fill(dict.fromkeys(prompt.variables, "x"))
    lengths = re.findall(r"(\d+) to (\d+) words(?=;|$)", messages[1].content, re.MULTILINE)
    texts = json.loads(messages[2].content)["paragraphs"]
    for text, (low, high) in zip(texts, lengths, strict=True):
        assert int(low) <= len(text.split()) <= int(high), (len(text.split()), text)


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


@given(st.lists(st.from_regex(r"\A[A-Z][a-z]{3,9}( [a-z]{2,8}){2,6}[.!?]\Z"), max_size=6))
def test_sentences_put_together_come_apart_again(parts):
    assert sentences(" ".join(parts)) == parts


@given(st.text(max_size=200))
def test_no_letter_of_a_text_is_lost(text):
    assert re.sub(r"\s", "", "".join(sentences(text))) == re.sub(r"\s", "", text)


# --- premises and hypotheses ------------------------------------------------------


@needs_original
@pytest.mark.parametrize("name", ["RTE", "CB", "AX-b"])
def test_original_hypotheses_are_no_talk_about_texts(name):
    lines = [
        line
        for path in sorted((ORIGINAL / name).glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    assert lines
    for row in map(json.loads, lines):
        hypothesis = row.get("hypothesis") or row["sentence2"]
        premise = row.get("premise") or row["sentence1"]
        reason = ""
        try:
            claim(hypothesis.strip().rstrip(".") + ".", premise, min_words=3, max_words=60)
        except Rejected as error:
            reason = error.reason
        assert reason not in ("meta-text", "several-sentences"), hypothesis


# --- subjects ---------------------------------------------------------------------


@pytest.mark.parametrize(("number", "pronoun"), [("plural", "he"), ("singular", "they")])
def test_a_pronoun_fits_its_pair_s_number(number, pronoun):
    said = f"a {number} pair cannot have the pronoun '{pronoun}'"
    with pytest.raises(ValidationError, match=said):
        PronounPair(first="nurses", second="patients", number=number, pronoun=pronoun)


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


_TOKENS = st.lists(
    st.sampled_from(["the", "Cook", "cook's", "guest,", "\u2014", "ran"]), max_size=9
)


@given(_TOKENS, st.sampled_from(["cook", "the cook", "guest", "the cook guest"]))
def test_every_mention_reads_as_the_phrase(tokens, phrase):
    size = len(words_of(phrase))
    actual = find(phrase, tokens)
    for start in actual:
        assert same_words(" ".join(tokens[start : start + size]), phrase)
    assert len(actual) == sum(
        list(map(core, tokens[start : start + size])) == words_of(phrase)
        for start in range(len(tokens))
    )


# --- replies of another form --------------------------------------------------------


def spoilt(good: Any) -> str:
    """A reply with other keys, or with the same ones and no values, in turns."""
    if len(json.dumps(good)) % 2:
        return json.dumps({f"my_{key}": value for key, value in good.items()})
    return json.dumps(dict.fromkeys(good))


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content


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
