"""`targen review report`: figures that were worked out by hand, and grades that do not count."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from targen_review.cli.open import planned
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.report.figures import figures_of
from targen_review.report.reading import read_reviews


@pytest.fixture
def graded():
    """Grade the rows of a review in order: "A", or "BA" for before and after, "." for nothing."""

    def grade(folder: Path, rater: str, letters: str, *, kind: Any = "person", **more: Any) -> Path:
        from targen_review.plan import load_plan
        from targen_review.rows import open_data, review_rows

        plan = load_plan(folder)
        data = [open_data(each.path, each.task or None) for each in plan.data]
        rows = {row.id: row for _, row in review_rows(data, rejects=plan.rejects)}
        with GradeBook(folder, Rater(rater=rater, kind=kind)) as book:
            for name, given in zip(sorted(plan.ids), letters.split(), strict=True):
                if given == ".":
                    continue
                row = rows[name]
                before = given[0] if row.before is not None else None
                values = {"before": before, "after": given[-1], "seconds": 4.0, **more}
                book.append(Grade(row=name, digest=row.digest, **values))
        return folder

    return grade


@pytest.fixture
def review(run):
    """Six rows of a run, of which step 4 relabelled one."""
    return planned([str(run)], raters="ann,bob", rubric="paper")[0]


def test_grades_are_counted_by_row_before_and_after(review, graded, in_process, works):
    none = in_process("review", "report", review)
    assert (none.code, "no row has been graded so far" in none.err) == (2, True)
    graded(review, "ann", "A CB A B D .")
    graded(review, "bob", "A CA C B C .")
    done = works("review", "report", review, "--json")
    (of,) = done.json["grades"]
    assert (of["dataset"], of["who"], of["rows"]) == ("reviews-0", "people", 5)
    assert of["before"] == {"A": 1.5, "B": 1.0, "C": 2.0, "D": 0.5}
    assert of["after"] == {"A": 2.0, "B": 1.5, "C": 1.0, "D": 0.5}
    assert of["acceptable_before"]["value"] == pytest.approx(2.5 / 5)
    assert of["acceptable"]["value"] == pytest.approx(3.5 / 5)
    assert of["change"]["value"] == pytest.approx(0.2)
    after, before = done.json["agreement"]
    assert (after["side"], after["raters"], after["rows"]) == ("after", ["ann", "bob"], 5)
    assert after["alike"]["value"] == 0.4
    # Expected agreement on letters: 2 by 2 of A, 2 by 1 of B, none of C and D, of 25.
    assert after["letters"]["value"] == pytest.approx((0.4 - 6 / 25) / (1 - 6 / 25))
    # On acceptable: 4 by 3 and 1 by 2, of 25; they agree on four of five.
    assert after["acceptable"]["value"] == pytest.approx((0.8 - 14 / 25) / (1 - 14 / 25))
    assert before["side"] == "before"
    first, *others = done.json["disagreements"]
    assert first["split"] is True
    assert (first["grades"]["ann"]["after"], first["grades"]["bob"]["after"]) == ("A", "C")
    assert [each["apart"] for each in others] == [1, 1]
    assert [rater["done"] for rater in done.json["raters"]] == [5, 5]
    assert "ann has graded 5 of 6 rows" in done.json["warnings"]


def test_step_4_is_reported_as_right_as_people_find_it(run, graded, in_process, works):
    folder = planned([str(run)], rejects=True, rubric="paper")[0]
    # The first by id was relabelled, and the last is a reject of step 4.
    graded(folder, "ann", "CA A A A A A D")
    done = works("review", "report", folder, "--json")
    assert done.json["step4"] == {
        "relabels": {"agreed": 1, "disagreed": 0, "split": 0, "old": 0},
        "rejects": {"agreed": 1, "disagreed": 0, "split": 0, "old": 0},
    }
    graded(folder, "bob", "CD A A A A A .")
    shown = in_process("review", "report", folder).out
    assert "Step 4 by people" in shown
    row = next(line for line in shown.splitlines() if line.startswith("relabels"))
    assert row.split() == ["relabels", "0", "-", "0", "1"]


def test_teams_are_reported_each_and_together(rows_file, graded, works):
    data = rows_file(8)
    folder = planned([str(data)], teams="ann+bob,cat+dan", task=None, rubric="paper")[0]
    plan = json.loads((folder / "review.json").read_text())
    everything = sorted({row for rows in plan["rows"].values() for row in rows})
    for name in ("ann", "bob", "cat", "dan"):
        mine = {row: "ABCD"[at % 4] for at, row in enumerate(plan["rows"][name])}
        graded(folder, name, " ".join(mine.get(row, ".") for row in everything))
    done = works("review", "report", folder, "--json")
    assert [(a["raters"], a["rows"]) for a in done.json["agreement"]] == [
        (["ann", "bob"], 4),
        (["cat", "dan"], 4),
        (["all teams"], 8),
    ]
    assert done.json["alpha"][0]["raters"] == 4
    assert "no correction" not in done.out
    assert done.json["grades"][0]["before"] is None


def test_labels_are_confirmed_by_those_who_left_or_chose_them(rows_file, graded):
    folder = planned([str(rows_file(4))], rubric="paper")[0]
    graded(folder, "ann", "A A D .", comment="short")
    graded(folder, "bob", ". . . A", label="nonsense")
    figures = figures_of(read_reviews([folder]))
    (of,) = figures.letters
    # Two were left and are acceptable, one is not acceptable and says nothing, one has another.
    assert (of.confirmed.rows, of.confirmed.value) == (3, pytest.approx(2 / 3))
    assert [(each.rater, each.relabeled, each.comments) for each in figures.raters] == [
        ("ann", 0, 3),
        ("bob", 1, 0),
    ]
    assert figures.raters[0].seconds == 4.0


def test_reasons_are_counted_by_row_and_by_who_named_them(
    rows_file, graded, tmp_path, in_process, works
):
    path = tmp_path / "mine.yaml"
    path.write_text("name: m\nreasons: [{key: n, name: near copy}, {key: m, name: ambiguous}]")
    folder = planned([str(rows_file(4))], rubric=path)[0]
    graded(folder, "ann", "A B . .", reasons=("near copy",))
    graded(folder, "ann", ". . C .", reasons=("near copy", "ambiguous"))
    graded(folder, "bob", "A . . .", reasons=("near copy",))
    graded(folder, "bob", ". B D A")
    graded(folder, "gpt", "A A A A", kind="model", reasons=("ambiguous",))
    done = works("review", "report", folder, "--json")
    counts = ("reason", "rows", "of", "agreed", "shared")
    found = [tuple(of[name] for name in counts) for of in done.json["reasons"]]
    assert found == [
        ("near copy", 3, 4, 1, 3),
        ("ambiguous", 1, 4, 0, 1),
        ("ambiguous", 4, 4, 0, 0),
    ]
    (first, *_) = done.json["disagreements"]
    assert first["grades"]["ann"]["reasons"] == ["near copy", "ambiguous"]
    shown = in_process("review", "report", folder).out
    table = shown.split("\nReasons\n")[1].split("\n\n")[0]
    assert "near copy" in table and "0.75 (0.30 to 0.95)" in table
    with GradeBook(folder, Rater(rater="bob")) as book:
        book.append(book.grades["0"].model_copy(update={"at": "", "reasons": ("boredom",)}))
    shown = in_process("review", "report", folder).out
    assert "1 grade that the rubric m does not have, left out: row 0 (boredom)" in shown


def test_models_are_kept_apart_from_people(review, graded, in_process):
    graded(review, "ann", "A A B B C D")
    graded(review, "gpt", "A A A A A A", kind="model")
    done = in_process("review", "report", review)
    assert "Among 6 rows of reviews-0, people find 67% acceptable" in done.out
    assert "gpt, a model, finds 100% acceptable" in done.out
    assert "Agreement with models" in done.out
    assert "ann alone has graded, so how far people agree is not known" in done.out
    assert "No Spearman's r of ann, gpt: one of the two gave one grade only." in done.out
    alone = json.loads(in_process("review", "report", review, "--json").out)
    assert alone["alpha"] == []
    assert alone["agreement"][0]["spearman"]["value"] is None


@pytest.mark.parametrize("command", ["report", "grade", "apply"])
def test_data_without_a_review(command, tmp_path, rows_file, in_process):
    for place in (tmp_path, rows_file(2), tmp_path / "nowhere"):
        done = in_process("review", command, place)
        assert done.code == 2
        said = f"no review in {place}" if place.exists() else f"no data or review {place}"
        assert said in done.err
        assert "targen review DATA starts one" in done.err


def test_what_does_not_count_is_said(rows_file, graded, works):
    data = rows_file(4)
    folder = planned([str(data)], raters="ann,bob", sample="all", rubric="paper")[0]
    graded(folder, "ann", "A B A B")
    graded(folder, "bob", "A B A A")
    with GradeBook(folder, Rater(rater="bob")) as book:
        book.append(book.grades["1"].model_copy(update={"at": "", "after": "E"}))
    with GradeBook(folder, Rater(rater="eve")) as book:
        book.append(Grade(row="0", digest="0" * 16, after="A"))
    rows = data.read_text().splitlines()
    rows[0] = rows[0].replace("soup", "bread")
    data.write_text("\n".join([*rows, rows[3]]) + "\n")
    done = works("review", "report", folder)
    for words in (
        "ann: 1 grade of rows that have changed since, or are gone, left out: row 0",
        "bob: 1 grade that the rubric paper does not have, left out: row 1 (E)",
        "eve is not a rater of the plan: 1 grade left out",
        "rows has 5 rows now, and had 4 when the review was planned",
    ):
        assert words in done.out


def test_folders_of_several_machines_are_merged(review, graded, tmp_path, in_process, works):
    other = tmp_path / "elsewhere" / review.name
    shutil.copytree(review, other)
    graded(review, "ann", "A A B B C D")
    graded(other, "bob", "A A B B C D")
    done = works("review", "report", review, other, "--json")
    assert done.json["agreement"][0]["letters"]["value"] == 1.0
    assert done.json["agreement"][0]["letters"]["low"] is None
    plan = json.loads((other / "review.json").read_text())
    (other / "review.json").write_text(json.dumps({**plan, "seed": 9}))
    done = in_process("review", "report", review, other)
    assert done.code == 2
    assert "different plans: seed differ" in done.err


def test_several_datasets_stand_side_by_side(rows_file, graded, tmp_path, in_process):
    one = planned([str(rows_file(4, name="one.jsonl"))], rubric="paper")[0]
    two = planned([str(rows_file(4, name="two.jsonl"))], rubric="paper")[0]
    graded(one, "ann", "A A A A")
    graded(two, "ann", "A A D D")
    done = in_process("review", "report", one, two, "--json")
    assert [(of["dataset"], of["acceptable"]["value"]) for of in done.json["grades"]] == [
        ("one", 1.0),
        ("two", 0.5),
        ("all", 0.75),
    ]
    rubric = tmp_path / "mine.yaml"
    rubric.write_text(
        "name: mine\ngrades:\n- {letter: y, title: good, acceptable: true}\n"
        "- {letter: n, title: bad, acceptable: false}\n"
    )
    three = planned([str(rows_file(4, name="three.jsonl"))], rubric=rubric)[0]
    done = in_process("review", "report", one, three)
    assert done.code == 2
    assert "different rubrics (paper, mine)" in done.err


def test_data_that_is_gone_leaves_the_grades(rows_file, graded, works):
    data = rows_file(4)
    folder = planned([str(data)], rubric="paper")[0]
    graded(folder, "ann", "A A D D")
    data.unlink()
    done = works("review", "report", folder)
    assert "people find 50% acceptable" in done.out
    assert "cannot be read" in done.out


def test_pages_are_written_with_what_people_said_escaped(
    rows_file, graded, tmp_path, in_process, works
):
    folder = planned([str(rows_file(4, "<script>alert(1)</script> and more"))], rubric="paper")[0]
    graded(folder, "ann", "A A D D", comment="<b>no</b> | `x`")
    graded(folder, "bob", "D A D D")
    for name, words in (("r.html", "&lt;script&gt;alert"), ("r.md", "## Agreement")):
        works("review", "report", folder, "--out", tmp_path / name, "--paper")
        text = (tmp_path / name).read_text()
        assert words in text
        assert "<script" not in text.replace("\\<script", "")
    again = in_process("review", "report", folder, "--out", tmp_path / "r.md")
    assert (again.code, "exists already" in again.err) == (2, True)
    other = in_process("review", "report", folder, "--out", tmp_path / "r.pdf")
    assert (other.code, "written as .html or as .md" in other.err) == (2, True)


@pytest.mark.whole
def test_a_review_beside_a_run_is_a_chapter_of_its_analysis(review, run, graded, in_process, works):
    graded(review, "ann", "A A B B C D")
    graded(review, "bob", "A A B A C D")
    done = works("analyze", run, "--metric", "reviewed", "--out", run / "analysis")
    assert "Among 6 rows of reviews-0, people find 67% acceptable" in done.out
    assert "Grades by people, row by row" in (run / "analysis" / "report.html").read_text()
    shutil.rmtree(review)
    done = in_process("analyze", run, "--metric", "reviewed", "--out", run / "second")
    assert (
        "No grades are beside these data. targen review DATA opens a page for grading" in done.out
    )


def test_the_papers_table_is_printed_beside_its_tasks(rows_file, graded):
    from targen_review.report.pages import findings_of, shown

    figures_in = planned([str(rows_file(2))], rubric="paper")[0]
    graded(figures_in, "ann", "A B")
    figures = figures_of(read_reviews([figures_in]))
    figures.material.tasks["rows"] = "targen-tasks-superglue:rte"
    tables = {table.title: table for table in findings_of(figures, paper=True).tables}
    (row,) = tables["The paper's table 16"].rows
    assert [shown(cell) for cell in row] == [
        *("RTE", "498", "300", "52", "70", "76", "355", "50", "57", "36", "0.707", "0.813")
    ]
