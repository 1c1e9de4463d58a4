"""What MultiRC is: its steps, its nested rows, its label sets, its counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import Rejected, Task
from targen_tasks_multirc.rows import (
    MultiRcQuestion,
    OfficialMultiRc,
    Option,
    from_rows,
    pack,
    to_rows,
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


def test_sentences_are_numbered_for_the_writer_and_for_nobody_else(plain):
    for request in plain.asked("questions"):
        assert request.origin.values["passage"].startswith("(1) ")
    for request in plain.asked("meta"):
        assert "(1) " not in request.origin.values["input"]
    for row, entry in zip(plain.rows, plain.provenance, strict=True):
        assert "(1) " not in json.dumps(row)
        assert set(entry["notes"]) == {"evidence1", "evidence2"}
        assert all(re.fullmatch(r"\d+, \d+", said) for said in entry["notes"].values())


def test_a_row_s_id_tells_which_evidence_is_its_own(run):
    def numbered(prompt, good):
        if prompt == "questions":
            good["questions"][0] |= {"sentences": [1, 2], "question": "Who came first of them all?"}
            good["questions"][1] |= {"sentences": [2, 3], "question": "Who left last of them all?"}
        return good

    ran = run(numbered, rows=6, near_duplicates=0.0)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        own = f"evidence{int(entry['id'].rsplit('/', 1)[1]) + 1}"
        first = row["passage"]["questions"][0]["question"].startswith("Who came")
        assert entry["notes"][own] == ("1, 2" if first else "2, 3")


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


def test_a_correction_to_every_option_keeps_under_the_cap(run):
    def every(prompt, good):
        if prompt == "meta" and len(good["actual"]) > 0:
            return {**good, "actual": list("ABCD"), "verdict": "incorrect"}
        return good

    ran = run(every, rows=6)
    assert "all-right" in ran.reasons
    for row in ran.rows:
        assert not all(a["label"] for a in row["passage"]["questions"][0]["answers"])


# --- label sets -------------------------------------------------------------


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_label_is_read_and_written(flags):
    question = _question(*((f"option {n}", flag) for n, flag in enumerate(flags)))
    nothing = _question(*((f"option {n}", False) for n in range(len(flags))))
    assert MULTIRC.with_label(nothing, MULTIRC.label_of(question)) == question
    assert len(set(question.letters)) == len(flags)


def test_the_label_s_form():
    assert _question(*ABC).label == "A, C"
    assert _question(("x y", False)).label == "none"
    assert MULTIRC.quota_of(_question(*ABC)) == "any"
    assert MULTIRC.answer(_question(*ABC)) == "A) a red boat\nC) a green cart"
    assert _question(*ABC).render() == (
        "Passage: One. Two. Three.\nQuestion: What is it all about?\nOptions:\n"
        "A) a red boat\nB) a blue boat\nC) a green cart"
    )


def test_an_option_that_there_is_not_is_no_label():
    with pytest.raises(Rejected) as caught:
        _question(*ABC).with_label("A, D")
    assert caught.value.reason == "illegal-label"


# --- the official form ------------------------------------------------------


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text.strip()
)


@st.composite
def questions(draw):
    options = draw(st.lists(texts, min_size=1, max_size=21, unique_by=str.strip))
    flags = draw(st.lists(st.booleans(), min_size=len(options), max_size=len(options)))
    return _question(
        *zip(options, flags, strict=True),
        passage=draw(st.sampled_from(["One. Two.", "Three. Four.", "Five."])),
        question=draw(texts),
        all_right=True,
    )


@given(st.lists(questions(), max_size=8))
def test_what_is_written_is_read_back_and_joined(instances):
    official = [row for idx, one in enumerate(instances) for row in to_rows(one, idx)]
    for row in official:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    assert [one for row in official for one in from_rows([row])] == instances
    joined = pack(official)
    assert [one for row in joined for one in from_rows([row])] == instances
    assert pack(joined) == joined
    actual = [question for row in joined for question in row["passage"]["questions"]]
    answers = [answer for question in actual for answer in question["answers"]]
    assert [row["idx"] for row in joined] == list(range(len(joined)))
    assert [question["idx"] for question in actual] == list(range(len(actual)))
    assert [answer["idx"] for answer in answers] == list(range(len(answers)))
    neighbors = [row["passage"]["text"] for row in joined]
    assert all(one != other for one, other in pairwise(neighbors))
    for row in joined:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)


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


def test_rows_of_test_files_have_no_labels():
    row = _row(_asks("one", "two", labels=False))
    OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    assert from_rows([row]) == []
    assert pack([row]) == [row]


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


@needs_data
def test_an_official_file_is_read_and_joined_as_it_was():
    official = [json.loads(line) for line in _official("val")]
    assert pack(official) == official
    instances = from_rows(official)
    assert len(instances) == 953
    single = [row for idx, one in enumerate(instances) for row in to_rows(one, idx)]
    assert pack(single) == official


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


def _shown(text: str, right: set[str]) -> MultiRcQuestion:
    """The question of a text with lettered options."""
    form = r"Passage: (.+)\nQuestion: (.+)\nOptions:\n(.+)"
    passage, question, shown = re.fullmatch(form, text, re.DOTALL).groups()
    lines = [line.split(") ", 1) for line in shown.splitlines()]
    options = ((text, letter in right) for letter, text in lines)
    return _question(*options, passage=passage, question=question)


def test_samples_show_right_sets_wrong_sets_and_questions_that_are_too_easy():
    kinds = set()
    for sample in MULTIRC.judging.samples:
        reason = [answer for answer in sample.actual if "_" in answer]
        kinds.add(reason[0] if reason else sample.actual == sample.output)
        built = _shown(sample.input, {*sample.output})
        letters = {*"ABCDEFGH"[: len(built.options)]}
        assert {*sample.output} <= letters
        assert {*sample.actual} <= letters | {"one_sentence", "no_valid_instance"}
        _passes(built)
    assert kinds == {True, False, "one_sentence", "no_valid_instance"}


def test_the_tuning_prompt_asks_for_what_its_completions_hold():
    assert MULTIRC.texts.instruction_template is not None
    assert "one_sentence" not in MULTIRC.texts.instruction_template.text
    assert "letters of all" not in MULTIRC.texts.instruction_template.text
    shown = re.findall(
        r"^(Passage: .+\nQuestion: .+\nOptions:\n(?:[A-H]\) .+\n)+)Output:\n((?:[A-H]\) .+\n)+)",
        MULTIRC.texts.instruction_template.text,
        re.MULTILINE,
    )
    assert len(shown) == 2
    for text, output in shown:
        built = _shown(text, {line[0] for line in output.splitlines()})
        assert f"{MULTIRC.answer(built)}\n" == output
        _passes(built)
