"""The task `free-instructions`: Self-Instruct's own rows, with open labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core import Rejected
from targen_core.plugins.loader import load_registry
from targen_methods.instructions.task import FreeInstruction
from targen_testing.tasks import TaskSuite
from tests.files import lines, write_lines


class TestFreeInstructions(TaskSuite):
    task = "free-instructions"


def test_few_answers_come_first(works):
    """Rows of an instruction with few answers have one of them; those of others are free."""
    works("generate", "free-instructions", "-n", "24", "-b", "scripted", "--out", "run", "-q")
    rows, records = lines("run/dataset.jsonl"), lines("run/provenance.jsonl")
    few = 0
    for row, record in zip(rows, records, strict=True):
        answers = record["seed"]["answers"]
        assert row["instruction"] == record["seed"]["text"]
        few += bool(answers)
        assert not answers or (row["output"] in answers and row["input"])
    assert 0 < few < len(rows)


@pytest.mark.parametrize(
    ("given", "output", "reason"),
    [
        ("The same", "the same.", "same-texts"),
        ("a text", "...", "empty-text"),
        ("a text", "Here it is:", "unfinished"),
        ("", "Yes", "empty-text"),  # nothing to choose an answer for
    ],
)
def test_rows_that_are_of_no_use_are_refused(given, output, reason):
    task = load_registry().get("task", "free-instructions")
    row = task.instance(instruction="Say yes or no.", input=given, output=output)
    seed = FreeInstruction(text="Say yes or no.", answers=("Yes", "No"), nearest=0.1)
    with pytest.raises(Rejected) as refused:
        task.checks[0](row, seed)
    assert refused.value.reason == reason


def test_a_row_is_read_back_and_asks_in_its_own_words(works):
    from targen_core import read_dataset

    rows = [
        {"instruction": "Name a bird.", "input": "", "output": "A kakapo.", "idx": 0},
        {"instruction": "Shorten it.", "input": "A long text.", "output": "A text.", "idx": 1},
    ]
    write_lines("rows.jsonl", rows)
    dataset = read_dataset("rows.jsonl", "free-instructions")
    shown = [dataset.task.render(instance) for instance in dataset.instances]
    assert shown == ["Name a bird.", "Shorten it.\n\nA long text."]
    whose = ("--task", "free-instructions")
    works("export", "rows.jsonl", "--as", "instructions", *whose, "--out", "out.jsonl")
    assert "A kakapo." in Path("out.jsonl").read_text()
