"""CommitmentBank on replies as models write them, each with what must come of it."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.cb import CbRow
from targen_tasks_superglue.cb.checks import check_pair_paper

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


@pytest.mark.parametrize("blank", ["", "   ", "\n"])
@pytest.mark.parametrize("half", ["premise", "hypothesis"])
def test_a_pair_with_a_blank_half_is_missing_and_the_others_are_kept(blank, half, run, at):
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


@pytest.mark.parametrize(
    ("premise", "hypothesis"),
    [
        (PREMISE, "The boy was asleep when the inspector came."),
        (
            "\u201cNobody told me,\u201d said Zo\u00eb \u2014 and the caf\u00e9 fell silent.",
            "Zo\u00eb\u2019s words silenced the caf\u00e9.",
        ),
        ("A: Where is the boy? B: He slept through our stop.", "The boy missed the stop."),
        ('"Wake up!" The inspector shook the boy.', "The boy was shaken by somebody."),
        # Another form of the word that the two share: pupil and pupils, Ayumi and Ayumi's.
        (
            "The referee, who teaches maths to half of the away team, sent off his best pupil.",
            "One of the referee's pupils had to leave the pitch.",
        ),
        (
            "When the power failed, Ayumi lit the old wood oven and baked on.",
            "Ayumi\u2019s bread tasted better than usual.",
        ),
    ],
)
def test_good_pairs_pass_and_keep_their_signs(premise, hypothesis, run, at):
    def change(good):
        return {"pairs": [{"premise": premise, "hypothesis": hypothesis}]}

    ran = run(at("generate", change, always=True), task="cb", rows=3, near_duplicates=0.0)
    assert {(row["premise"], row["hypothesis"]) for row in ran.rows} == {(premise, hypothesis)}


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
