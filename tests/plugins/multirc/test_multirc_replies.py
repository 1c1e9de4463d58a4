"""MultiRC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from targen_core import ChatReply


def _text(good: Any) -> str:
    return json.dumps(good, ensure_ascii=False)


def at(prompt: str, change, *, always: bool = False):
    """Bend the replies to a prompt: each question's first one, or all."""
    seen: set[str] = set()

    def bend(actual: str, good: Any) -> Any:
        key = _text(good)
        if actual != prompt or (not always and key in seen):
            return good
        seen.add(key)
        return change(copy.deepcopy(good))

    return bend


UNREADABLE = {
    "empty": lambda good: "",
    "as the paper prints it": lambda good: "Question: Who came?\nA) Ada\nB) Tariq\nAnswer: A",
    "cut json": lambda good: _text(good)[:-7],
    "curly quotes": lambda good: _text(good).replace('"', "\u201c"),
    "null": lambda good: "null",
    "wrong keys": lambda good: _text({f"my_{key}": value for key, value in good.items()}),
    "cut at max_tokens": lambda good: ChatReply(_text(good), "length", 9, 9),
}


@pytest.mark.parametrize("prompt", ["titles", "passages", "questions", "meta"])
def test_an_unreadable_reply_is_asked_for_once_more(prompt, run):
    shapes = [*UNREADABLE.values()]
    used = []

    def in_turn(good):
        used.append(1)
        return shapes[len(used) // 2 % len(shapes)](good) if len(used) % 2 else good

    ran = run(at(prompt, in_turn, always=True), rows=40 if prompt in ("questions", "meta") else 24)
    assert ran.problem == ""
    assert "malformed-reply" not in ran.reasons
    assert len(used) >= 2 * len(shapes) or prompt in ("titles", "passages")


@pytest.mark.parametrize("shape", UNREADABLE)
def test_unreadable_questions_never_become_a_row(shape, run):
    ran = run(at("questions", UNREADABLE[shape], always=True), rows=4)
    assert ran.rows == []
    assert ran.reasons == {"malformed-reply"}


# --- questions --------------------------------------------------------------


def each(**changes: Any):
    """Change fields of both questions."""

    def change(good):
        for item in good["questions"]:
            for name, value in changes.items():
                item[name] = value(item[name]) if callable(value) else value
        return good

    return change


QUESTIONS = {
    "no-question": ["Name all of the people who are mentioned.", "Who came to see them."],
    "too-short": ["Who came?", ""],
    "meta-text": ["Question 1: Who was it that came first?"],
    "markup": ["**Who was it that came first?**", "1. Who was it that came first?"],
    "names-sentence": [
        "What do sentences 2 and 3 say about the man?",
        "Who is the man that (1) and (3) speak of?",
        "What is meant by sentence two of this text?",
        "Who is the man of sentences two and four?",
        "What do the first two sentences say about him?",
        "Who is spoken of in the last sentence?",
    ],
    "names-options": [
        "Who took part in this (select all that apply)?",
        "Who took part in this? Choose all right ones, will you?",
        "Which of the following options is true of him?",
    ],
    "tells-how-many": [
        "Which two of these took part in the story?",
        "For what three reasons did they leave?",
        "Which one of these was not there?",
    ],
    "not-latin": ["Кто из этих людей участвовал в этой истории?"],
    "too-long": ["Who " + "was there and " * 14 + "left?"],
}
EVIDENCE = {"one-sentence": [[2], [], [2, 2]], "no-such-sentence": [[1, 9], [0, 1]]}
OPTIONS: dict[str, list[tuple[str, str]]] = {
    "yes-no": [("Yes", "No|Perhaps"), ("No, they never did", "Yes, they did|a cart")],
    "nested-option": [
        ("a red boat", "a cart|a red boat and a cart|a sled"),
        ("a boat|Moraru", "Dana Moraru|a sled"),
    ],
    "no-right-option": [("", "a boat|a cart|a sled")],
    "too-few-options": [("a red boat", "a blue boat"), ("", "")],
    "too-many-options": [("a red boat", "|".join(f"{n} red boats" for n in range(2, 10)))],
    "all-right": [("a red boat|a blue boat|a cart", "")],
    "repeated-option": [
        ("A red boat.", "a red boat|a cart|a sled"),
        ("a cart|a cart", "a boat|a sled"),
    ],
    "markup": [
        ("A) a cart", "B) a boat|C) a sled"),
        ("A. a cart", "B. a boat|C. a sled"),
        ("1. a cart", "2. a boat|3. a sled"),
        ("- a cart", "- a boat|- a sled"),
        ("a cart", "a **boat**|a sled"),
    ],
    "meta-option": [
        ("All of the above", "a boat|a sled"),
        ("a cart", "a boat|None of these"),
        ("Both A and C", "a boat|a sled"),
        ("a cart", "a boat|Not mentioned in the passage"),
    ],
    "too-short": [("a cart", "a boat| ")],
    "too-long": [("a cart", "a boat|" + "very " * 26)],
    "meta-text": [("a cart", "a boat|Answer: a sled")],
    "not-latin": [("a cart", "a boat|лодка и сани")],
    "uneven-options": [
        (
            "because the two sisters had been left some money by their aunt",
            "by chance|for fun|out of spite",
        ),
        ("a cart", "a large and rather leaky boat of oak|a small sled made of old doors"),
    ],
}
"""Reason -> right options and wrong ones."""


def _listed(text: str) -> list[str]:
    return text.split("|") if text else []


BREAKS = [
    *((why, {"question": text}) for why in QUESTIONS for text in QUESTIONS[why]),
    *((why, {"sentences": numbers}) for why in EVIDENCE for numbers in EVIDENCE[why]),
    *(
        (why, {"right": _listed(right), "wrong": _listed(wrong)})
        for why in OPTIONS
        for right, wrong in OPTIONS[why]
    ),
]


@pytest.mark.parametrize(("reason", "changes"), BREAKS)
def test_questions_that_break_a_rule_are_no_row(reason, changes, run):
    ran = run(at("questions", each(**changes), always=True), rows=2)
    assert ran.rows == []
    assert ran.reasons == {reason}


@pytest.mark.parametrize(
    "changes",
    [
        {"right": ["Nobody"], "wrong": ["Noah", "Norway", "Yesterday"]},
        {"right": ["1974", "1985"], "wrong": ["1986", "1990"]},
        {"right": ["It burst.", "It was sold."], "wrong": ["It sank.", "It was moved."]},
        {"right": ["The sisters’ aunt"], "wrong": ["Irina’s teacher", "“Papa” Moraru"]},
        {"right": ["Dr. A. Bell"], "wrong": ["Mrs. Bell", "A. B. Cole"]},
        {"right": ["Zoë"], "wrong": ["Łukasz", "Ana", "Jürgen"]},
        {"right": ["All of the workers"], "wrong": ["Both of the brothers", "None of the guests"]},
    ],
    ids=lambda changes: changes["right"][0],
)
def test_options_that_keep_the_rules_come_through_as_they_are(changes, run):
    ran = run(at("questions", each(**changes), always=True), rows=2, near_duplicates=0.0)
    assert len(ran.rows) == 2
    for row in ran.rows:
        (question,) = row["passage"]["questions"]
        labels = {answer["text"]: answer["label"] for answer in question["answers"]}
        assert labels == {
            **dict.fromkeys(changes["right"], 1),
            **dict.fromkeys(changes["wrong"], 0),
        }


@pytest.mark.parametrize(
    "question",
    [
        "What do the two bridges that are named have in common?",
        "Which of the sisters served her second sentence in Lyon?",
        "Who has given answers to what the judge asked?",
        "Why did the firm choose all of its boats in red?",
        "At what one might call the end, who was left?",
    ],
)
def test_questions_that_only_look_like_talk_of_options_come_through(question, run):
    ran = run(at("questions", each(question=question), always=True), rows=2, near_duplicates=0.0)
    assert len(ran.rows) == 2


def test_one_question_where_two_were_asked_for_is_one_row_and_one_missing(run):
    def first(good):
        return {"questions": good["questions"][:1]}

    ran = run(at("questions", first, always=True), rows=4)
    assert len(ran.rows) == 4
    assert ran.reasons == {"missing"}


def test_a_bad_question_does_not_cost_the_other_one(run):
    def spoilt(good):
        good["questions"][0] |= {"right": [], "wrong": ["a boat", "a cart", "a sled"]}
        return good

    ran = run(at("questions", spoilt, always=True), rows=4)
    assert len(ran.rows) == 4
    assert ran.reasons == {"no-right-option"}


def test_the_same_question_twice_is_used_once(run):
    def twice(good):
        return {"questions": [good["questions"][0]] * 2}

    ran = run(at("questions", twice, always=True), rows=4)
    assert len(ran.rows) == 4
    assert {record["verdict"] for record in ran.rejects} == {"duplicate"}


# --- titles and paragraphs --------------------------------------------------


def test_paragraphs_that_are_none_are_left_out(run):
    def spoilt(good):
        first = good["paragraphs"][0]
        return {"paragraphs": [first, "Here is a paragraph.", first]}

    ran = run(at("passages", spoilt, always=True), rows=12)
    assert len(ran.rows) == 12
    assert {r["verdict"] for r in ran.rejects} == {"dropped"}
    assert "repeated" in ran.reasons


def test_a_model_without_paragraphs_ends_the_run(run):
    ran = run(at("passages", lambda good: {"paragraphs": []}, always=True), rows=2)
    assert ran.rows == []
    assert "label any has 0 of 2 rows" in ran.problem or "has 0 of 2" in ran.problem


# --- step 4 -----------------------------------------------------------------


@pytest.mark.parametrize(
    "actual",
    [
        ["Z"],
        ["1"],
        [],
        ["the first one"],
        ["true"],
        ["A", "Z"],
        ["A; B"],
        "A",
        3,
        None,
        {"A": True},
    ],
    ids=str,
)
def test_an_answer_that_is_no_option_is_never_a_row(actual, run):
    ran = run(at("meta", lambda good: {**good, "actual": actual}, always=True), rows=2)
    assert ran.rows == []
    assert ran.reasons == {"illegal-output"} or ran.reasons == {"malformed-reply"}


@pytest.mark.parametrize("said", [str.lower, "({})".format, "{})".format, " {} ".format])
def test_letters_in_other_spellings_are_read(said, run):
    def spelled(good):
        return {**good, "actual": [said(letter) for letter in good["actual"]]}

    ran = run(at("meta", spelled, always=True), rows=4)
    assert len(ran.rows) == 4
    assert all(
        entry["label"] == ", ".join(sorted(entry["label"].split(", "))) for entry in ran.provenance
    )


def test_no_valid_instance_is_rejected(run):
    def none(good):
        return {**good, "actual": ["no_valid_instance"], "verdict": "incorrect"}

    ran = run(at("meta", none, always=True), rows=2)
    assert ran.rows == []
    assert ran.reasons == {"no-valid-instance"}


def test_a_verdict_that_contradicts_itself_is_rejected(run):
    ran = run(at("meta", lambda good: {**good, "verdict": "incorrect"}, always=True), rows=2)
    assert ran.rows == []
    assert ran.reasons == {"inconsistent"}


# --- the paper's making -----------------------------------------------------


def paper(**changes: Any):
    return at("question-paper", lambda good: {**good, **changes}, always=True)


RED, BLUE, CART = "a red boat", "a blue boat", "a large cart with a load of oak boards"


@pytest.mark.parametrize(
    "right",
    [["A", "C"], ["a", "c)"], ["(A)", "C."], [RED, CART], ["C) a large cart", "A"]],
    ids=str,
)
def test_the_paper_s_letters_are_read(right, run):
    bend = paper(options=[RED, BLUE, CART], right=right)
    ran = run(bend, rows=2, variants=["paper"], near_duplicates=0.0)
    assert len(ran.rows) == 2
    for row in ran.rows:
        (question,) = row["passage"]["questions"]
        actual = [(answer["text"], answer["label"]) for answer in question["answers"]]
        assert actual == [(RED, 1), (BLUE, 0), (CART, 1)], "in the order of the reply"


@pytest.mark.parametrize(
    "changes",
    [
        {"options": [RED, BLUE, CART], "right": ["A", "B", "C"]},
        {"options": [RED, BLUE, CART], "right": ["C"]},
        {"options": ["Yes", "No", "Perhaps"], "right": ["B"]},
        {"options": [RED, BLUE, f"{RED} and {BLUE}"], "right": ["A", "B"]},
        {"question": "Which two of these took part in the story?"},
    ],
    ids=str,
)
def test_what_gives_options_away_is_no_matter_in_the_paper_s_making(changes, run):
    ran = run(paper(**changes), rows=2, variants=["paper"], near_duplicates=0.0)
    assert len(ran.rows) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"right": ["Z"]}, "no-such-option"),
        ({"right": ["all"]}, "no-such-option"),
        ({"right": [""]}, "no-such-option"),
        ({"right": []}, "no-right-option"),
        ({"options": [RED, BLUE], "right": ["A"]}, "too-few-options"),
        ({"options": [RED, BLUE, "A red boat."], "right": ["A"]}, "repeated-option"),
        ({"options": ["A) boat", "B) cart", "C) sled"], "right": ["A"]}, "markup"),
        ({"options": [RED, BLUE, "All of the above"], "right": ["A"]}, "meta-option"),
        ({"question": "What does sentence 2 say about the man?"}, "names-sentence"),
        ({"question": "Name all of the people who are mentioned."}, "no-question"),
        ({"options": "a boat, a cart"}, "malformed-reply"),
    ],
)
def test_broken_questions_of_the_paper_s_making_are_no_row(changes, reason, run):
    ran = run(paper(**changes), rows=2, variants=["paper"])
    assert ran.rows == []
    assert ran.reasons == {reason}


def test_one_sentence_is_no_answer_in_the_paper_s_making(run):
    def easy(good):
        return {**good, "actual": ["one_sentence"], "verdict": "incorrect"}

    ran = run(at("meta", easy, always=True), rows=2, variants=["paper"])
    assert ran.rows == []
    assert ran.reasons <= {"illegal-output", "malformed-reply"}
