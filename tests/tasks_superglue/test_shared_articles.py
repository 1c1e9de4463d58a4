"""Articles: the lists that BoolQ, ReCoRD and MultiRC share, and their offline replies."""

from __future__ import annotations

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import DryRunCall
from targen_tasks_superglue.shared.articles import (
    ARTICLE_PROMPTS,
    NEWS,
    PAPER_LISTS,
    PARAGRAPHS,
    PASSAGES,
    TITLES,
    dry_run_articles,
)
from targen_tasks_superglue.shared.dry_run_articles import facts_of
from targen_tasks_superglue.shared.sentences import sentences

# --- one list for all -----------------------------------------------------------


def test_the_calls_of_the_paper_s_lists_are_the_same_calls_in_every_task(plain):
    """Equal keys: in a suite run they are asked once."""
    boolq, record = (
        {tuple(entry["calls"][:3]) for entry in plain(task, 24, variants=("paper",)).provenance}
        for task in ("boolq", "record")
    )
    assert boolq & record
    assert boolq <= record


def test_batches_are_the_paper_s_in_its_variant_and_smaller_elsewhere(run):
    assert [step.batch for step in PAPER_LISTS[1:]] == [50, 7]
    assert [step.batch for step in (TITLES, PARAGRAPHS, NEWS, PASSAGES)] == [5, 2, 2, 2]
    ran = run(task="boolq", rows=30, options={"seeds.batch": [10, 3], "contexts.batch": 2})
    asked = {(r.origin.prompt, str(r.origin.values["count"])) for r in ran.requests if _lists(r)}
    assert asked == {("domains", "2"), ("titles", "10"), ("paragraphs", "3")}
    assert len(ran.rows) == 30


@pytest.mark.parametrize("prompt", ARTICLE_PROMPTS[3:], ids=lambda prompt: prompt.name)
def test_worked_paragraphs_keep_to_the_length_that_is_given(prompt):
    messages = prompt.fill(dict.fromkeys(prompt.variables, "x"))
    lengths = re.findall(r"(\d+) to (\d+) words(?=;|$)", messages[1].content, re.MULTILINE)
    texts = json.loads(messages[2].content)["paragraphs"]
    assert len(texts) == len(lengths)
    for text, (low, high) in zip(texts, lengths, strict=True):
        assert int(low) <= len(text.split()) <= int(high), (len(text.split()), text)


def _lists(request) -> bool:
    return request.origin.prompt in ("domains", "titles", "paragraphs")


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


def test_a_prompt_names_what_is_there_already(run):
    ran = run(task="boolq", rows=60, options={"seeds.batch": [2, 2]}, contexts_limit=2)
    later = [r.origin for r in ran.requests if _lists(r) and r.origin.values["have"][:2] != "no"]
    assert {origin.prompt for origin in later} == {"titles"}, "topics grow before their paragraphs"


# --- what is no item ------------------------------------------------------------


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


# --- sentences ------------------------------------------------------------------


@given(st.lists(st.from_regex(r"\A[A-Z][a-z]{3,9}( [a-z]{2,8}){2,6}[.!?]\Z"), max_size=6))
def test_sentences_put_together_come_apart_again(parts):
    assert sentences(" ".join(parts)) == parts


@given(st.text(max_size=200))
def test_no_letter_of_a_text_is_lost(text):
    assert re.sub(r"\s", "", "".join(sentences(text))) == re.sub(r"\s", "", text)


# --- offline replies ------------------------------------------------------------


def _dry_run(prompt: str, count: int, seed: int = 0, have: str = "none") -> list[str]:
    values = {"count": count, "have": have, "category": "bells", "title": "Marsh Bell"}
    reply = dry_run_articles(DryRunCall("seeds", None, prompt, values, random.Random(seed)))
    assert reply is not None
    return reply[prompt]


def test_another_prompt_is_not_theirs():
    assert dry_run_articles(DryRunCall("generate", "any", "query", {}, random.Random(0))) is None


def test_the_facts_of_an_offline_paragraph_can_be_read_back():
    for text in _dry_run("paragraphs", 100):
        facts = facts_of(text)
        assert len(facts) == 5
        for fact in facts:
            assert fact.sentence in text
            assert fact.slots[fact.frame.swap] in text
            assert fact.slots[fact.frame.swap] not in fact.others
            assert "{" not in fact.frame.ask.format(**{"t": "Marsh Bell", **fact.slots})
    other = "The Marsh Bell was cast in Lübeck in 1403. It sank with a ship near Juist."
    assert facts_of(other) == []  # another's paragraph has no such facts
