"""Draws: balanced, the same for the same place, and said in a fixed form."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.tasks.dimensions import Dimension, draw, draws_from, draws_text

NAMES = st.sampled_from(["length", "register", "point of view", "kind-2", "Länge"])
VALUES = st.integers(1, 7).map(lambda size: tuple(f"v{number}" for number in range(size)))
WEIGHTS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 6), min_size=1)
DIMENSIONS = st.builds(Dimension, name=NAMES, values=st.one_of(VALUES, WEIGHTS))
SEEDS = st.integers(0, 10**9)
PATHS = st.lists(st.integers(0, 10**6), min_size=1, max_size=4).map(tuple)


@given(
    dimension=DIMENSIONS, seed=SEEDS, path=PATHS, axis=st.integers(0, 3), block=st.integers(0, 9)
)
def test_along_each_axis_a_block_of_neighbours_has_each_value_as_its_weight_says(
    dimension, seed, path, axis, block
):
    axis %= len(path)
    size = len(dimension.pool)
    drawn = [
        dimension.at(seed, (*path[:axis], block * size + offset, *path[axis + 1 :]))
        for offset in range(size)
    ]
    assert Counter(drawn) == Counter(dimension.pool)


@given(dimensions=st.lists(DIMENSIONS, max_size=3), seed=SEEDS, path=PATHS)
def test_the_draws_of_a_call_are_those_of_its_places(dimensions, seed, path):
    drawn = draws_from(dimensions, seed, path, 3, 4)
    assert list(drawn) == [draw(dimensions, seed, (*path, 3 + more)) for more in range(4)]


def test_draws_stay_what_they_are():
    words = Dimension(name="word", values=[f"w{number}" for number in range(40)])
    kinds = Dimension(name="kind", values={"open": 8, "contradicted": 2})
    drawn = [draw((words, kinds), 7, (context, 0)) for context in range(5)]
    assert [each["word"] for each in drawn] == ["w34", "w5", "w3", "w14", "w18"]
    assert [each["kind"] for each in drawn].count("contradicted") == 1


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("", ["a"], "cannot be called ''"),
        ("1st", ["a"], "start with a letter"),
        ("a.b", ["a"], "cannot be called 'a.b'"),
        ("a=b", ["a"], "cannot be called"),
        ("Label", ["a"], "rows already have this key"),
        ("draws", ["a"], "rows already have this key"),
        ("length", [], "'length': it has no values"),
        ("length", "short", "pass a tuple of strings"),
        ("length", 3, "values are 3"),
        ("length", ["a", " b"], "' b' is not a valid value"),
        ("length", ["a", ""], "'' is not a valid value"),
        ("length", ["a\nb"], "a single line of text"),
        ("length", [3], "3 is not a valid value"),
        (
            "length",
            ["a", "a"],
            "'a' is listed twice; to make it twice as likely, set its weight to 2",
        ),
        ("length", {"a": 0}, "the weight of 'a' is 0; it must be a whole number, 1 or more"),
        ("length", {"a": 0.5}, "the weight of 'a' is 0.5"),
        ("length", {"a": True}, "the weight of 'a' is True"),
        ("length", {"a": 10**9, "b": 1}, "add up to more than 100,000"),
    ],
)
def test_what_nothing_can_be_drawn_from_is_refused(name, values, said):
    with pytest.raises(ValueError) as refused:
        Dimension(name=name, values=values)
    assert said in str(refused.value)


# --- what prompts say ---


LENGTH = Dimension(name="length", values=["two sentences", "one"])
VIEW = Dimension(name="point_of_view", values=["a child's"])
KIND = Dimension(name="kind", values=["open"], in_prompt=False)


def test_one_draw_is_a_line_and_several_are_numbered():
    one = {"length": "one", "point_of_view": "a child's", "kind": "open"}
    dimensions = (LENGTH, VIEW, KIND)
    assert draws_text([one], dimensions) == "Keep to this:\nlength: one; point of view: a child's"
    assert draws_text([one, {"length": "two sentences"}], dimensions) == (
        "Keep to these lines, one for each item, in order:\n"
        "1. length: one; point of view: a child's\n"
        "2. length: two sentences"
    )
