"""What MultiRC is: its steps, its nested rows, its label sets, its counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from targen_core import Task
from targen_tasks_multirc.rows import (
    MultiRcQuestion,
    OfficialMultiRc,
    Option,
)
from targen_tasks_multirc.task import MULTIRC

DATA = Path(__file__).parents[4] / "shared" / "data" / "superglue" / "MultiRC"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the original data is not at {DATA}")
PROMPTS = {prompt.name: prompt for prompt in MULTIRC.prompts}


def _question(*options: tuple[str, bool], **more) -> MultiRcQuestion:
    parts = tuple(Option(text=text, right=right) for text, right in options)
    values = {"passage": "One. Two. Three.", "question": "What is it all about?", **more}
    return MultiRcQuestion(options=parts, **values)


class _Seed:
    def __init__(self, text: str) -> None:
        self.text = text


def _passes(question: MultiRcQuestion, task: Task[Any, Any] = MULTIRC) -> None:
    for check in task.checks:
        check(question, _Seed(question.passage))


ABC = (("a red boat", True), ("a blue boat", False), ("a green cart", True))

# --- the steps --------------------------------------------------------------


def test_a_call_is_told_how_many_options_and_right_ones_are_wanted_and_of_what_kind(plain):
    """A question with one answer is told how it joins two sentences, a list what it collects."""
    expected, kinds = Counter(), Counter()
    for request in plain.asked("questions"):
        plans = request.origin.values["wanted"].split("\n")
        lines = request.messages[-1].content.partition("in order:\n")[2].splitlines()
        assert len(plans) == len(lines) == 2
        for number, (plan, line) in enumerate(zip(plans, lines, strict=True), 1):
            actual = re.match(rf"Question {number}: (\d) options, of which (\d) right", plan)
            expected[int(actual[1]), int(actual[2])] += 1
            single = "one answer" in plan
            kinds[single] += 1
            assert re.fullmatch(rf"\d\. {'joins' if single else 'asks'}: [^;]+", line)
            twice = "two of the wrong ones name one other thing in two wordings"
            assert "in 2 wordings" not in plan or twice in plan
    assert abs(kinds[True] - kinds[False]) <= 8
    assert {options for options, _ in expected} >= {4, 5, 6}
    assert {right for _, right in expected} >= {1, 2, 3}
    assert all(1 <= right <= options for options, right in expected)


def test_the_paper_s_variant_is_made_as_in_the_paper(run):
    ran = run(rows=40, variants=["paper"])
    assert len(ran.rows) == 40
    asked = ran.asked("question-paper")
    assert len(asked) == 40, "a question a call"
    assert not ran.asked("questions")
    for request, row in zip(asked, ran.rows, strict=True):
        assert request.origin.values == {"passage": row["passage"]["text"]}
    for request in ran.asked("meta"):
        assert not any("one_sentence" in part.content for part in request.messages)
    assert all("notes" not in entry for entry in ran.provenance)


# --- step 4 -----------------------------------------------------------------


def test_another_set_becomes_the_label(run):
    def other(prompt, good):
        if prompt == "meta":
            claimed = good["actual"]
            actual = [letter for letter in "ABC" if letter not in claimed] or ["A"]
            return {**good, "actual": actual, "verdict": "incorrect"}
        return good

    ran = run(other, rows=10, give_up_after=60)
    assert len(ran.rows) == 10
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        answers = row["passage"]["questions"][0]["answers"]
        letters = ["ABCDEFGH"[n] for n, answer in enumerate(answers) if answer["label"]]
        assert ", ".join(letters) == entry["label"]
        assert set(letters) <= set("ABC")


def _row(*questions: dict, **more) -> dict:
    passage = {"text": "One. Two.", "questions": list(questions)}
    return {"version": 1.1, "passage": passage, "idx": 0, **more}


def _asks(
    *texts: str, idx: int = 0, first: int = 0, labels: bool = True, label: object = None
) -> dict:
    answers: list[dict[str, object]] = [
        {"text": text, "idx": first + n} for n, text in enumerate(texts)
    ]
    for n, answer in enumerate(answers) if labels else ():
        answer["label"] = n % 2 if label is None else label
    return {"question": "What?", "answers": answers, "idx": idx}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (_row(_asks("one", " one ")), "question 0 has the answer 'one' twice"),
        (_row(_asks("one", " ")), "the answer is empty"),
        (_row(_asks()), "at least 1 item"),
        (_row(), "at least 1 item"),
        (_row(_asks("one"), version=1.0), "version is 1.0"),
        (_row(_asks("one"), idx=-1), "greater than or equal to 0"),
        (_row(_asks("one"), label=1), "label"),
        (_row({**_asks("one"), "question": "  "}), "the question is empty"),
        (_row(_asks("one"), _asks("two", first=5)), "two questions of the passage have the same"),
        (_row(_asks("one"), _asks("two", idx=1)), "two answers of the passage have the same idx"),
        (
            _row(_asks("one"), _asks("two", idx=1, first=5, labels=False)),
            "label and some have none",
        ),
        (_row(_asks("one", label=2)), "label"),
        (_row(_asks("one", label=True)), "label"),
    ],
)
def test_the_schema_says_what_is_wrong(row, words):
    with pytest.raises(ValidationError) as caught:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    assert words in str(caught.value)


TWICE, EMPTY = "has the answer", "the answer is empty"
ODDITIES = {
    "train": dict.fromkeys((1, 26, 113, 121, 182, 304), TWICE) | dict.fromkeys((37, 431), EMPTY),
    "val": {3: TWICE},
    "test": {41: EMPTY, 52: TWICE, 83: TWICE, 94: TWICE},
}


def _official(split: str) -> list[str]:
    return [
        line for line in (DATA / f"{split}.jsonl").read_text(encoding="utf-8").split("\n") if line
    ]


@needs_data
@pytest.mark.parametrize("split", ODDITIES)
def test_the_official_files_validate_but_for_the_oddities(split):
    actual = {}
    for line in _official(split):
        try:
            OfficialMultiRc.model_validate_json(line, strict=True)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            actual[json.loads(line)["idx"]] = next(each for each in (TWICE, EMPTY) if each in said)
    assert actual == ODDITIES[split]


# --- prompts and worked examples --------------------------------------------


def test_the_worked_reply_keeps_the_rules_that_it_teaches():
    (user, assistant) = PROMPTS["questions"].fill({"passage": "x", "wanted": "x"})[1:3]
    passage = re.search(r"^Passage: (.+)$", user.content, re.MULTILINE)[1]
    expected = re.findall(r"(\d) options, of which (\d) right", user.content)
    items = json.loads(assistant.content)["questions"]
    for item, (options, right) in zip(items, expected, strict=True):
        assert list(item) == ["sentences", "question", "right", "wrong"]
        counts = len(item["right"] + item["wrong"]), len(item["right"])
        assert counts == (int(options), int(right))
        assert all(f"({number}) " in passage for number in item["sentences"])
        built = _question(
            *((text, text in item["right"]) for text in item["right"] + item["wrong"]),
            passage=re.sub(r"\(\d\) ", "", passage),
            question=item["question"],
            evidence=tuple(item["sentences"]),
        )
        _passes(built)
