"""Official rows, instructions and chat messages, a JSON object a line."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import Label, Prompt
from targen_core.errors import UsageError
from targen_core.tasks.judging import JudgeQuestion
from targen_standard.exporting.lines import INSTRUCTIONS, JSONL, OPENAI


@pytest.fixture
def written(tmp_path):
    """Write a dataset and return the lines, read back."""

    def write(exporter, dataset):
        out = tmp_path / f"out{exporter.suffix}"
        exporter.write(dataset, out)
        data = out.read_bytes()
        assert data.endswith(b"\n")
        return [json.loads(line) for line in data.split(b"\n")[:-1]]

    return write


def test_official_rows_are_ascii_in_the_order_of_their_keys(dataset, tmp_path):
    JSONL.write(dataset(), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text("ascii") == (
        '{"first": "start", "second": "begin", "label": "same", "idx": 0}\n'
        '{"first": "na\\u00efve, \\u201cso\\u201d", "second": "say \\"no\\"\\nor yes", '
        '"label": "other", "idx": 1}\n'
    )


def test_official_rows_are_joined_where_the_task_joins_them(dataset, written):
    joins = {"pack": lambda rows: [{"all": [row["idx"] for row in rows]}]}
    assert written(JSONL, dataset(rows=joins)) == [{"all": [0, 1]}]


def test_instructions_read_on_from_prompt_to_completion(dataset, written):
    lines = written(INSTRUCTIONS, dataset())
    assert lines[0] == {
        "prompt": "Do the words mean the same?\n\nInput:\nstart / begin\n\nOutput:\n",
        "completion": "same",
    }
    assert [line["completion"] for line in lines] == ["same", "other"]


TEMPLATE = Prompt(
    "tuning",
    "--- system\nBe brief.\n--- user\n$instructions\n\nhot / cold\n--- assistant\nother\n"
    "--- user\n$input\n--- assistant\nIt is: $output",
)


def test_a_task_has_its_own_turns(dataset, written):
    made = dataset(texts={"instruction_template": TEMPLATE})
    assert written(OPENAI, made)[0] == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Do the words mean the same?\n\nhot / cold"},
            {"role": "assistant", "content": "other"},
            {"role": "user", "content": "start / begin"},
            {"role": "assistant", "content": "It is: same"},
        ]
    }
    assert written(INSTRUCTIONS, made)[0] == {
        "prompt": (
            "Be brief.\n\nDo the words mean the same?\n\nhot / cold\nother\n\nstart / begin\n"
        ),
        "completion": "It is: same",
    }


def test_turns_that_end_with_the_question_are_answered(dataset, written):
    made = dataset(texts={"instruction_template": Prompt("tuning", "Same or other? $input")})
    question, answer = written(OPENAI, made)[0]["messages"]
    assert (question["role"], answer) == ("user", {"role": "assistant", "content": "same"})


def test_a_placeholder_that_no_row_fills_is_the_task_s_fault(dataset, tmp_path):
    made = dataset(texts={"instruction_template": Prompt("tuning", "$input $hint")})
    with pytest.raises(ValueError, match=r"prompt tuning: missing values \['hint'\]"):
        INSTRUCTIONS.write(made, tmp_path / "out")


class Twins(BaseModel):
    """Two texts that share an answer."""

    texts: tuple[str, str]
    label: Literal["same", "other"]


TWINS = {
    "instance": Twins,
    "rows": {
        "rows_per_instance": 2,
        "from_rows": lambda rows: [
            Twins(texts=[row["text"] for row in rows], label=rows[0]["label"])
        ],
    },
    "texts": {"render": lambda twins: " | ".join(twins.texts)},
    "judging": {
        "questions": lambda twins: [
            JudgeQuestion(text, (twins.label,), ("same", "other")) for text in twins.texts
        ]
    },
}


def test_each_question_has_its_own_answer(dataset, written):
    asked = lambda pair: [  # noqa: E731
        JudgeQuestion(pair.first, ("same",), ("same", "other")),
        JudgeQuestion(pair.second, ("other", "same"), ("same", "other"), several=True),
        JudgeQuestion("both", None, ()),
    ]
    made, answers = dataset(judging={"questions": asked}), ["same", "other, same", "same"]
    assert [line["completion"] for line in written(INSTRUCTIONS, made)[:3]] == answers
    assert [talk["messages"][-1]["content"] for talk in written(OPENAI, made)[:3]] == answers


def test_rows_that_stay_together_are_questions_of_their_own(dataset, written):
    texts = {"he ran": "same", "she ran": "same", "he sat": "other", "she sat": "other"}
    rows = [
        {"text": text, "label": label, "idx": n} for n, (text, label) in enumerate(texts.items())
    ]
    lines = written(INSTRUCTIONS, dataset(rows, **TWINS))
    assert [line["prompt"].split("\n")[3] for line in lines] == [row["text"] for row in rows]
    assert [line["completion"] for line in lines] == [row["label"] for row in rows]
    with pytest.raises(UsageError) as caught:
        written(INSTRUCTIONS, dataset(rows[:3], **TWINS))
    assert str(caught.value) == (
        "pairs-0 ends with an incomplete group: rows of pairs come in groups of 2"
    )


@pytest.mark.parametrize("exporter", [INSTRUCTIONS, OPENAI])
def test_rows_without_a_label_or_of_another_form_teach_nothing(exporter, dataset, rows, tmp_path):
    made = dataset(rows, rows={"from_rows": lambda rows: [rows[0]["texts"]]})
    with pytest.raises(UsageError) as caught:
        exporter.write(made, tmp_path / "out")
    assert str(caught.value) == "pairs-0, row 0 is not a labelled row of pairs: no 'texts'"
    del rows[1]["label"]
    with pytest.raises(UsageError) as caught:
        exporter.write(dataset(rows), tmp_path / "out")
    assert str(caught.value) == "pairs-0: row 1 has no label"
    assert caught.value.hint == "this format needs labels; use --as jsonl, csv or hf"


def test_labels_with_values_of_their_own_are_answered_by_name(dataset, written):
    class Claim(BaseModel):
        text: str
        label: bool

    rows = [{"text": "Snow is white.", "label": True, "idx": 0}]
    labels = (Label("true", True), Label("false", False))
    made = dataset(rows, instance=Claim, labels=labels, texts={"render": lambda claim: claim.text})
    assert written(INSTRUCTIONS, made)[0]["completion"] == "true"
