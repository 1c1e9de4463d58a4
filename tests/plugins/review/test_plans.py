"""`targen review --plan` and `--json`: what is reviewed, and by whom."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from targen_review.grades import Grade, GradeBook, Rater
from targen_review.plan import load_plan

from ...tables import table


@pytest.fixture
def plan(works):
    """Plan a review of `data`, and return the plan."""
    return lambda data, *options: works("review", data, *options, "--json").json


def _grade(folder, row, **said):
    with GradeBook(folder, Rater(rater="ann")) as book:
        book.append(Grade(row=row, digest="0" * 16, **said))


def test_a_review_of_something_else_is_refused_with_what_differs(run, plan, refuses):
    made = plan(run)
    folder = Path(made["folder"])
    again = ("review", run, "--plan", "--blind", "--sample", "0.5", "--not", "ann=reviews")
    said = "sample is all, not 0.5; barred is nobody, not ann=reviews; blind is off"
    (folder / "model-gpt").mkdir()
    (folder / "model-gpt" / "manifest.json").write_text("{}")
    refuses(again, said)  # a model grades by it
    (folder / "model-gpt" / "manifest.json").unlink()
    _grade(folder, made["rows"][""][0], after="A")
    refuses(again, said, "--out FOLDER")
    assert plan(run) == made


def test_a_plan_without_a_grade_is_made_anew_with_what_is_asked_for_now(run, works):
    line = ("review", run, "--json")
    first = works(*line, "--raters", "ann,bob", "--sample", "4")
    assert "--blind hides it" in first.err
    folder = Path(first.json["folder"])
    _grade(folder, first.json["rows"]["ann"][0], after="A")
    _grade(folder, first.json["rows"]["ann"][0])  # undone
    done = works(*line, "--blind")
    assert "replaced the previous plan, which was unused: blind is off, not on" in done.err
    assert "--blind hides it" not in done.err
    kept = [done.json[name] for name in ("blind", "sample", "raters")]
    assert kept == [True, "4", ["ann", "bob"]]
    assert load_plan(folder).secret
    assert load_plan(folder).secret not in done.out
    again = works(*line, "--raters", "cat").json
    assert (list(again["rows"]), again["blind"], again["teams"]) == (["cat"], True, [["cat"]])


def test_data_without_a_task_say_what_a_review_of_them_lacks(rows_file, task_file, works):
    data = rows_file(4)
    lacks = works("review", data, "--plan").err
    for words in ("cannot choose labels", "not checked", "edit", "--task NAME"):
        assert words in lacks
    done = works("review", data, "--task", task_file, "--json")
    assert "the task of rows was unknown" in done.err
    assert "--task NAME" not in done.err
    assert done.json["data"][0]["task"] == str(task_file)


def test_siblings_are_together_by_seed_or_first_text(rows_file, task_file, run, plan, works):
    data = rows_file(6, "The fish was cold.", "Soup.", "The fish was cold.", "Tea.", "Soup.")
    line = ("review", data, "--task", task_file, "--together", "--json")
    made = works(*line)
    assert made.json["rows"][""] == ["0", "2", "1", "4", "3", "5"]
    assert "no two rows" not in made.err
    taken = works(*line, "--raters", "ann,bob", "--sample", "4").json["rows"]["ann"]
    assert len(taken) == 4
    assert {len({*pair} & {*taken}) for pair in ("02", "14")} == {0, 2}
    assert "rows from the same seed follow each other" in works(*line, "--blind").err
    plan(run, "--together")
    other = works("review", rows_file(3, name="other.jsonl"), "--together", "--plan")
    assert "--together changes nothing" in other.err


def test_what_is_no_plain_file_in_a_plan_s_place_is_said(run, plan, refuses):
    folder = Path(plan(run)["folder"])
    (folder / "review.json").unlink()
    os.mkfifo(folder / "review.json")
    for command in (
        f"review {folder} --plan",
        f"review report {run}",
        f"review apply {run}",
        f"review grade {run} -b scripted",
        f"review export {run} --to argilla --out x",
        f"export {run} --reviewed",
    ):
        refuses(command, "review.json: it is a FIFO", code=1)


def test_the_order_of_a_blind_review_tells_no_label(rows_file, task_file, plan):
    data = rows_file(40)
    given, hidden, again = (
        plan(data, "--task", task_file, "--out", f"{data}.{at}", *blind)["rows"][""]
        for at, blind in enumerate(([], ["--blind"], ["--blind"]))
    )
    assert given == [str(row) for row in range(40)]
    assert hidden == again != given
    assert sorted(hidden) == sorted(given)


@pytest.mark.parametrize("name", ["../../x", "a b", "<b>", "..", "é/", "x" * 41])
def test_a_plan_from_elsewhere_names_raters_that_can_name_files(name, run, plan, refuses):
    file = Path(plan(run, "--raters", "ann,bob")["folder"], "review.json")
    file.write_text(file.read_text().replace('"ann"', json.dumps(name)))
    refuses(("review", run, "--no-open", "--plan"), "cannot be the name of a rater", code=1)


def test_a_review_does_not_load_what_only_runs_need(run):
    """Numbers take a fifth of the server's memory, and a page needs none."""
    line = [sys.executable, "-X", "importtime", "-m", "targen_core.cli", "review", run, "--plan"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    imported = {said.rpartition("|")[2].strip() for said in done.stderr.splitlines()}
    assert "targen_review.plan" in imported
    assert "numpy" not in imported


REFUSED = """
    review {rows} --plan --raters ann,b/b | 'b/b' cannot be the name of a rater
    review {rows} --plan --not ann=reviews | must name a rater and a task
    review {run} --plan --as cat | cat is not a rater in this review (raters: ann, bob)
    review {run} {rows} --plan | | --out FOLDER
    review grade {run} -b scripted --as ann | ann is a person in the review plan
    review grade {run} -b scripted --as a/b | cannot be the name of a rater
    review grade {run} --as fake --out {run} | is not a run of targen review grade
    view {rows} --key text | --key
    view {rows} {rows} | is given twice
"""


@pytest.mark.parametrize(("line", "error", "hint"), table(REFUSED))
def test_what_cannot_be_asked_changes_nothing(line, error, hint, run, plan, rows_file, refuses):
    plan(run, "--raters", "ann,bob")
    refuses(line.format(run=run, rows=rows_file()), error, hint)
