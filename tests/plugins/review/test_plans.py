"""`targen review --plan` and `--json`: what is reviewed, and by whom."""

from __future__ import annotations

import json

import pytest

from targen_review.plan import load_plan


def test_a_review_is_planned_beside_its_data_and_goes_on(run, in_process):
    line = ("review", run, "--sample", "4", "--raters", "ann,bob", "--json")
    done = in_process(*line)
    assert done.code == 0
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


def test_a_review_of_something_else_is_refused_with_what_differs(run, in_process):
    assert in_process("review", run, "--plan").code == 0
    done = in_process("review", run, "--plan", "--blind", "--sample", "0.5")
    assert done.code == 2
    assert "sample is all, not 0.5; blind is off, not on" in done.err
    assert "--out FOLDER" in done.err


def test_the_order_of_a_blind_review_tells_no_label(rows_file, task_file, in_process):
    data = rows_file(40)
    orders = []
    for number, options in enumerate(([], ["--blind"], ["--blind"])):
        line = ("review", data, "--task", task_file, "--out", f"{data}.{number}", "--json")
        orders.append(in_process(*line, *options).json["rows"][""])
    assert orders[0] == [str(row) for row in range(40)]
    assert orders[1] == orders[2] != orders[0]
    assert sorted(orders[1]) == sorted(orders[0])


def test_a_rater_who_is_none_leaves_no_plan(run, in_process):
    done = in_process("review", run, "--plan", "--raters", "ann,bob", "--as", "cat")
    assert done.code == 2
    assert "cat is not a rater of this review: ann, bob" in done.err
    assert not run.with_name(f"{run.name}.review").exists()


def test_rejects_of_step_4_are_in_it_if_asked(run, in_process):
    plan = in_process("review", run, "--rejects", "--json").json
    assert len(plan["rows"][""]) == 7
    assert "1.7/negative/0" in plan["rows"][""]


def test_what_cannot_be_asked_is_said(run, rows_file, in_process):
    for option, value, words in (
        ("--sample", "many", "--sample many: this is no part of a dataset"),
        ("--raters", "ann,b/b", "'b/b' cannot be the name of a rater"),
        ("--not", "ann=reviews", "names no rater and task"),
    ):
        done = in_process("review", run, "--plan", option, value)
        assert (done.code, words in done.err) == (2, True), done.err
    done = in_process("review", run, rows_file(), "--plan")
    assert "--out FOLDER" in done.err


@pytest.mark.parametrize("name", ["../../x", "a b", "<b>", ".."])
def test_a_plan_from_elsewhere_names_raters_that_can_name_files(name, run, in_process):
    in_process("review", run, "--plan", "--raters", "ann,bob")
    plan = run.with_name(f"{run.name}.review") / "review.json"
    plan.write_text(plan.read_text().replace('"ann"', json.dumps(name)))
    done = in_process("review", run, "--no-open", "--plan")
    assert done.code == 1
    assert "cannot be the name of a rater" in done.err
    assert "Traceback" not in done.err
