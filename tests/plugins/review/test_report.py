"""`targen review report`: figures that were worked out by hand, and grades that do not count."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from targen_review.cli.open import planned
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.plan import load_plan
from targen_review.report.figures import figures_of
from targen_review.report.pages import findings_of, shown
from targen_review.report.reading import read_reviews


@pytest.fixture
def lettered(graded):
    """Grade the rows of a review in order: "A", or "BA" for before and after, "." for nothing."""

    def grade(folder: Path, rater: str, letters: str, kind: str = "person", **more: Any) -> None:
        said = {
            row: {"before": given[0], "after": given[-1], "seconds": 4.0, **more}
            for row, given in zip(sorted(load_plan(folder).ids), letters.split(), strict=True)
            if given != "."
        }
        graded(folder, rater, said, kind=kind)

    return grade


@pytest.fixture
def reported(works):
    """The report of reviews, as JSON."""
    return lambda *folders: works("review", "report", *folders, "--json").json


def test_grades_are_counted_by_row_before_and_after(review, lettered, refuses, reported):
    refuses(("review", "report", review), "no rows have been graded so far")
    lettered(review, "ann", "A CB A B D .")
    lettered(review, "bob", "A CA C B C .")
    said = reported(review)
    (of,) = said["grades"]
    assert (of["dataset"], of["who"], of["rows"]) == ("reviews-0", "people", 5)
    assert of["before"] == {"A": 1.5, "B": 1.0, "C": 2.0, "D": 0.5}
    assert of["after"] == {"A": 2.0, "B": 1.5, "C": 1.0, "D": 0.5}
    assert of["acceptable_before"]["value"] == pytest.approx(2.5 / 5)
    assert of["acceptable"]["value"] == pytest.approx(3.5 / 5)
    assert of["change"]["value"] == pytest.approx(0.2)
    after, before = said["agreement"]
    assert (after["side"], after["raters"], after["rows"]) == ("after", ["ann", "bob"], 5)
    assert after["alike"]["value"] == 0.4
    # Expected agreement on letters: 2 by 2 of A, 2 by 1 of B, none of C and D, of 25.
    assert after["letters"]["value"] == pytest.approx((0.4 - 6 / 25) / (1 - 6 / 25))
    # On acceptable: 4 by 3 and 1 by 2, of 25; they agree on four of five.
    assert after["acceptable"]["value"] == pytest.approx((0.8 - 14 / 25) / (1 - 14 / 25))
    assert before["side"] == "before"
    first, *others = said["disagreements"]
    assert first["split"] is True
    assert (first["grades"]["ann"]["after"], first["grades"]["bob"]["after"]) == ("A", "C")
    assert [each["apart"] for each in others] == [1, 1]
    assert [rater["done"] for rater in said["raters"]] == [5, 5]
    assert "ann has graded 5 of 6 rows" in said["warnings"]


def test_step_4_is_reported_as_right_as_people_find_it(run, lettered, reported, works):
    folder = planned([str(run)], rejects=True, rubric="paper")[0]
    # The first by id was relabelled, and one is a reject of step 4.
    lettered(folder, "ann", "CA A D A A A A")
    one = {"agreed": 1, "disagreed": 0, "split": 0, "old": 0}
    assert reported(folder)["step4"] == {"relabels": one, "rejects": one}
    lettered(folder, "bob", "CD A . A A A A")
    table = works("review", "report", folder).out.partition("Step 4 as judged by people")[2]
    assert re.search("^relabels +0 +- +0 +1$", table, re.MULTILINE)


def test_teams_are_reported_each_and_together(rows_file, lettered, reported):
    folder = planned([str(rows_file(8))], teams="ann+bob,cat+dan", task=None, rubric="paper")[0]
    plan = load_plan(folder)
    for name in ("ann", "bob", "cat", "dan"):
        mine = {row: "ABCD"[at % 4] for at, row in enumerate(plan.rows_of(name))}
        lettered(folder, name, " ".join(mine.get(row, ".") for row in sorted(plan.ids)))
    said = reported(folder)
    agreement = [(each["raters"], each["rows"]) for each in said["agreement"]]
    assert agreement == [(["ann", "bob"], 4), (["cat", "dan"], 4), (["all teams"], 8)]
    assert said["alpha"][0]["raters"] == 4
    assert said["grades"][0]["before"] is None


def test_labels_are_confirmed_by_those_who_left_or_chose_them(rows_file, lettered):
    folder = planned([str(rows_file(4))], rubric="paper")[0]
    lettered(folder, "ann", "A A D .", comment="short")
    lettered(folder, "bob", ". . . A", label="nonsense")
    figures = figures_of(read_reviews([folder]))
    (of,) = figures.letters
    # Two were left and are acceptable, one is not acceptable and says nothing, one has another.
    assert (of.confirmed.rows, of.confirmed.value) == (3, pytest.approx(2 / 3))
    ann, bob = figures.raters
    assert (ann.rater, ann.relabeled, ann.comments, ann.seconds) == ("ann", 0, 3, 4.0)
    assert (bob.rater, bob.relabeled, bob.comments) == ("bob", 1, 0)


def test_reasons_are_counted_by_row_and_by_rater(rows_file, lettered, tmp_path, reported, works):
    path = tmp_path / "mine.yaml"
    path.write_text("name: m\nreasons: [{key: n, name: near copy}, {key: m, name: ambiguous}]")
    folder = planned([str(rows_file(4))], rubric=path)[0]
    lettered(folder, "ann", "A B . .", reasons=("near copy",))
    lettered(folder, "ann", ". . C .", reasons=("near copy", "ambiguous"))
    lettered(folder, "bob", "A . . .", reasons=("near copy",))
    lettered(folder, "bob", ". B D A")
    lettered(folder, "gpt", "A A A A", kind="model", reasons=("ambiguous",))
    said = reported(folder)
    counts = ("reason", "rows", "of", "agreed", "shared")
    found = [tuple(of[name] for name in counts) for of in said["reasons"]]
    of_people = [("near copy", 3, 4, 1, 3), ("ambiguous", 1, 4, 0, 1)]
    assert found == [*of_people, ("ambiguous", 4, 4, 0, 0)]
    assert said["disagreements"][0]["grades"]["ann"]["reasons"] == ["near copy", "ambiguous"]
    with GradeBook(folder, Rater(rater="bob")) as book:
        book.append(book.grades["0"].model_copy(update={"at": "", "reasons": ("boredom",)}))
    printed = works("review", "report", folder).out
    of_reasons = printed.split("\nReasons\n")[1].split("\n\n")[0]
    assert "near copy" in of_reasons and "0.75 (0.30 to 0.95)" in of_reasons
    assert "that the rubric m does not have: row 0 (boredom)" in printed


def test_models_are_kept_apart_from_people(review, lettered, reported, works):
    lettered(review, "ann", "A A B B C D")
    lettered(review, "gpt", "A A A A A A", kind="model")
    printed = works("review", "report", review).out
    for words in (
        "In reviews-0, people find 67% of the 6 rows acceptable",
        "gpt, a model, finds 100% of the 6 rows acceptable",
        "Agreement with models",
        "only ann has graded rows, so agreement is unknown",
        "Spearman's r for ann, gpt (one of the two raters gave every row the same grade).",
    ):
        assert words in printed
    said = reported(review)
    assert said["alpha"] == []
    assert said["agreement"][0]["spearman"]["value"] is None


@pytest.mark.parametrize("command", ["report", "grade", "apply"])
def test_data_without_a_review(command, tmp_path, refuses):
    starts = "targen review DATA starts one and prints its folder; --out FOLDER starts it in FOLDER"
    refuses(f"review {command} {tmp_path}", f"no review in {tmp_path} or next to it", starts)
    refuses(f"review {command} nowhere", "no data or review nowhere", starts)


def test_what_does_not_count_is_said(rows_file, lettered, works):
    data = rows_file(4)
    folder = planned([str(data)], raters="ann,bob", sample="all", rubric="paper")[0]
    lettered(folder, "ann", "A B A B")
    lettered(folder, "bob", "A B A A")
    with GradeBook(folder, Rater(rater="bob")) as book:
        book.append(book.grades["1"].model_copy(update={"at": "", "after": "E"}))
    with GradeBook(folder, Rater(rater="eve")) as book:
        book.append(Grade(row="0", digest="0" * 16, after="A"))
    rows = data.read_text().splitlines()
    rows[0] = rows[0].replace("soup", "bread")
    data.write_text("\n".join([*rows, rows[3]]) + "\n")
    printed = works("review", "report", folder).out
    for words in (
        "left out 1 grade by ann for rows that have changed since then, or no longer exist: row 0",
        "left out 1 grade by bob that the rubric paper does not have: row 1 (E)",
        "left out 1 grade by eve, who is not a rater in the plan",
        "rows has 5 rows now, but had 4 when the review was planned",
    ):
        assert words in printed
    data.unlink()
    printed = works("review", "report", folder).out
    assert "people find 100% of the 4 rows acceptable" in printed and "cannot be read" in printed


def test_folders_of_several_machines_are_merged(review, lettered, tmp_path, refuses, reported):
    other = tmp_path / "elsewhere" / review.name
    shutil.copytree(review, other)
    for name in ("ann", "bob"):
        lettered(review, name, "A A B B C D")
    shutil.move(review / "grades-bob.jsonl", other)
    letters = reported(review, other)["agreement"][0]["letters"]
    assert (letters["value"], letters["low"]) == (1.0, None)
    plan = json.loads((other / "review.json").read_text())
    (other / "review.json").write_text(json.dumps({**plan, "seed": 9}))
    refuses(("review", "report", review, other), "different plans (different: seed)")


def test_several_datasets_stand_side_by_side(rows_file, lettered, task_file, refuses, reported):
    one = planned([str(rows_file(4, name="one.jsonl"))], rubric="paper")[0]
    two = planned([str(rows_file(4, name="two.jsonl"))], rubric="paper")[0]
    lettered(one, "ann", "A A A A")
    lettered(two, "ann", "A A D D")
    acceptable = {of["dataset"]: of["acceptable"]["value"] for of in reported(one, two)["grades"]}
    assert acceptable == {"one": 1.0, "two": 0.5, "all": 0.75}
    three = planned([str(rows_file(4, name="three.jsonl"))], task=str(task_file))[0]
    refuses(("review", "report", one, three), "different rubrics (paper, labels)")


def test_pages_are_written_with_what_people_said_escaped(rows_file, lettered, refuses, works):
    folder = planned([str(rows_file(4, "<script>alert(1)</script> and more"))], rubric="paper")[0]
    lettered(folder, "ann", "A A D D", comment="<b>no</b> | `x`")
    lettered(folder, "bob", "D A D D")
    report = ("review", "report", folder, "--out")
    for name, words in (("r.html", "&lt;script&gt;alert"), ("r.md", "## Agreement")):
        works(*report, name, "--paper")
        text = Path(name).read_text()
        assert words in text
        assert "<script" not in text.replace("\\<script", "")
    refuses((*report, "r.md"), "already exists")
    refuses((*report, "r.pdf"), "must end in .html or .md")


@pytest.mark.whole
def test_a_review_beside_a_run_is_a_chapter_of_its_analysis(review, run, lettered, works):
    lettered(review, "ann", "A A B B C D")
    lettered(review, "bob", "A A B A C D")
    analyze = ("analyze", run, "--metric", "reviewed", "--out")
    done = works(*analyze, "analysis")
    assert "In reviews-0, people find 67% of the 6 rows acceptable" in done.out
    assert "Grades by people, row by row" in Path("analysis/report.html").read_text()
    shutil.rmtree(review)
    said = "There are no grades next to this data. targen review DATA opens a page for grading"
    assert said in works(*analyze, "second").out


def test_the_papers_table_is_printed_beside_its_tasks(rows_file, lettered):
    folder = planned([str(rows_file(2))], rubric="paper")[0]
    lettered(folder, "ann", "A B")
    figures = figures_of(read_reviews([folder]))
    figures.material.tasks["rows"] = "targen-tasks-superglue:rte"
    tables = {table.title: table for table in findings_of(figures, paper=True).tables}
    (row,) = tables["The paper's Table 16"].rows
    printed = "RTE 498 300 52 70 76 355 50 57 36 0.707 0.813"
    assert " ".join(map(shown, row)) == printed
