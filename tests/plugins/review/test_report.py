"""`targen review report`: figures that were worked out by hand, and grades that do not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_review.agreement import cohen_kappa, krippendorff_alpha, spearman
from targen_review.figures import figures_of, read_reviews
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
