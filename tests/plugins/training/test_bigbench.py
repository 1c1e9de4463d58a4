"""BIG-bench's scores: of written answers, of choices, normalised, and the run that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_core.cli.findings import Estimate
from targen_standard.datasets.bigbench import task_json
from targen_training.bigbench.score import chance_of, graded, metric_of, normalized, written

ANSWERS = """
def reply(request):
    text = request.messages[-1].content
    return {"answer": "yes" if text.count("Q:") == 3 else "perhaps"}
"""


def yes_no(count):
    """Questions whose answer is yes for those with even numbers."""
    return [
        {"input": f"Is {n} even?", "target_scores": {"yes": float(n % 2 == 0), "no": float(n % 2)}}
        for n in range(count)
    ]


@pytest.fixture
def task(alone):
    """Write a task.json and read it."""

    def write(examples, **more):
        said = {"name": "mine", "description": "Say.", "examples": examples, **more}
        Path("task.json").write_text(json.dumps(said))
        return task_json(Path("task.json"))

    return write


def test_normalised_scores_by_hand():
    # 4 choices: chance is 25%. All right is 100, chance 0, nothing right a third below.
    assert normalized(Estimate(1.0, 0.5, 1.0), 0.25).value == 100
    assert normalized(Estimate(0.25), 0.25).value == 0
    assert normalized(Estimate(0.0), 0.25).value == pytest.approx(-100 / 3)
    assert normalized(Estimate(1.0, 0.625, 1.0), 0.25).low == pytest.approx(50)


def test_multiple_choice_grade(task):
    known = task(yes_no(4))
    assert metric_of(known) == "multiple_choice_grade"
    assert chance_of(known.examples, "multiple_choice_grade") == 0.5
    grade = graded(known, known.examples, chosen=["yes", "no", "yes", "yes"])
    assert grade.raw.value == 0.75
    assert grade.normalized.value == 50
    assert grade.illegal is None
    grade = graded(
        known, known.examples, answers=["Yes.", "no\nIt is odd.", "perhaps", "choice: NO"]
    )
    assert (grade.raw.value, grade.illegal.value) == (0.75, 0.25)
    half = {"input": "x", "target_scores": {"a": 1.0, "b": 0.5, "c": 0.0}}
    known = task([half, {**half, "input": "y"}], preferred_score="multiple_choice_grade")
    assert graded(known, known.examples, chosen=["b", "a"]).raw.value == 0.75
    assert chance_of(known.examples, "multiple_choice_grade") == 0.5


def test_exact_str_match(task):
    two = {"input": "1+1", "target": ["2", "two"]}
    known = task([two, {"input": "2+2", "target": "4"}], preferred_score="exact_str_match")
    grade = graded(known, known.examples, answers=["two. It is so.", "5"])
    assert (grade.metric, grade.raw.value, grade.low) == ("exact_str_match", 0.5, 0)
    assert grade.normalized.value == 50
    known = task([two], metrics=["exact_str_match"], output_regex=r"\d+")
    assert written("It is 42, or 43", known) == "42"
    known = task([two], metrics=["exact_str_match"], stop_string="\n")
    assert written("2\nand more", known).strip() == "2"


def test_a_model_answers_and_its_answers_are_scored(targen, works, task):
    task(yes_no(8), append_choices_to_input=False)
    Path("model.py").write_text(ANSWERS)
    scripted = ("-b", "scripted", "-o", "script=model.py:reply", "-q")
    done = works("answer-bigbench", "task.json", *scripted, "--out", "answers")
    done = works("evaluate", "answers", "task.json", "--out", "each.jsonl")
    assert "8 examples, written answers" in done.out
    assert "normalised score: 0.0 (" in done.out
    assert len(Path("each.jsonl").read_text().splitlines()) == 8
    works("answer-bigbench", "task.json", "--shots", 0, "-n", 4, *scripted, "--out", "zero")
    done = targen("evaluate", "zero", "task.json", "--json")
    assert (done.json["illegal"], done.json["normalized"]["value"]) == (1.0, -100.0)
    assert "answered 4 of 8 examples" in done.err
