"""Tasks whose branches are not their labels, from the command's first word to its last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...tables import table

ROWS = ("--label", "good=7", "--label", "bad=11")


@pytest.fixture(autouse=True)
def _tasks(own_task):
    own_task("claims")


@pytest.mark.parametrize("task", ["ONE", "FINER"])
def test_all_commands_that_tell_of_it_know_its_branches(task, targen, works):
    name = f"claims.py:{task}"
    works("generate", name, *ROWS, "-b", "scripted", "-q", "--out", "a")
    described = targen("describe", name).out
    flow = targen("report", "a").out.partition("Label flow")[2]
    if task == "ONE":
        assert "claim   determined by step 4" in described
        assert "claim (any label)" in flow
        assert "label before step 4" in targen("show", "a", "0").out
        assert "none" in targen("show", "a", "0").out
    else:
        assert "doubted" in described
        assert "doubted (bad)" in flow
    works("estimate", name, *ROWS, "-b", "scripted", "--yield", "0.5")
    works("preview", name, "-b", "scripted", "-n", "2")
    works("validate", "a")
    works("correct", "a", "-b", "scripted", "--corrector", "blind", "--out", "d")
    works("analyze", "a", "--metric", "labels", "--out", "e", "-q")
    measured = Path("e/analysis.json").read_text()
    output = "of the candidates of a that got a label"
    assert (output in measured) == (task == "FINER")
    assert "Row: the task's branch" in measured


def test_a_label_that_came_with_the_text_is_a_claim_like_any_other(
    targen, rows, own_task, works, refuses
):
    """Half of them are wrong: step 4 is asked of them, and has the last word."""
    given = "Claim(text=made, label=label or ('good' if len(topic) % 2 else 'bad'))"
    own_task("claims", ("Claim(text=made, label=label)", given))
    works("generate", "claims.py:ONE", *ROWS, "-b", "scripted", "-q", "--out", "a")
    records = [json.loads(line) for line in Path("a/provenance.jsonl").read_text().splitlines()]
    assert {record["claimed"] for record in records} == {"good", "bad"}
    assert [row["label"] for row in rows("a")] == [record["label"] for record in records]
    prompts = {call["prompt"] for call in targen("show", "a", "0", "--json").json["calls"]}
    assert prompts >= {"inline", "meta"}, "a claim is checked, and not solved anew"
    own_task("claims", ("Literal[", "str | Literal["), ("label=label", "label='martian'"))
    refuses(
        ("generate", "claims.py:ONE", *ROWS, "-b", "scripted", "-q", "--out", "b"),
        "most common cause: illegal-label, 50 times",
        code=1,
        keeps=False,
    )


LABELS = """
description: Claims about short passages, with what the passage makes of them.
labels:
  yes: the passage supports the claim
  no: the passage does not support it
fields: {claim: the claim}
"""


WRONG = r"""
    branches: {yes: a, maybe: b} | it does not state which label it is for
    branches: {yes: a, b: {definition: b, label: martian}} | 'martian' is not a label
    branches: {yes: a} | there is no branch for the label no
    branches: {b: {definition: b, judged: true, label: yes}} | it cannot be combined with judged
    corrector: none\nbranches: {b: {definition: b, judged: true}} | no step 4 to determine the label
    branches: {yes: a, no: {definition: b, prompt: write}} | $seed
"""


@pytest.mark.parametrize(("branches", "words"), table(WRONG, 2))
def test_a_wrong_table_is_a_clear_error(branches, words, refuses):
    Path("claims.yaml").write_text(LABELS + branches + "\n")
    refuses("generate claims.yaml -n 2 -b scripted", words)
