"""Tasks whose branches are not their labels, from the command's first word to its last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...tables import table

ROWS = ("--label", "good=7", "--label", "bad=11")


@pytest.fixture(autouse=True)
def _tasks(own_task) -> None:
    own_task("claims")


@pytest.mark.parametrize("task", ["ONE", "FINER"])
def test_all_commands_that_tell_of_it_know_its_branches(task, targen):
    name = f"claims.py:{task}"
    made = targen("generate", name, *ROWS, "-b", "scripted", "-q", "--out", "a")
    assert made.code == 0, made.err
    described = targen("describe", name).out
    flow = targen("report", "a").out.partition("Label flow")[2]
    if task == "ONE":
        assert "claim   step 4 finds it" in described
        assert "claim (any label)" in flow
        assert "label before step 4" in targen("show", "a", "0").out
        assert "none" in targen("show", "a", "0").out
    else:
        assert "doubted" in described
        assert "doubted (bad)" in flow
    estimated = targen("estimate", name, *ROWS, "-b", "scripted", "--yield", "0.5")
    assert estimated.code == 0, estimated.err
    assert targen("preview", name, "-b", "scripted", "-n", "2").code == 0
    assert targen("validate", "a").code == 0
    corrected = targen("correct", "a", "-b", "scripted", "--corrector", "blind", "--out", "d")
    assert corrected.code == 0, corrected.err
    analyzed = targen("analyze", "a", "--metric", "labels", "--out", "e", "-q")
    assert analyzed.code == 0, analyzed.err
    measured = Path("e/analysis.json").read_text()
    output = "of the candidates of a that got a label"
    assert (output in measured) == (task == "FINER")
    assert "Row: the task's branch" in measured


def test_a_label_that_came_with_the_text_is_a_claim_like_any_other(targen, rows, own_task):
    """Half of them are wrong: step 4 is asked of them, and has the last word."""
    given = "Claim(text=made, label=label or ('good' if len(topic) % 2 else 'bad'))"
    own_task("claims", ("Claim(text=made, label=label)", given))
    made = targen("generate", "claims.py:ONE", *ROWS, "-b", "scripted", "-q", "--out", "a")
    assert made.code == 0, made.err
    records = [json.loads(line) for line in Path("a/provenance.jsonl").read_text().splitlines()]
    assert {record["claimed"] for record in records} == {"good", "bad"}
    assert [row["label"] for row in rows("a")] == [record["label"] for record in records]
    prompts = {call["prompt"] for call in targen("show", "a", "0", "--json").json["calls"]}
    assert prompts >= {"inline", "meta"}, "a claim is checked, and not solved anew"
    own_task("claims", ("Literal[", "str | Literal["), ("label=label", "label='martian'"))
    made = targen("generate", "claims.py:ONE", *ROWS, "-b", "scripted", "-q", "--out", "b")
    assert made.code == 1
    assert "most often: illegal-label, 50 times" in made.err


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("--no-correct", "branch claim of task one gets its labels from step 4, which is off"),
        ("--balance intended", "branch claim of task one aims at no label"),
    ],
)
def test_a_branch_without_a_label_needs_step_4(options, error, refuses):
    refuses(f"generate claims.py:ONE -n 4 -b scripted {options}", error)


def test_a_table_with_an_unknown_label_is_a_clear_error(refuses, own_task):
    own_task("claims", ('"open": "bad"', '"open": "martian"'))
    said = "branch open aims at 'martian'; labels are good, bad"
    refuses("generate claims.py:FINER -n 4 -b scripted", said)


LABELS = """
description: Claims about short passages, with what the passage makes of them.
labels:
  yes: the passage supports the claim
  no: the passage does not support it
fields: {claim: the claim}
"""
JUDGED = "branches: {claim: {judged: true, definition: a claim about the passage}}\n"
FINE = """
branches:
  yes: the passage says it in other words
  contradicted: {label: no, definition: the passage says the contrary, guidance: Be brief.}
  open: {label: "no", definition: the passage is silent on it}
"""


class TestDeclared:
    @pytest.mark.parametrize(
        ("branches", "aims"),
        [(JUDGED, {"claim": None}), (FINE, {"yes": "yes", "contradicted": "no", "open": "no"})],
    )
    def test_quotas_of_labels_are_exact_however_they_are_reached(self, branches, aims, targen):
        Path("claims.yaml").write_text(LABELS + branches)
        rows = ("--label", "yes=5", "--label", "no=8", "--corrector", "blind")
        made = targen("generate", "claims.yaml", *rows, "-b", "scripted", "-q", "--out", "a")
        assert made.code == 0, made.err
        few = ("-n", "2", "--corrector", "blind", "-b", "scripted", "-q", "--out", "b")
        assert targen("generate", "claims.yaml", *few).code == 0
        assert targen("resume", "b", *rows[:4], "-q").code == 0
        for run in ("a", "b"):
            report = targen("report", run, "--json").json
            assert report["rows"] == {"yes": 5, "no": 8}
            assert report["branches"] == aims
        assert targen("resume", "a", "--verify", "-q").code == 0
        assert targen("describe", "claims.yaml", "--prompts").code == 0

    def test_a_prompt_says_what_is_asked_for(self, targen):
        Path("claims.yaml").write_text(LABELS + FINE)
        shown = targen("describe", "claims.yaml", "--prompts").out
        assert "no: the passage says the contrary\nBe brief." in shown
        Path("claims.yaml").write_text(LABELS + JUDGED)
        shown = targen("describe", "claims.yaml", "--prompts").out
        assert "not settled beforehand:\na claim about the passage" in shown
        assert "- no: the passage does not support it" in shown


WRONG = r"""
    branches: {yes: a, maybe: b} | it does not say which label it is for
    branches: {yes: a, b: {definition: b, label: martian}} | 'martian' is not a label
    branches: {yes: a} | no branch is for the label no
    branches: {b: {definition: b, judged: true, label: yes}} | step 4 finds the label of this branch
    corrector: none\nbranches: {b: {definition: b, judged: true}} | no step 4 to find a label
    branches: {yes: a, no: {definition: b, prompt: write}} | $seed
"""


@pytest.mark.parametrize(("branches", "words"), table(WRONG, 2))
def test_a_wrong_table_is_a_clear_error(branches, words, targen):
    Path("claims.yaml").write_text(LABELS + branches + "\n")
    result = targen("generate", "claims.yaml", "-n", "2", "-b", "scripted")
    assert result.code == 2
    assert words in result.err
