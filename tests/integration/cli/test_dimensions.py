"""Dimensions on the command line: set, replaced, taken away, kept and refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...runs import manifest, records
from ...tables import table


def drawn(run="run"):
    return [record.get("dimensions", {}) for record in records(run)]


def test_a_dimension_of_the_rows_and_one_of_a_list(works):
    options = "--dimension 'length=short, long' --dimension contexts.word=@words"
    both = "--no-dimensions --labels-per-seed all"
    works(f"generate rte -n 40 {both} -b scripted -q --out run {options}")
    assert {tuple(each) for each in drawn()} == {("word", "kind", "length")}
    lengths = Counter(each["length"] for each in drawn())
    assert lengths.keys() == {"short", "long"}
    assert abs(lengths["short"] - lengths["long"]) <= 2, "near-duplicates aside"
    spec = manifest("run")["spec"]
    assert spec["dimensions"] == {"length": ["short", "long"], "contexts.word": "@words"}
    assert f"word: {drawn()[0]['word']}" in works("show run 0").out
    assert f"length: {drawn()[0]['length']}" in works("trace run 0 --full").out
    drawn_words = "word (contexts); kind, length (rows)."
    card = Path("run/README.md").read_text()
    assert f"Traits drawn by code, balanced over the run: {drawn_words}" in card


CHANGED = """
    | place length kind |
    --dimension Length= --dimension place=here | place kind | place here
    --no-dimensions | kind |
    --no-dimensions --dimension length=mid | kind length | length mid
    --dimension kind=closed | place length kind | kind closed
"""


def test_those_of_a_task_are_described_replaced_and_taken_away(targen, own_task, works):
    task = own_task("varied")
    described = works(f"describe {task}").out
    for words in ("short, long", "how long the text is", "open: 3, closed: 1"):
        assert words in described
    assert "(not mentioned in prompts)" in described and "place 5, ... (9)" in described
    facts = targen(f"describe {task} --json").json["dimensions"]
    steps = {one["name"]: one["step"] for one in facts}
    assert steps == {"place": "contexts", "length": "generate", "kind": "generate"}
    for at, (options, names, one) in enumerate(table(CHANGED)):
        works(f"generate {task} -b scripted -q -n 8 --out {at} {options}")
        assert {tuple(each) for each in drawn(str(at))} == {tuple(names.split())}
        if one:
            name, value = one.split()
            assert {each[name] for each in drawn(str(at))} == {value}


def test_a_new_dimension_with_a_name_like_another_is_said(own_task, works):
    task = own_task("varied")
    said = "the task varied has no dimension lenght, so targen adds it; did you mean length?"
    line = f"generate {task} -b scripted -q -n 2 --dimension mood=a,b"
    assert said in works(f"{line} --dimension lenght=mid --out a").err
    assert "has no dimension" not in works(f"{line} --out b").err
