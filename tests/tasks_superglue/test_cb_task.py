"""What CommitmentBank is: its rows, its samples, its variants and its counts."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from targen_core import Rejected
from targen_tasks_superglue.cb import CB, CbRow
from targen_tasks_superglue.cb.checks import check_pair_commitment, check_pair_paper

from .originals import needs_original, original

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


# --- counts, samples, tuning ------------------------------------------------


@needs_original
def test_most_original_premises_hold_their_hypothesis_in_their_last_sentence():
    """The variant's idea is right: on the original it holds of more than nine in ten."""
    kept = 0
    rows = original("cb", "train") + original("cb", "val")
    for row in rows:
        hypothesis = row["hypothesis"].rstrip(".") + "."
        premise = row["premise"].replace("`", '"').rstrip()
        premise += "" if premise.endswith((".", "?", "!", '"', "'")) else "."
        try:
            check_pair_commitment(
                CbRow(premise=premise, hypothesis=hypothesis, label=row["label"]), ""
            )
        except Rejected as error:
            kept += error.reason not in ("not-embedded", "bare-clause", "too-long", "repetitive")
        else:
            kept += 1
    assert kept > 0.97 * len(rows)


# --- how many pairs ---------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_missing_pairs_are_counted_as_missing(count, run, at):
    ran = run(
        at("generate", lambda good: {"pairs": good["pairs"][:count]}, always=True),
        task="cb",
        rows=18,
        give_up_after=40,
    )
    if count == 0:
        assert ran.rows == []
    else:
        assert len(ran.rows) == 18
    missing = [record for record in ran.rejects if record["reason"] == "missing"]
    assert bool(missing) == (count < 5)
    assert ran.reasons <= {"missing"}


def test_more_pairs_than_asked_for_are_not_used(run):
    expected = set()

    def bend(step, good, repair):
        if step != "generate":
            return good
        expected.update(pair["premise"] for pair in good["pairs"])
        more = {"premise": "A sixth pair came along.", "hypothesis": "A sixth pair came."}
        return {"pairs": [*good["pairs"], more]}

    ran = run(bend, task="cb", rows=30)
    assert {row["premise"] for row in ran.rows} <= expected


@pytest.mark.parametrize(("half", "blank"), [("premise", ""), ("hypothesis", " \n ")])
def test_a_pair_with_a_blank_half_is_missing_and_the_others_are_kept(half, blank, run, at):
    def change(good):
        first, *others = good["pairs"]
        return {"pairs": [{**first, half: blank}, *others]}

    ran = run(at("generate", change, always=True), task="cb", rows=12)
    assert len(ran.rows) == 12
    assert all(row["premise"] and row["hypothesis"] for row in ran.rows)


def test_pairs_that_repeat_each_other_are_one_row(run, at):
    def change(good):
        return {"pairs": [good["pairs"][0]] * 5}

    ran = run(at("generate", change, always=True), task="cb", rows=9)
    assert len(ran.rows) == 9
    assert {record["verdict"] for record in ran.rejects} == {"duplicate"}
    assert len({(row["premise"], row["hypothesis"]) for row in ran.rows}) == 9


# --- what a premise and a hypothesis must be --------------------------------

PREMISE = "The ticket inspector woke the sleeping boy and asked him twice for his name."


def test_turns_on_lines_of_their_own_become_one_line(run, at):
    def change(good):
        premise = "A: Where is the boy?\nB: He slept through our stop."
        return {"pairs": [{"premise": premise, "hypothesis": "The boy missed the stop."}]}

    ran = run(at("generate", change, always=True), task="cb", rows=3, near_duplicates=0.0)
    assert ran.rows[0]["premise"] == "A: Where is the boy? B: He slept through our stop."


# --- commitments ------------------------------------------------------------


def test_the_paper_s_variant_wants_something_in_common_but_for_neutral():
    premise, hypothesis = PREMISE, "Three swans crossed a frozen lake."
    check_pair_paper(CbRow(premise=premise, hypothesis=hypothesis, label="neutral"), "")
    with pytest.raises(Rejected, match="shares no content word"):
        check_pair_paper(CbRow(premise=premise, hypothesis=hypothesis, label="entailment"), "")
