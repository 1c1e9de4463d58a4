"""What a task is, however somebody says it."""

from __future__ import annotations

import json

import pytest

from targen_core.errors import UsageError
from targen_datatune.request import Example, read_request


@pytest.fixture
def written(tmp_path):
    """Write a file, and return its path."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def test_an_instruction(installed):
    task = read_request("Is the remark meant as a yes or as a no?", installed)
    assert task.name == "is-the-remark-meant-as-a"
    assert task.instruction == "Is the remark meant as a yes or as a no?"
    assert task.query == "is the remark meant as a\nIs the remark meant as a yes or as a no?"


ADD = {
    "instruction": "Add.",
    "examples": [{"input": "1 and 1", "output": 2}, {"input": "1", "target": ["1", "one"]}],
    "labels": ["1", "2"],
}
ADDED = {
    "name": "mine",
    "instruction": "Add.",
    "labels": ("1", "2"),
    "examples": (Example("1 and 1", "2"), Example("1", "1")),
}
MOOD = "description: A sentence.\nlabels:\n  good: kind\n  bad: unkind\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("yes-no.md", "\ufeffSay yes.\n", {"name": "yes-no", "instruction": "Say yes."}),
        ("mine.json", ADD, ADDED),
        ("mine.yaml", ADD, ADDED),  # JSON is YAML too
        ("mood.yaml", MOOD, {"name": "mood", "labels": ("good", "bad")}),
    ],
)
def test_a_file(name, content, said, installed, written):
    task = read_request(written(name, content), installed)
    assert {key: getattr(task, key) for key in said} == said


def test_bigbench_s_form(installed, written):
    examples = [
        {"input": "Are you cold?", "target_scores": {"yes": 0.0, "no": 1.0}},
        {"input": "Are you hot?", "target_scores": {"yes": 1.0, "no": 0.0}},
    ]
    said = {"name": "heat", "description": "Guess.", "task_prefix": "Yes or no?\n"}
    said |= {"canary": "GUID 1", "examples": examples}
    task = read_request(written("task.json", said), installed)
    assert (task.name, task.instruction) == ("heat", "Guess.\nYes or no?")
    assert task.examples[0] == Example("Are you cold?\nchoice: no\nchoice: yes", "no")
    assert task.labels == ("no", "yes")
    assert task.canary == "GUID 1"
    bare = read_request(written("task.json", said | {"append_choices_to_input": False}), installed)
    assert bare.examples[1] == Example("Are you hot?", "yes")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("", None, "TASK is empty"),
        ("none.json", None, "there is no file"),
        ("none.txt", None, "there is no file"),
        ("folder/none", None, "there is no file"),
        ("empty.txt", "  \n", "is empty"),
        ("list.json", "[]", "is not an object"),
        ("torn.json", "{", "cannot read"),
        ("odd.yaml", "a: [", "cannot read"),
        ("made.yaml", "instruction: x\nexamples: !!bool foo\n", "line 2: the tag '!!bool' is not"),
        ("only.json", '{"examples": []}', "does not contain an instruction"),
        ("number.json", '{"instruction": 3}', "`instruction` is empty or not text"),
        (
            "two.json",
            '{"instruction": "x", "examples": [{"input": 3}]}',
            "example 1 lacks an input",
        ),
        ("labels.json", '{"instruction": "x", "labels": "a"}', "`labels` is not a list"),
        ("bytes.txt", b"\xff", "is not UTF-8"),
    ],
)
def test_what_is_no_task(name, content, words, written, installed):
    with pytest.raises(UsageError, match=words):
        read_request(written(name, content) if name else "  ", installed)
