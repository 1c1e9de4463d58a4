"""BIG-bench's task.json: a form of dataset, read in one place."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import Label, read_dataset
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_standard.datasets.bigbench import choices_in

YES = {"input": "Hot?", "target_scores": {"yes": 1.0, "no": 0.0}}
NO = {"input": "Cold?", "target_scores": {"yes": 0.0, "no": 1.0}}
DAY = {"input": "Which day?", "target_scores": {"Monday": 1, "Friday": 0, "Sunday": 0}}


@pytest.fixture
def written(tmp_path):
    """Write a task.json."""

    def write(*examples, **more):
        path = tmp_path / "task.json"
        said = {"name": "mine", "description": "Say.", "examples": list(examples), **more}
        path.write_text(json.dumps(said))
        return path

    return write


def test_choices_that_all_examples_share_are_labels_and_others_are_shown(written):
    assert open_source(written(YES, NO, append_choices_to_input=False)).rows() == [
        {"input": "Hot?", "label": "yes"},
        {"input": "Cold?", "label": "no"},
    ]
    (shown, _), (apart, _) = (
        open_source(written(DAY, YES, **more)).rows()
        for more in ({}, {"append_choices_to_input": False})
    )
    days = ["Friday", "Monday", "Sunday"]
    assert (shown["output"], sorted(choices_in(shown["input"]))) == ("Monday", days)
    assert shown["input"].startswith("Which day?\nchoice: ")
    assert (apart["input"], sorted(apart["choices"])) == ("Which day?", days)


def test_the_answer_stands_where_the_task_has_it(written, task):
    class Row(BaseModel):
        input: str
        label: Literal["yes", "no"]

    class Open(BaseModel):
        input: str
        output: str

    path = written(YES, NO, append_choices_to_input=False)

    closed = read_dataset(path, task(instance=Row, labels=(Label("yes"), Label("no"))))
    assert [row["label"] for row in closed.rows] == ["yes", "no"]
    opened = open_source(path).rows(task(instance=Open, labels=()))
    assert opened[0] == {"input": "Hot?", "output": "yes"}


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        ([YES, {"input": "x"}], "example 2: it has no output"),
        ([YES, {"target": "x"}], "example 2: it has no input"),
        ([YES, {"input": "x", "target_scores": {"a": "b"}}], "example 2: target_scores contains"),
        (
            [YES, {"input": "x", "target_scores": {"a": 10**400}}],
            "example 2: target_scores contains",
        ),
    ],
)
def test_what_is_no_example(examples, words, written):
    with pytest.raises(UsageError, match=words):
        open_source(written(*examples))
