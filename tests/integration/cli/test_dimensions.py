"""Dimensions on the command line: set, replaced, taken away, kept and refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ...runs import manifest, records
from ...tables import table

RUN = ("-b", "scripted", "-q", "--out", "run")


@pytest.fixture
def task(own_task):
    return own_task("varied")


def drawn(run="run"):
    return [record.get("dimensions", {}) for record in records(run)]


def test_a_dimension_of_the_rows_and_one_of_a_list(targen, works):
    options = ("--dimension", "length=short, long", "--dimension", "contexts.word=@words")
    both = ("--labels-per-seed", "all")
    works("generate", "rte", "-n", "40", "--no-dimensions", *both, *RUN, *options)
    assert {tuple(each) for each in drawn()} == {("word", "kind", "length")}
    lengths = Counter(each["length"] for each in drawn())
    assert lengths.keys() == {"short", "long"}
    assert abs(lengths["short"] - lengths["long"]) <= 2, "near-duplicates aside"
    spec = manifest("run")["spec"]
    assert spec["dimensions"] == {"length": ["short", "long"], "contexts.word": "@words"}
    shown = targen("show", "run", "0")
    assert f"word: {drawn()[0]['word']}" in shown.out
    asked = targen("trace", "run", "0", "--full").out
    assert f"length: {drawn()[0]['length']}" in asked
    card = Path("run/README.md").read_text()
    drawn_words = "word (contexts); kind, length (rows)."
    assert f"Traits drawn by code, balanced over the run: {drawn_words}" in card


def test_those_of_a_task_are_described_replaced_and_taken_away(targen, task, works):
    described = targen("describe", task)
    assert "short, long" in described.out
    assert "how long the text is" in described.out
    assert "open: 3, closed: 1" in described.out
    assert "(not mentioned in prompts)" in described.out
    assert "place 5, ... (9)" in described.out
    facts = targen("describe", task, "--json").json["dimensions"]
    assert [one["name"] for one in facts] == ["place", "length", "kind"]
    assert [one["step"] for one in facts] == ["contexts", "generate", "generate"]

    run = ("generate", task, "-b", "scripted", "-q", "-n", "8", "--out")
    works(*run, "own")
    assert {tuple(each) for each in drawn("own")} == {("place", "length", "kind")}
    works(*run, "less", "--dimension", "Length=", "--dimension", "place=here")
    assert {tuple(each) for each in drawn("less")} == {("place", "kind")}
    assert {each["place"] for each in drawn("less")} == {"here"}
    works(*run, "code", "--no-dimensions")
    assert {tuple(each) for each in drawn("code")} == {("kind",)}
    works(*run, "mine", "--no-dimensions", "--dimension", "length=mid")
    assert drawn("mine")[0]["length"] == "mid"
    works(*run, "kinds", "--dimension", "kind=closed")
    assert {each["kind"] for each in drawn("kinds")} == {"closed"}


VALUES = """
    length | --dimension 'length' is not NAME=VALUES
    length=@nothing.txt | No such file
    length=@word | | did you mean words?
    length= | task varied has no such dimension
    label=a,b | rows already have this key
    contexs.word=a,b | | did you mean contexts?
    correct.word=a,b | there is no step 'correct' with dimensions
    kind=open,odd | the task's code reads this dimension and accepts only the original values
    kind= | the task's code reads this dimension
"""


@pytest.mark.parametrize(("value", "error", "hint"), table(VALUES))
def test_a_dimension_that_cannot_be(value, error, hint, own_task, refuses):
    task = own_task("varied", ("(LENGTH, KIND)", "(KIND,)"))
    refuses(f"generate {task} -n 2 -b scripted --dimension {value}", error, hint)


def test_nothing_is_drawn_for_items_that_a_file_holds(refuses):
    Path("mine.yaml").write_text(
        "description: Messages.\nlabels: {good: fine, bad: not fine}\ncontexts: [shop, bank]\n"
    )
    refuses(
        ("generate", "./mine.yaml", "-n", "4", *RUN, "--dimension", "contexts.x=1,2"),
        "no model generates the contexts of mine",
    )
