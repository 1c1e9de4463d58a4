"""Dimensions on the command line: set, replaced, taken away, kept and refused."""

from __future__ import annotations

from ...runs import records
from ...tables import table


def drawn(run="run"):
    return [record.get("dimensions", {}) for record in records(run)]


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
        assert "kind: " in works(f"trace {at} 0 --full").out
        assert {tuple(each) for each in drawn(str(at))} == {tuple(names.split())}
        if one:
            name, value = one.split()
            assert {each[name] for each in drawn(str(at))} == {value}
