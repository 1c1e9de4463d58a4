"""`targen review grade`: what a model is asked, what becomes of its replies, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from targen_review.cli.open import planned
from targen_review.grades import read_grades

from ...tables import table

GRADER = """
def reply(request):
    asked = request.messages[-1].content
    with open("asked.txt", "a") as file:
        file.write("\\n".join(each.content for each in request.messages) + "\\n@@@\\n")
    said = {"reasons": "It names a dish.", "label": "positive"}
    if "First label" in asked:
        return {**said, "first": "C", "second": "A"}
    return {**said, "grade": "B"}
"""
SCRIPTED = ("-b", "scripted", "-o", "script=grader.py:reply")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("grader.py").write_text(GRADER)


@pytest.fixture
def review(run):
    return planned([str(run)], raters="ann,bob", rubric="paper")[0]


def _asked() -> list[str]:
    return Path("asked.txt").read_text().split("\n@@@\n")[:-1]


def test_a_model_grades_the_rows_of_the_plan_and_is_marked(review, run, in_process, works):
    done = works("review", "grade", run, *SCRIPTED, "--as", "fake")
    assert f"{review}: 6 grades by fake, a model" in done.out
    fake = read_grades(review)["fake"]
    assert (fake.rater.kind, fake.rater.model) == ("model", "scripted")
    corrected = [grade for grade in fake.grades.values() if grade.before != grade.after]
    assert [(grade.before, grade.after, grade.comment) for grade in corrected] == [
        ("C", "A", "It names a dish.")
    ]
    others = [grade for grade in fake.grades.values() if grade.before == grade.after]
    assert {(grade.after, grade.label) for grade in others} == {("B", "positive")}
    assert len(others) == 5
    done = in_process("review", "report", review)
    assert "fake, a model, finds 100% acceptable, and 83% before correction" in done.out
    assert "only models have graded" in done.out


def test_what_a_model_is_asked_holds_all_and_leads_to_nothing(review, run, in_process):
    in_process("review", "grade", run, *SCRIPTED, "--as", "fake")
    (corrected,) = [each for each in _asked() if "First label" in each]
    for words in (
        "Short reviews of restaurants.",
        "positive: the guest would come back",
        "What the model was told that wrote the row",
        "First label: negative",
        "Second label: positive",
        '{"reasons": "...", "label": "the label that you would give", "first": "A|B|C|D", "second"',
    ):
        assert words in corrected
    assert "orrected" not in corrected
    (text,) = {each.split("The grades, from")[1].split("How to grade")[0] for each in _asked()}
    assert [line.split(" ")[0] for line in text.splitlines() if "):" in line] == list("ABCD")


def test_a_model_may_name_the_rubric_s_reasons(run, works):
    Path("mine.yaml").write_text(
        "name: m\nreasons: [{key: n, name: near copy, meaning: It repeats.}, {key: m, name: odd}]"
    )
    folder = planned([str(run)], rubric=Path("mine.yaml"))[0]
    named = GRADER.replace(
        '"label": "positive"', '"label": "positive", "why": ["odd", "near copy"]'
    )
    Path("grader.py").write_text(named)
    works("review", "grade", folder, *SCRIPTED, "--as", "fake")
    assert all('"why": ["..."]' in each and "near copy: It repeats." in each for each in _asked())
    grades = read_grades(folder)["fake"].grades.values()
    assert {grade.reasons for grade in grades} == {("near copy", "odd")}


def test_the_same_command_asks_nothing_again(review, in_process, works):
    in_process("review", "grade", review, *SCRIPTED, "--as", "fake", "-n", "2")
    done = works("review", "grade", review, "--as", "fake")
    assert "0 grades by fake, a model; 2 in all" in done.out
    assert "4 rows without a grade" in done.err
    works("resume", review / "model-fake", "-n", "6")
    done = in_process("review", "grade", review, "--as", "fake")
    assert "4 grades by fake, a model; 6 in all" in done.out
    assert len(_asked()) == 6


def test_a_budget_stops_it_and_what_is_graded_counts(review, in_process, works):
    done = in_process("review", "grade", review, *SCRIPTED, "--as", "fake", "--max-tokens", "3000")
    assert done.code == 1
    there = len(read_grades(review)["fake"].grades)
    assert 0 < there < 6
    assert f"{6 - there} rows without a grade: targen resume" in done.err.replace("row ", "rows ")
    works("resume", review / "model-fake", "--max-tokens", "90000")
    in_process("review", "grade", review, "--as", "fake")
    assert len(read_grades(review)["fake"].grades) == 6


@pytest.mark.whole
def test_replies_may_come_through_files(review, works):
    pytest.importorskip("targen_backends")
    out = ("--as", "gpt", "-b", "chatgpt", "--model", "any", "--batch-offline", "--batch-lists")
    done = works("review", "grade", review, *out)
    folder = review / "model-gpt"
    works("batch", "export", folder, "--out", "requests.jsonl")
    with open("answers.jsonl", "w") as file:
        file.writelines(_answers(Path("requests.jsonl")))
    works("batch", "import", folder, "answers.jsonl")
    done = works("review", "grade", review, "--as", "gpt")
    assert "6 grades by gpt, a model" in done.out
    assert {grade.after for grade in read_grades(review)["gpt"].grades.values()} == {"D"}


def _answers(requests: Path) -> Iterator[str]:
    for line in requests.read_text().splitlines():
        request = json.loads(line)
        said = {"reasons": "No.", "label": "negative"}
        said |= dict.fromkeys(("first", "second", "grade"), "D")
        message = {"role": "assistant", "content": json.dumps(said)}
        body = {
            "model": "any",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }
        response = {"status_code": 200, "body": body}
        yield json.dumps({"custom_id": request["custom_id"], "response": response}) + "\n"


def test_a_reply_outside_the_rubric_is_no_grade(review, in_process):
    Path("grader.py").write_text(GRADER.replace('"grade": "B"', '"grade": "E"'))
    done = in_process("review", "grade", review, *SCRIPTED, "--as", "fake", "--give-up-after", "9")
    assert done.code == 1
    assert len(read_grades(review)["fake"].grades) == 1


def test_a_model_may_be_named_as_a_rater(run, works):
    done = works(
        "review", run, "--sample", "2", "--rubric", "paper", "--rater", "llm:scripted", "--as", "m"
    )
    assert "reviews-0.review: 2 grades by m, a model" in done.out


REFUSED = """
    review {run} --rater claude | a model is llm:BACKEND
    review {run} --rater llm: | a model is llm:BACKEND
    review grade {review} -b scripted --as ann | ann is a person in the plan
    review grade {review} -b scripted --as a/b | cannot be the name of a rater
    review grade {review} --as fake --out {run} | is not a run of targen review grade
"""


@pytest.mark.parametrize(("line", "error"), table(REFUSED, 2))
def test_what_no_model_grades(line, error, review, run, refuses):
    refuses(line.format(run=run, review=review), error)


def test_a_row_that_changed_after_it_was_asked_about_does_not_count(rows_file, in_process, works):
    data = rows_file(4)
    folder = planned([str(data)], rubric="paper")[0]
    works("review", "grade", folder, *SCRIPTED, "--as", "fake")
    data.write_text(data.read_text().replace("number 2 was", "number 2 is"))
    done = in_process("review", "report", folder)
    assert "fake: 1 grade of rows that have changed since, or are gone, left out: row 2" in done.out
