"""A BIG-bench `task.json` is a task file: labels, choices or answers, from its description."""

from __future__ import annotations

import json

import pytest

from targen_core import generate
from tests.files import lines

CLOSED = [
    {"input": f"{n} is even.", "target_scores": {"yes": float(n % 2 == 0), "no": float(n % 2)}}
    for n in range(4)
]
OPEN = [
    {"input": "When was Ann free?", "target_scores": {"at 3": 1, "at 5": 0, "at 7": 0}},
    {"input": "When was Bo free?", "target_scores": {"at 2": 0, "at 9": 1}},
]
FREE = [{"input": "France", "target": "Paris"}, {"input": "Kenya", "target": ["Nairobi"]}]
COLUMNS = {
    "labels": (CLOSED, {"input", "label", "idx"}),
    "choices": (OPEN, {"input", "choices", "kind", "answers", "idx"}),
    "answers": (FREE, {"input", "kind", "answers", "idx"}),
}


@pytest.mark.whole  # their outputs are another distribution's
@pytest.mark.parametrize("form", COLUMNS)
def test_rows_have_the_answers_of_the_task_and_prompts_none_of_its_examples(form, tmp_path):
    examples, columns = COLUMNS[form]
    task = {
        "canary": "keep out",
        "name": "small_things",
        "description": "Answer questions about small things",
        "task_prefix": "Think first.\n",
        "keywords": ["logic"],
        "metrics": ["multiple_choice_grade"],
        "examples": examples,
    }
    file = tmp_path / "task.json"
    file.write_text(json.dumps(task))
    run = generate(file, n=6, model="scripted", out=tmp_path / "run")
    rows = lines(run.path / "dataset.jsonl")
    assert len(rows) == 6 and all(row.keys() == columns for row in rows)
    if form == "labels":
        assert sorted(row["label"] for row in rows) == ["no"] * 3 + ["yes"] * 3
    if form == "choices":
        assert all(answer in row["choices"] for row in rows for answer in row["answers"])
    prompts = (run.path / "journal").read_text()
    assert "Think first. Answer questions about small things" in prompts
    assert not any(json.dumps(each["input"])[1:-1] in prompts for each in examples)
    again = generate(file, n=6, model="scripted", out=tmp_path / "run")
    assert again.report.raw["status"] == "complete"  # the run's copy is read like the file
