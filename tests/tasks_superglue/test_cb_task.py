"""What CommitmentBank is: its rows, its samples, its variants and its counts."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from targen_tasks_superglue.cb.task import CB

LABELS = ("entailment", "contradiction", "neutral")


# --- several pairs a call, several samples a setting --------------------------


def test_a_setting_is_drawn_of_again_and_told_what_it_gave(plain):
    ran = plain("cb", 60, contexts_limit=1)
    assert len(ran.rows) == 60
    output: dict[str, list[str]] = {}
    for request in ran.requests:
        if request.origin.step == "generate":
            output.setdefault(request.origin.prompt, []).append(request.origin.values["have"])
    premises = {label: [r["premise"] for r in ran.rows if r["label"] == label] for label in LABELS}
    for label in LABELS:
        assert output[label][0] == "none"
        assert all(premise in output[label][1] for premise in premises[label][:5])
        assert len(output[label]) == len(set(output[label]))
        longest = max(map(len, output[label]))
        assert longest < 11 * max(len(premise) for premise in premises[label])


# --- variants ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "order"),
    [
        ((), ("entailment", "contradiction", "neutral")),
        (("instructions-2",), ("neutral", "contradiction", "entailment")),
        (("instructions-3",), ("contradiction", "entailment", "neutral")),
    ],
    ids=["1", "2", "3"],
)
def test_the_three_wordings_name_the_labels_in_the_paper_s_orders(variant, order, plain):
    ran = plain("cb", 15, variants=variant)
    task = CB.varied(variant)
    said = re.findall("entailment|contradiction|neutral", task.judging.instructions)
    assert tuple(said) == order
    judged = [r.messages[0].content for r in ran.requests if r.origin.prompt == "meta"]
    assert judged
    assert all(task.judging.instructions in text for text in judged)


def test_a_wording_changes_step_4_alone(plain):
    one, two = (plain("cb", 15, variants=variants).rows for variants in ((), ("instructions-2",)))
    for name in ("premise", "hypothesis"):
        assert [row[name] for row in one] == [row[name] for row in two]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_wording_of_step_3_makes_other_rows(number, plain):
    ran = plain("cb", 15, variants=(f"wording-{number}",))
    assert Counter(row["label"] for row in ran.rows) == dict.fromkeys(LABELS, 5)
    instructions = CB if number == 1 else CB.varied([f"instructions-{number}"])
    for request in ran.requests:
        assert request.origin.prompt in ("settings", "worded", "meta")
        text = request.messages[0].content
        if request.origin.prompt == "worded":
            assert text.startswith(instructions.judging.instructions)
            assert f"Output: {request.origin.label}" in request.messages[-1].content
        elif request.origin.prompt == "meta":
            assert CB.judging.instructions in text


# --- how many pairs ---------------------------------------------------------


SIXTH = {"premise": "A sixth pair came along.", "hypothesis": "A sixth pair came."}
PAIRS = {  # what becomes of a call's five pairs: the rows that come of 18, and the reasons
    "none": (lambda pairs: [], 0, {"missing"}),
    "one": (lambda pairs: pairs[:1], 18, {"missing"}),
    "four": (lambda pairs: pairs[:4], 18, {"missing"}),
    "no premise": (lambda pairs: [{**pairs[0], "premise": ""}, *pairs[1:]], 18, {"missing"}),
    "no hypothesis": (
        lambda pairs: [{**pairs[0], "hypothesis": " \n "}, *pairs[1:]],
        18,
        {"missing"},
    ),
    "six": (lambda pairs: [*pairs, SIXTH], 18, set()),
    "one, five times": (lambda pairs: [pairs[0]] * 5, 18, {"duplicate"}),
}


@pytest.mark.parametrize("how", PAIRS)
def test_pairs_that_a_reply_lacks_are_missing_and_others_are_not_used(how, run, at):
    change, count, reasons = PAIRS[how]
    bend = at("generate", lambda good: {"pairs": change(good["pairs"])}, always=True)
    ran = run(bend, task="cb", rows=18, give_up_after=40)
    assert len(ran.rows) == count
    assert {record["reason"] or record["verdict"] for record in ran.rejects} == reasons
    assert len({(row["premise"], row["hypothesis"]) for row in ran.rows}) == count
    assert all(row["premise"] and row["hypothesis"] for row in ran.rows)
    assert SIXTH["premise"] not in {row["premise"] for row in ran.rows}
