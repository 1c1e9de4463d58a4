"""`targen review report`: figures that were worked out by hand, and grades that do not count."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_review.agreement import Figure, cohen_kappa, krippendorff_alpha, share, spearman
from targen_review.figures import figures_of, read_reviews
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.plan import load_plan
from targen_review.planning import planned
from targen_review.report import findings_of, shown


@pytest.fixture
def lettered(graded):
    """Grade the rows of a review in order: "A", or "BA" for before and after, "." for nothing."""

    def grade(folder: Path, rater: str, letters: str, kind: str = "person", **more: Any) -> None:
        said = {
            row: {"before": given[0], "after": given[-1], **more}
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
    after, before = said["agreement"]
    assert (after["side"], after["raters"], after["rows"]) == ("after", ["ann", "bob"], 5)
    assert after["alike"]["value"] == 0.4
    # Expected agreement on letters: 2 by 2 of A, 2 by 1 of B, none of C and D, of 25.
    assert after["letters"]["value"] == pytest.approx((0.4 - 6 / 25) / (1 - 6 / 25))
    # On acceptable: 4 by 3 and 1 by 2, of 25; they agree on four of five.
    assert after["acceptable"]["value"] == pytest.approx((0.8 - 14 / 25) / (1 - 14 / 25))
    assert before["side"] == "before"
    first, *others = said["disagreements"]
    assert (first["grades"]["ann"]["after"], first["grades"]["bob"]["after"]) == ("A", "C")
    assert [each["apart"] for each in others] == [1, 1]
    assert [rater["done"] for rater in said["raters"]] == [5, 5]
    assert "ann has graded 5 of 6 rows" in said["warnings"]


def test_teams_are_reported_each_and_together(rows_file, lettered, reported):
    folder = planned(str(rows_file(8)), teams="ann+bob,cat+dan", task=None, rubric="paper")[0]
    plan = load_plan(folder)
    for name in ("ann", "bob", "cat", "dan"):
        mine = {row: "ABCD"[at % 4] for at, row in enumerate(plan.rows_of(name))}
        lettered(folder, name, " ".join(mine.get(row, ".") for row in sorted(plan.ids)))
    said = reported(folder)
    agreement = [(each["raters"], each["rows"]) for each in said["agreement"]]
    assert agreement == [(["ann", "bob"], 4), (["cat", "dan"], 4), (["all teams"], 8)]
    assert said["alpha"]["rows"] == 8
    assert said["grades"][0]["before"] is None


def test_labels_are_confirmed_by_those_who_left_or_chose_them(rows_file, lettered):
    folder = planned(str(rows_file(4)), rubric="paper")[0]
    lettered(folder, "ann", "A A D .", comment="short")
    lettered(folder, "bob", ". . . A", label="nonsense")
    figures = figures_of(read_reviews([folder]))
    (of,) = figures.letters
    # Two were left and are acceptable, one is not acceptable and says nothing, one has another.
    assert (of.confirmed.rows, of.confirmed.value) == (3, pytest.approx(2 / 3))
    ann, bob = figures.raters
    assert (ann.rater, ann.relabelled) == ("ann", 0)
    assert (bob.rater, bob.relabelled) == ("bob", 1)


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
    assert said["alpha"]["value"] is None
    assert said["agreement"][0]["spearman"]["value"] is None


@pytest.mark.parametrize("command", ["report", "grade", "apply"])
def test_data_without_a_review(command, tmp_path, refuses):
    starts = "targen review DATA starts one and prints its folder; --out FOLDER starts it in FOLDER"
    refuses(f"review {command} {tmp_path}", f"no review in {tmp_path} or next to it", starts)
    refuses(f"review {command} nowhere", "no data or review nowhere", starts)


def test_what_does_not_count_is_said(rows_file, lettered, works):
    data = rows_file(4)
    folder = planned(str(data), raters="ann,bob", sample="all", rubric="paper")[0]
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
        "left out 1 grade by bob that the rubric paper does not have: row 1",
        "left out 1 grade by eve, who is not a rater in the plan",
        "rows has 5 rows now, but had 4 when the review was planned",
    ):
        assert words in printed
    data.unlink()
    printed = works("review", "report", folder).out
    assert "people find 100% of the 4 rows acceptable" in printed and "cannot be read" in printed


def test_several_datasets_stand_side_by_side(rows_file, lettered, task_file, refuses, reported):
    one = planned(str(rows_file(4, name="one.jsonl")), rubric="paper")[0]
    two = planned(str(rows_file(4, name="two.jsonl")), rubric="paper")[0]
    lettered(one, "ann", "A A A A")
    lettered(two, "ann", "A A D D")
    acceptable = {of["dataset"]: of["acceptable"]["value"] for of in reported(one, two)["grades"]}
    assert acceptable == {"one": 1.0, "two": 0.5, "all": 0.75}
    three = planned(str(rows_file(4, name="three.jsonl")), task=str(task_file))[0]
    refuses(("review", "report", one, three), "different rubrics (paper, labels)")


def test_pages_are_written_with_what_people_said_escaped(rows_file, lettered, refuses, works):
    folder = planned(str(rows_file(4, "<script>alert(1)</script> and more")), rubric="paper")[0]
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
    folder = planned(str(rows_file(2)), rubric="paper")[0]
    lettered(folder, "ann", "A B")
    figures = figures_of(read_reviews([folder]))
    figures.material.tasks["rows"] = "targen-tasks-superglue:rte"
    tables = {table.title: table for table in findings_of(figures, paper=True).tables}
    (row,) = tables["The paper's Table 16"].rows
    printed = "RTE 498 300 52 70 76 355 50 57 36 0.707 0.813"
    assert " ".join(map(shown, row)) == printed


# --- agreement ---

_GRADES = st.lists(st.sampled_from("ABCD"), min_size=3, max_size=3)
_ROWS = st.lists(_GRADES, min_size=1, max_size=20)


@pytest.mark.whole
@given(_ROWS)
def test_kappa_is_that_of_scikit_learn_and_intervals_hold_their_figure(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    pairs = [(row[0], row[1]) for row in rows]
    numbers = [("ABCD".index(one), "ABCD".index(other)) for one, other in pairs]
    kappa = cohen_kappa(pairs)
    if kappa.value is not None:
        theirs = metrics.cohen_kappa_score(*zip(*pairs, strict=True))
        assert kappa.value == pytest.approx(theirs)
    for figure in (kappa, spearman(numbers), krippendorff_alpha(rows)):
        assert (figure.value is None) == bool(figure.reason)
        if figure.low is not None:
            assert -1 <= figure.low <= figure.value <= figure.high <= 1


def test_what_grades_do_not_define_has_a_reason_or_no_interval():
    assert cohen_kappa([]).reason == "no rows have two grades"
    assert krippendorff_alpha([["A"], []]).reason == "no rows have two grades"
    assert share(0, 0).reason == "no rows were graded"
    same = "both raters gave the same answer for every row"
    assert cohen_kappa([("A", "A")] * 4) == Figure(None, rows=4, reason=same)
    assert cohen_kappa([*zip("AABCD", "AABCD", strict=True)]) == Figure(1.0, rows=5)
    assert spearman([(1, 2), (2, 4), (3, 6)]) == Figure(1.0, rows=3)
    # Who calls all rows acceptable agrees by chance alone, whatever row is left out.
    figure = cohen_kappa([(True, True), (True, False)] * 3)
    assert (figure.value, figure.low, figure.high) == (0.0, None, None)


def test_a_share_has_wilsons_interval():
    figure = share(264, 300)  # 88% of 300 rows, DataTune's figure
    assert (figure.value, figure.rows) == (0.88, 300)
    assert (round(figure.low or 0, 4), round(figure.high or 0, 4)) == (0.8383, 0.912)
