"""Which rows are reviewed and by whom: the paper's shares, labels, teams."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.errors import UsageError
from targen_review.sample import (
    Drawable,
    assign,
    assigned,
    drawn,
    paper_share,
    sample_size,
    teams_of,
)

from ...tables import table

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


def _rows(size: int, task: str) -> list[Drawable]:
    return [Drawable(f"{task}/{at}", "ab"[at % 2]) for at in range(size)]


def test_shares_by_size_give_table_16_but_for_three_single_rows():
    away = {}
    for task, made, counted in table(PAPER):
        away[task] = sample_size("paper", int(made), task) - int(counted)
    assert {task: by for task, by in away.items() if by} == {"axg": 1, "record": 1, "wic": -1}
    steps = [paper_share(size) for size in (1, 599, 600, 1000, 1001, 3000, 3001)]
    assert steps == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.1], "as table 14 has it"


RULES = [
    ("all", 7, 7), ("paper", 1, 1), ("0.2", 240, 48), ("20%", 240, 48), ("200", 240, 200),
    ("200", 50, 50), ("1.0", 9, 9), ("0.001", 9, 1), (".5", 5, 3), ("1", 9, 1), ("all", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "size", "number"), RULES)
def test_rules_take_what_they_say(rule, size, number):
    assert sample_size(rule, size) == number


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


@given(
    st.lists(st.sampled_from("aaaabbc"), min_size=1, max_size=60),
    st.integers(0, 70),
    st.integers(0, 3),
)
def test_a_sample_has_the_labels_of_its_dataset(labels, number, seed):
    rows = [Drawable(f"r{at}", label) for at, label in enumerate(labels)]
    sample = drawn(rows, number, seed=seed)
    assert len({row.id for row in sample}) == len(sample) == min(number, len(rows))
    every, taken = Counter(labels), Counter(row.label for row in sample)
    for label in every:
        assert abs(taken[label] - len(sample) * every[label] / len(rows)) < 1
    assert sample == drawn(rows[::-1], number, seed=seed) or len(every) > 1


def test_teams_have_equal_shares_of_each_dataset_and_members_the_same_rows():
    teams, sizes = teams_of("abcdef"), {"rte": 100, "cb": 50, "wsc": 30}
    samples = {task: _rows(size, task) for task, size in sizes.items()}
    lists = assigned(samples, teams, seed=0)
    assert sorted(len(of) for of in lists.values()) == [60] * 6
    for one, other in teams:
        assert set(lists[one]) == set(lists[other])
        assert lists[one] != lists[other]
        tasks = [task for task, _ in groupby(row.partition("/")[0] for row in lists[one])]
        assert sorted(tasks) == sorted(sizes), "one dataset after the other"
        for task, size in sizes.items():
            assert abs(sum(row.startswith(task) for row in lists[one]) - size / 3) < 1
    assert len({row for of in lists.values() for row in of}) == 180
    assert lists == assigned(samples, teams, seed=0)
    assert lists != assigned(samples, teams, seed=1)


def test_nobody_grades_what_their_own_instructions_made():
    samples = {task: _rows(20, task) for task in ("rte", "cb")}
    lists = assigned(samples, teams_of("abcd"), barred={("a", "rte")}, seed=0)
    assert not any(row.startswith("rte") for name in "ab" for row in lists[name])
    assert len(lists["c"]) == 30
    with pytest.raises(UsageError, match="no team is left to review rte"):
        assigned(samples, teams_of("ab"), barred={("b", "rte")}, seed=0)
    with pytest.raises(UsageError, match="there are no rows left to review"):
        assigned({"rte": []}, teams_of("ab"), seed=0)


def _pairs(seeds: int) -> list[Drawable]:
    """Of each seed a row of each label, as a run has them; the first of a few alone."""
    rows = [Drawable(f"s{at}/{label}", label, f"s{at}") for at in range(seeds) for label in "ab"]
    return [*rows, *(Drawable(f"alone{at}", "a") for at in range(4))]


@given(st.integers(1, 30), st.integers(1, 64), st.integers(0, 3), st.integers(1, 4))
def test_siblings_are_drawn_and_dealt_out_and_shown_together(seeds, number, seed, teams):
    sample = drawn(_pairs(seeds), number, seed=seed)
    assert len(sample) == min(number, 2 * seeds + 4)
    names = "abcdefgh"[: 2 * teams]
    lists = assigned({"rte": sample}, teams_of(names), seed=seed)
    taken = Counter(row.group for row in sample if row.group)
    assert sum(count == 1 for count in taken.values()) <= 1, "only the last may be there in part"
    for name in names:
        group = [row.partition("/")[0] for row in lists[name] if "/" in row]
        assert all(group.count(each) == taken[each] for each in group), "all of them, for one team"
        assert len([*groupby(group)]) == len(set(group)), "one after the other"
    sizes = [len(lists[name]) for name in names]
    assert max(sizes) - min(sizes) <= 2


def test_rows_of_anyone_follow_their_siblings_in_the_order_of_the_data():
    rows = [Drawable("1", "a", "x"), Drawable("2", "b"), Drawable("3", "b", "x")]
    assert assign({"rte": rows}) == {"": ("1", "3", "2")}
