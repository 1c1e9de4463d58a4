"""`targen review --plan` and `--json`: what is reviewed, and by whom."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.sample import Drawable, assign, sample_size, teams_of

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
    again = ("review", run, "--plan", "--blind", "--sample", "0.5")
    said = "with a different sample, blind"
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
    done = works(*line, "--raters", "cat", "--blind")
    assert "replaced the previous plan, which was unused" in done.err
    assert "--blind hides it" not in done.err
    assert (list(done.json["rows"]), done.json["blind"]) == (["cat"], True)


def test_the_order_of_a_blind_review_tells_no_label(rows_file, task_file, plan):
    data = rows_file(40)
    given, hidden, again = (
        plan(data, "--task", task_file, "--out", f"{data}.{at}", *blind)["rows"][""]
        for at, blind in enumerate(([], ["--blind"], ["--blind"]))
    )
    assert given == [str(row) for row in range(40)]
    assert hidden == again != given
    assert sorted(hidden) == sorted(given)


# --- samples and teams ---

PAPER = """
    axg | 284 | 226
    boolq | 4299 | 430
    cb | 250 | 200
    copa | 302 | 242
    record | 1778 | 177
    rte | 2490 | 498
    wic | 4843 | 485
    wsc | 544 | 435
"""
"""Rows that the paper generated (table 2; of WiC and BoolQ appendix H says them too), and those
that its table 16 counts; 2,693 together."""


def test_shares_by_size_give_table_16_but_for_three_single_rows():
    away = {}
    for task, made, counted in table(PAPER):
        away[task] = sample_size("paper", int(made), task) - int(counted)
    assert {task: by for task, by in away.items() if by} == {"axg": 1, "record": 1, "wic": -1}
    sizes = (599, 600, 1000, 1001, 3000, 3001)
    steps = [sample_size("paper", size) for size in sizes]
    assert steps == [479, 240, 400, 200, 600, 300], "as table 14 has it"


@pytest.mark.parametrize("rule", ["", "0", "0.0", "1.5", "120%", "-3", "half", "nan", "1e3", "٣"])
def test_rules_that_are_none_are_refused(rule):
    with pytest.raises(UsageError, match="does not select rows"):
        sample_size(rule, 100)


def test_teams_are_twos_in_the_order_of_the_names():
    for names, teams in (("abcdef", "ab cd ef"), ("abcde", "ab cde"), ("abc", "abc"), ("a", "a")):
        assert ["".join(team) for team in teams_of(names)] == teams.split()
    assert teams_of([], [("ann", "bob"), ("cat",)]) == [("ann", "bob"), ("cat",)]
    for names, given_teams, problem in (
        ("aab", [], "--raters names a twice"),
        ("", ["ab", "bc"], "--teams names b twice"),
        ("abc", ["ab"], "--raters and --teams name different people: c"),
    ):
        with pytest.raises(UsageError, match=problem):
            teams_of(names, given_teams)


def test_three_teams_have_equal_shares_and_their_members_the_same_rows():
    rows, teams = [Drawable(str(at), "ab"[at % 3 > 0]) for at in range(120)], teams_of("abcdef")
    lists = assign(rows, 90, teams=teams)
    labels = {row.id: row.label for row in rows}
    for one, other in teams:
        assert set(lists[one]) == set(lists[other])
        assert lists[one] != lists[other]
        assert Counter(labels[row] for row in lists[one]) == {"a": 10, "b": 20}
    assert len({row for of in lists.values() for row in of}) == 90
    assert lists == assign(rows, 90, teams=teams) != assign(rows, 90, teams=teams, seed=1)
