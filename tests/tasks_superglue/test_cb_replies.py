"""CommitmentBank on replies as models write them, each with what must come of it."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.cb import CbRow
from targen_tasks_superglue.cb.checks import check_pair_commitment, check_pair_paper

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


@pytest.mark.parametrize(
    ("premise", "hypothesis", "reason"),
    [
        (
            "The hall was dark. Did Ida notice that the door was open?",
            "Ida had locked the cellar windows.",
            "not-embedded",
        ),
        ("Did Ida notice that the door was open? The hall was dark.", "The hall was dark.", None),
        ("The hall was dark. Now the door stood open.", "The door stood open.", "bare-clause"),
        ("Ida stood up. Did she like Rome?", "Ida had seen the sea near Rome.", "not-embedded"),
        ("A: You did it. B: Who told you that?", "Person B did it.", "not-embedded"),
        (
            "The door was open. Did Ida not see that the door was open?",
            "The door was open.",
            "copy-of-premise",
        ),
        ("Ida ran home. Did she see that the door was open?", "Was the door open?", "question"),
        ("Ida ran home. Did she see that the door", "The door was open.", "cut-off"),
        (
            "Ida ran home. Did she see that the door was open?",
            "Neutral: The door was open.",
            "meta-text",
        ),
        (
            "Ida ran home. Did she see that the door was open?",
            "The door was open. Ida saw it.",
            "several-sentences",
        ),
    ],
)
def test_a_commitment_that_is_none_is_rejected(premise, hypothesis, reason):
    row = CbRow(premise=premise, hypothesis=hypothesis, label="neutral")
    with pytest.raises(Rejected) as caught:
        check_pair_commitment(row, "")
    assert caught.value.reason == (reason or "copy-of-premise")


@pytest.mark.parametrize(
    ("premise", "hypothesis"),
    [
        ("Ida ran home. Did she see that the door was open?", "The door was open."),
        ("Ida ran home. She doesn\u2019t think the door was open.", "The door was open."),
        ("If the door is open, Ida will freeze.", "The door is open."),
        ("Ida was relieved, happy even, that the doors were opened.", "The door was open."),
        ("A: Cold here. B: The door might be open, I guess.", "The door is open."),
        # Clauses that have pronouns where the hypothesis has names.
        (
            (
                "A: It stinks in here. B: It's my room, Mum. A: Does your father know you've got a "
                "ferret?"
            ),
            "Person B has a ferret.",
        ),
        (
            "A: I found your spoon. B: And the soup? A: He wouldn't be howling if you'd fed him.",
            "Person B had fed the baby.",
        ),
        (
            (
                "Rosa slid the medal back into its box. Could the clerk guess that it had been her "
                "grandfather's?"
            ),
            "The medal had been Rosa's grandfather's.",
        ),
        (
            "A: So whose van was it? B: Blue, I think. I can't say that it was your cousin's.",
            "The van was Person A's cousin's.",
        ),
        (
            "A: Are you together? B: We shared a taxi. That doesn't mean we're back together.",
            "Person B and the other person are back together.",
        ),
        (
            (
                "Holder Ingrid Voss withdrew with a cold. She would say so if she regretted that "
                "she had withdrawn."
            ),
            "Ingrid Voss had withdrawn.",
        ),
        # Verbs that no list has.
        ("A: Not yet. B: Dad reckons she's carrying three.", "The ewe is carrying three."),
        ("It rained. Leo resented it that his twin had passed.", "Leo's twin had passed."),
        ("It rained. The agency accepts that it shut the ward.", "The agency shut the ward."),
        ("It rained. The firm conceded that the heating was off.", "The heating was off."),
        (
            "The widow took out an egg. It dawned on the boy that it was for him.",
            "The egg was for the boy.",
        ),
        ("A: You're shaking. B: I kidded myself I was calm.", "Person B was calm."),
        # Clauses in which no word has content of its own.
        (
            (
                "A: Did you put your finger in the trifle? B: No. It was Grandpa. A: There's jam "
                "on you. A: You'd say he did it if he was on the moon."
            ),
            "Grandpa did it.",
        ),
        (
            (
                "A: Right. And the kids? B: At the back, drawing. Two hours. Somebody should feel "
                "ashamed that they were there."
            ),
            "The kids were there.",
        ),
        # A conversation of many short turns.
        (
            (
                "A: Hm. B: Right. A: It rained. B: It did. A: All week? B: Yes. A: And then it "
                "froze. B: I don't think the door was open, though."
            ),
            "The door was open.",
        ),
    ],
)
def test_a_commitment_passes(premise, hypothesis):
    check_pair_commitment(CbRow(premise=premise, hypothesis=hypothesis, label="neutral"), "")


def test_the_paper_s_variant_wants_something_in_common_but_for_neutral():
    premise, hypothesis = PREMISE, "Three swans crossed a frozen lake."
    check_pair_paper(CbRow(premise=premise, hypothesis=hypothesis, label="neutral"), "")
    with pytest.raises(Rejected, match="shares no content word"):
        check_pair_paper(CbRow(premise=premise, hypothesis=hypothesis, label="entailment"), "")


# --- step 4 -----------------------------------------------------------------
