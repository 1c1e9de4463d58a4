"""Official rows, instructions and chat messages, a JSON object a line."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from targen_core import Label, Prompt
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


def test_each_question_has_its_own_answer(dataset, written):
    asked = lambda pair: [  # noqa: E731
        JudgeQuestion(pair.first, ("same",), ("same", "other")),
        JudgeQuestion(pair.second, ("other", "same"), ("same", "other"), several=True),
        JudgeQuestion("both", None, ()),
    ]
    made, answers = dataset(judging={"questions": asked}), ["same", "other, same", "same"]
    assert [line["completion"] for line in written(INSTRUCTIONS, made)[:3]] == answers
    assert [talk["messages"][-1]["content"] for talk in written(OPENAI, made)[:3]] == answers


def test_labels_with_values_of_their_own_are_answered_by_name(dataset, written):
    class Claim(BaseModel):
        text: str
        label: bool

    rows = [{"text": "Snow is white.", "label": True, "idx": 0}]
    labels = (Label("true", True), Label("false", False))
    made = dataset(rows, instance=Claim, labels=labels, texts={"render": lambda claim: claim.text})
    assert written(INSTRUCTIONS, made)[0]["completion"] == "true"
