"""What every task makes of replies: rows as they were written, or the name of the rule they break.

`verdicts.txt` has a reply on each line: what reads it, the verdict, and its texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle, repeat
from typing import Any

import pytest

from targen_core import Rejected
from targen_tasks_superglue.boolq.task import BOOLQ, BoolqRow, official_passage, official_question
from targen_tasks_superglue.cb.task import CB, CbRow, check_pair_commitment
from targen_tasks_superglue.copa.task import Event, check_choices, check_unlike
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.record.rows import check_query, eligible
from targen_tasks_superglue.record.task import _row as record_row
from targen_tasks_superglue.rte.task import RTE, Premise, RteRow, check_premise
from targen_tasks_superglue.shared.articles import (
    Paragraph,
    Title,
    check_article,
    check_domain,
    check_paragraph,
    check_title,
)
from targen_tasks_superglue.shared.nli import claim, no_copy, related
from targen_tasks_superglue.shared.subjects import (
    SubjectPair,
    check_neutral_pair,
    check_pair,
)
from targen_tasks_superglue.wic.rows import Definition, check_definition

from .seeds import COOK, CRANE, FERRY, FIRST, HIVE, MUSEUM, SECOND, WHALE
from .verdicts import VERDICTS, of

BREAD = "The baker took the bread out early."
BOY = "The ticket inspector woke the sleeping boy and asked him twice for his name."
LIKELY = "The oven was far too hot."
BIRD = "Two cranes danced in the shallow water at dawn."
GIVEN = {
    "axg": HIVE,
    "boolq": FERRY,
    "copa": Event(event=BREAD),
    "record": FERRY,
    "rte": MUSEUM,
    "wic": CRANE,
    "wsc": COOK,
}


def _choices(likely: str, unlikely: str) -> dict[str, str]:
    return {"likely": likely, "unlikely": unlikely, "other_event": "It rained."}


def _pairs(premise: str, hypothesis: str) -> dict[str, Any]:
    return {"pairs": [{"premise": premise, "hypothesis": hypothesis}] * 5}


ASLEEP = "The boy was asleep when the inspector came."
REPLY: dict[str, Callable[[str], Any]] = {
    "axg": lambda text: {"hypothesis": text},
    "boolq": lambda text: {"question": text},
    "cb": lambda text: _pairs(BOY, text),
    "cb, premise": lambda text: _pairs(text, ASLEEP),
    "copa": lambda text: _choices(LIKELY, text),
    "copa, likely": lambda text: _choices(text, LIKELY),
    "record": lambda text: {"name": "Aurelio Nunez", "statement": text},
    "record, paper": lambda text: {"query": text, "answer": "Aurelio Nunez"},
    "rte": lambda text: {"basis": "It is said there.", "hypothesis": text},
    "wic": lambda text: {"sentence1": BIRD, "sentence2": text},
    "wic, first": lambda text: {"sentence1": text, "sentence2": BIRD},
    "wsc": lambda text: {"passages": [text, SECOND]},
}
"""What step 3 replies, by the task and, behind a comma, the place of the text."""

GOOD = {
    "axg": "The teacher had never been close to a hive.",
    "boolq": "Was the first ship of the ferry ever found?",
    "cb": ASLEEP,
    "cb, premise": BOY,
    "copa": "Some flour was damp.",
    "copa, likely": "Some flour was damp.",
    "record": "Sailors who had helped Aurelio Nunez with the ropes came to the court every day.",
    "record, paper": "Sailors who had helped [X] with the ropes came to the court every day.",
    "rte": "More than two hundred people were hired by a mayor.",
    "wic": "From our window we watched the crane swing a bundle of pipes.",
    "wic, first": "From our window we watched the crane swing a bundle of pipes.",
    "wsc": FIRST,
}


@pytest.fixture
def ran(given, installed):
    """Run a task whose every call of step 3 gets this text, for each of its labels."""

    def go(place: str, text: str, *, repaired: str | None = None, **spec: Any) -> Any:
        task, _, part = place.partition(", ")
        if part == "paper":
            spec["variants"] = ("paper",)
        names = installed.get("task", task).quota_names

        quotas = dict.fromkeys(names, 2 if task in ("axg", "wsc") else 1)
        spec = {"quotas": quotas, "give_up_after": 3, **spec}
        if repaired is not None:
            spec["repaired"] = REPLY[place](repaired)
        return given(task, GIVEN.get(task), REPLY[place](text), **spec)

    return go


# --- rules of several tasks ---------------------------------------------------

BREAKS: dict[str, tuple[Callable[[str], str], str, dict[str, str]]] = {
    "a number": (lambda text: f"1. {text}", "markup", {}),
    "a heading": (lambda text: f"Sentence 1: {text}", "meta-text", {}),
    "a question": (
        lambda text: text.rstrip(".?") + "?",
        "question",
        {"boolq": "", "wic": "", "wic, first": "", "wsc": ""},
    ),
    "several sentences": (
        lambda text: f"{text} It was small. It was quiet.",
        "several-sentences",
        {
            "boolq": "several-questions",
            "cb, premise": "",
            "copa": "",
            "copa, likely": "",
            "wic": "",
            "wic, first": "",
            "wsc": "too-many-sentences",
        },
    ),
    "no text": (
        lambda text: "",
        "too-short",
        {
            "cb": "missing",
            "cb, premise": "missing",
            "record": "no-mask",
            "record, paper": "no-mask",
            "wic": "word-missing",
            "wic, first": "word-missing",
            "wsc": "no-mark",
        },
    ),
    "endless": (lambda text: text[:-1] + " and so it went on" * 30 + text[-1], "too-long", {}),
}
"""Name -> what is done to a good text, the reason, and the tasks that tell another or allow it."""


@pytest.mark.parametrize("place", GOOD)
def test_a_good_text_makes_rows_and_a_bad_one_is_asked_for_once_more(place, ran):
    task = place.partition(",")[0]
    first = GOOD[place] if task in ("cb", "wic") else f"1. {GOOD[place]}"
    done = ran(place, first, repaired=GOOD[place], near_duplicates=0.0, give_up_after=12)
    assert done.problem == ""
    assert done.rows
    said = ["could not be used" in request.messages[-1].content for request in done.repairs]
    assert any(said) is (first != GOOD[place])


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("place", GOOD)
def test_a_text_that_breaks_a_common_rule_makes_no_row(place, how, ran):
    change, reason, others = BREAKS[how]
    if expected := others.get(place, reason):
        done = ran(place, change(GOOD[place]))
        assert done.rows == []
        assert done.reasons == {expected}


# --- a reply a line -----------------------------------------------------------

TASKS = "axg cb copa record rte wic wsc".split()


@of(*TASKS)
def test_a_text_of_step_3_is_a_row_as_it_is_or_is_counted_by_its_reason(what, verdict, texts, ran):
    if verdict == "good":
        done = ran(what, f"  {texts[0]} ", near_duplicates=0.0, give_up_after=12)
        written = {row["sentence2" if what == "wic" else "hypothesis"] for row in done.rows}
        # AX-g writes the other label's hypothesis itself.
        assert written >= {*texts} if what == "axg" else written == {*texts}
        return
    # Of the two labels of WSC, one is asked about a pair with its subjects turned.
    quotas = {"wsc": {"quotas": {"true": 2, "false": 0}}}.get(what, {})
    done = ran(what, texts[0], **quotas)
    assert done.rows == []
    assert done.reasons == {verdict}
    assert {record["verdict"] for record in done.rejects} == {"rejected"}


ITEMS: dict[str, Callable[..., Any]] = {
    "pairs": lambda first, second="": {"first": first, "second": second},
    "definitions": lambda part, text="": {"part_of_speech": part, "definition": text},
}
LISTS = "rte texts|copa events|copa settings|axg pairs|wsc pairs|wic words|wic definitions".split(
    "|"
)


@pytest.mark.parametrize("what", LISTS)
def test_items_that_break_a_rule_are_left_out_of_their_list(what, run):
    task, key = what.split()
    rows = 48 if key in ITEMS else 8
    bad = [(verdict, texts) for kind, verdict, texts in VERDICTS if kind == what]
    spoilt = [ITEMS.get(key, str)(*texts) for _, texts in bad]
    turns = cycle([item] for item in spoilt) if key in ITEMS else repeat(spoilt)

    def bend(step: str, good: Any, repair: bool) -> Any:
        if key not in good or step not in ("contexts", "seeds"):
            return good
        first = good[key][0]
        if key == "pairs" and first["first"].endswith("s"):
            return good  # a list of groups
        return {key: [*next(turns), *good[key][1:]]}

    done = run(bend, task=task, rows=rows)
    assert len(done.rows) == rows
    step = "contexts" if key == "settings" else "seeds"
    dropped = [
        (record["reason"], json.dumps(record["item"], ensure_ascii=False).lower())
        for record in done.rejects
        if (record["verdict"], record["step"]) == ("dropped", step)
    ]
    for verdict, texts in bad:
        words = [text.lower().strip(" .").removeprefix("the ") for text in texts]
        assert any(
            reason == verdict and all(word in item for word in words) for reason, item in dropped
        ), (verdict, texts)
    assert {reason for reason, _ in dropped} <= {v for v, _ in bad} | {"repeated", "no-partner"}
    assert done.report["dropped_list_items"]


CARROTS = (
    "After the county cut its food budget in 2019, head cook Maja Lind began to buy carrots from "
    "a farm in Umeå."
)


def boolq_question(text: str, *variants: str) -> None:
    question = official_question(text) or "-"
    assert question == question.lower()
    row = BoolqRow(passage=official_passage(FERRY), question=question, label=True)
    for check in BOOLQ.varied(variants).checks:
        check(row, FERRY)


def copa_choices(event: str, first: str, second: str) -> None:
    for choices in ((first, second), (second, first)):
        check_choices(event, choices)


def record_statement(name: str, statement: str) -> None:
    entities = find_entities(WHALE.text)
    answer = next(entity for entity in entities if entity.name == name)
    check_query(record_row(WHALE, entities, answer, statement), WHALE)


def cb_pair(premise: str, hypothesis: str) -> None:
    for check in CB.checks:
        check(CbRow(premise=premise, hypothesis=hypothesis, label="neutral"), "")


def rte_pair(premise: str, hypothesis: str) -> None:
    for check in RTE.checks:
        row = RteRow(premise=premise, hypothesis=hypothesis, label="entailment")
        check(row, Premise(premise=premise))


def pair(check: Callable[[SubjectPair], None], number: str) -> Callable[[str, str], None]:
    return lambda one, two: check(SubjectPair(first=one, second=two, number=number))


CHECKS: dict[str, Callable[..., Any]] = {
    "boolq question": boolq_question,
    "boolq question, paper": lambda text: boolq_question(text, "paper"),
    "cb commitment": lambda premise, hypothesis: check_pair_commitment(
        CbRow(premise=premise, hypothesis=hypothesis, label="neutral"), ""
    ),
    "cb pair": cb_pair,
    "copa choices": copa_choices,
    "copa form": lambda event, *choices: check_unlike(event, choices),
    "record eligible": lambda text: eligible(find_entities(text), text),
    "record statement": record_statement,
    "rte pair": rte_pair,
    "rte premise": lambda text: check_premise(Premise(premise=text)),
    "claim": lambda text, premise=CARROTS: claim(text, premise, min_words=3, max_words=60),
    "related": related,
    "copy": no_copy,
    "domain": check_domain,
    "paragraph": lambda text: check_paragraph(Paragraph(title="Marsh Bell", text=text)),
    "article": lambda text: check_article(Paragraph(title="Marsh Bell", text=text)),
    "title": lambda text: check_title(Title(category="x", title=text)),
    "singular pair": pair(check_pair, "singular"),
    "plural pair": pair(check_pair, "plural"),
    "neutral pair": pair(check_neutral_pair, "singular"),
    "neutral plural pair": pair(check_neutral_pair, "plural"),
    "wic definition": lambda text: check_definition(
        Definition(part_of_speech="noun", definition=text), "crane"
    ),
}


def verdict_of(what: str, *texts: str) -> str:
    try:
        CHECKS[what](*texts)
    except Rejected as error:
        return error.reason
    return "good"


@of(*CHECKS)
def test_a_check_has_the_verdict_of_its_line(what, verdict, texts):
    assert verdict_of(what, *texts) == verdict
    if what == "copa form":  # in either order; and rows that people wrote may have any form
        assert verdict_of(what, texts[0], *texts[:0:-1]) == verdict
        assert verdict_of("copa choices", *texts) == "good"


def test_every_line_is_read():
    elsewhere = {"axg sentences", "record query"}
    assert {what for what, *_ in VERDICTS} == {*TASKS, *LISTS, *CHECKS, *elsewhere}
