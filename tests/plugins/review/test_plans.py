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


def test_a_review_is_planned_beside_its_data_and_goes_on(run, in_process, works):
    line = ("review", run, "--sample", "4", "--raters", "ann,bob", "--json")
    done = works(*line)
    folder = run.with_name("reviews-0.review")
    assert done.json["folder"] == str(folder)
    plan = load_plan(folder)
    assert plan.raters == ("ann", "bob")
    assert [len(plan.rows_of(name)) for name in plan.raters] == [4, 4]
    assert in_process("review", run, "--json").json == done.json


def test_a_review_goes_on_by_its_own_name_and_knows_its_task(rows_file, task_file, in_process):
    data = rows_file()
    first = in_process("review", data, "--task", task_file, "--json").json
    assert first["data"][0]["task"] == str(task_file)
    assert in_process("review", f"{data}.review", "--json").json == first
    assert in_process("review", data, "--json").json == first


def _grade(folder, row, **said):
    with GradeBook(folder, Rater(rater="ann")) as book:
        book.append(Grade(row=row, digest="0" * 16, **said))


def test_a_review_of_something_else_is_refused_with_what_differs(run, in_process):
    plan = in_process("review", run, "--json").json
    _grade(Path(plan["folder"]), plan["rows"][""][0], after="A")
    done = in_process("review", run, "--plan", "--blind", "--sample", "0.5", "--not", "ann=reviews")
    assert done.code == 2
    assert "sample is all, not 0.5; barred is nobody, not ann=reviews; blind is off" in done.err
    assert "--out FOLDER" in done.err
    assert in_process("review", run, "--json").json == plan


def test_a_plan_without_a_grade_is_made_anew_with_what_is_asked_for_now(run, in_process, works):
    line = ("review", run, "--json")
    first = in_process(*line, "--raters", "ann,bob", "--sample", "4")
    assert "--blind hides it" in first.err
    folder = Path(first.json["folder"])
    _grade(folder, first.json["rows"]["ann"][0], after="A")
    _grade(folder, first.json["rows"]["ann"][0])  # undone
    done = works(*line, "--blind")
    assert "planned anew, since nobody had graded a row: blind is off, not on" in done.err
    assert "--blind hides it" not in done.err
    assert (done.json["blind"], done.json["sample"], done.json["raters"]) == (
        True,
        "4",
        ["ann", "bob"],
    )
    assert load_plan(folder).secret
    assert load_plan(folder).secret not in done.out
    again = in_process(*line, "--raters", "cat").json
    assert (list(again["rows"]), again["blind"], again["teams"]) == (["cat"], True, [["cat"]])


def test_a_plan_that_a_model_grades_by_is_not_made_anew(run, in_process, tmp_path):
    folder = Path(in_process("review", run, "--json").json["folder"])
    (folder / "model-gpt").mkdir()
    (folder / "model-gpt" / "manifest.json").write_text("{}")
    done = in_process("review", run, "--plan", "--sample", "3")
    assert (done.code, "sample is all, not 3" in done.err) == (2, True)


def test_data_without_a_task_say_what_a_review_of_them_lacks(
    rows_file, task_file, in_process, works
):
    data = rows_file(4)
    done = works("review", data, "--plan")
    for words in ("cannot choose labels", "not checked", "edit", "--task NAME"):
        assert words in done.err
    done = in_process("review", data, "--task", task_file, "--json")
    assert "the task of rows was not known" in done.err
    assert "--task NAME" not in done.err
    assert done.json["data"][0]["task"] == str(task_file)


def test_siblings_are_together_by_their_seed_or_their_first_text(
    rows_file, task_file, run, in_process, works
):
    data = rows_file(6, "The fish was cold.", "Soup.", "The fish was cold.", "Tea.", "Soup.")
    line = ("review", data, "--task", task_file, "--together", "--json")
    plan = in_process(*line)
    assert plan.json["rows"][""] == ["0", "2", "1", "4", "3", "5"]
    assert "no two rows" not in plan.err
    taken = in_process(*line, "--raters", "ann,bob", "--sample", "4").json["rows"]["ann"]
    assert len(taken) == 4
    assert {len({*pair} & {*taken}) for pair in ("02", "14")} == {0, 2}
    assert "rows of a seed follow each other" in in_process(*line, "--blind").err
    done = works("review", run, "--together", "--plan")
    other = rows_file(3, name="other.jsonl")
    done = in_process("review", other, "--together", "--plan")
    assert "--together changes nothing" in done.err


def test_what_is_no_plain_file_in_a_plan_s_place_is_said(run, in_process):
    folder = Path(in_process("review", run, "--json").json["folder"])
    (folder / "review.json").unlink()
    os.mkfifo(folder / "review.json")
    for line in (
        ("review", run, "--plan"),
        ("review", folder, "--plan"),
        ("review", "report", run),
        ("review", "report", folder),
        ("review", "apply", run),
        ("review", "grade", run, "-b", "scripted"),
        ("review", "export", run, "--to", "argilla", "--out", folder / "x"),
        ("export", run, "--reviewed"),
    ):
        done = in_process(*line)
        assert (done.code, "review.json: it is a FIFO" in done.err) == (1, True), (line, done.err)


def test_the_order_of_a_blind_review_tells_no_label(rows_file, task_file, in_process):
    data = rows_file(40)
    orders = []
    for number, options in enumerate(([], ["--blind"], ["--blind"])):
        line = ("review", data, "--task", task_file, "--out", f"{data}.{number}", "--json")
        orders.append(in_process(*line, *options).json["rows"][""])
    assert orders[0] == [str(row) for row in range(40)]
    assert orders[1] == orders[2] != orders[0]
    assert sorted(orders[1]) == sorted(orders[0])


@pytest.mark.parametrize("name", ["../../x", "a b", "<b>", ".."])
def test_a_plan_from_elsewhere_names_raters_that_can_name_files(name, run, in_process):
    in_process("review", run, "--plan", "--raters", "ann,bob")
    plan = run.with_name(f"{run.name}.review") / "review.json"
    plan.write_text(plan.read_text().replace('"ann"', json.dumps(name)))
    done = in_process("review", run, "--no-open", "--plan")
    assert done.code == 1
    assert "cannot be the name of a rater" in done.err
    assert "Traceback" not in done.err


def test_a_review_does_not_load_what_only_runs_need(run):
    """Numbers take a fifth of the server's memory, and a page needs none."""
    code = (
        "import sys; from targen_cli import main\n"
        f"sys.argv = ['targen', 'review', {str(run)!r}, '--plan']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


REFUSED = """
    --sample many | --sample many: this is no part of a dataset
    --raters ann,b/b | 'b/b' cannot be the name of a rater
    --not ann=reviews | names no rater and task
    --raters ann,bob --as cat | cat is not a rater of this review: ann, bob
    {rows} | | --out FOLDER
"""


@pytest.mark.parametrize(("options", "error", "hint"), table(REFUSED))
def test_what_cannot_be_asked_leaves_no_plan(options, error, hint, run, rows_file, refuses):
    refuses(f"review {run} --plan {options.format(rows=rows_file())}", error, hint)
