"""AX-g: pairs of rows that differ in a pronoun, what decides their labels, and their seeds."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.axg.rows import AxgPair, gendered, swapped_pronoun
from targen_tasks_superglue.axg.task import AXG

from .seeds import HIVE as SEED
from .verdicts import of

GOOD = "The teacher had never been close to a hive."
SWAPPED = "The beekeeper had never been close to a hive."
FALSE = "The teacher had stood near a hive every day."


# --- rows ---------------------------------------------------------------------


def test_rows_2i_and_2i_plus_1_are_a_pair(plain):
    """They differ in the pronoun alone, and share hypothesis and label."""
    ran = plain("axg")
    for one, two, entry in zip(ran.rows[::2], ran.rows[1::2], ran.provenance, strict=True):
        assert (one["hypothesis"], one["label"]) == (two["hypothesis"], two["label"])
        assert swapped_pronoun(one["premise"], two["premise"])
        assert (entry["idx"], entry["rows"]) == (one["idx"], 2)
        assert gendered(one["hypothesis"]) == []
        is_male = gendered(one["premise"])[0] in ("he", "him", "his")
        assert is_male == (entry["notes"]["first_premise"] == "he")


@pytest.mark.parametrize(
    ("label", "variants", "reply", "hypothesis"),
    [
        ("entailment", (), GOOD, GOOD),
        ("not_entailment", (), GOOD, SWAPPED),  # the other subject is named
        ("not_entailment", ("paper",), FALSE, FALSE),
    ],
)
def test_the_rows_that_must_come(label, variants, reply, hypothesis, given):
    quotas = {"entailment": 0, "not_entailment": 0, label: 2}
    ran = given("axg", SEED, {"hypothesis": reply}, quotas=quotas, variants=variants)
    rest = {"hypothesis": hypothesis, "label": label}
    assert ran.rows == [
        {"premise": SEED.he, **rest, "idx": 0, "pair_id": 0},
        {"premise": SEED.she, **rest, "idx": 1, "pair_id": 1},
    ]
    if hypothesis == SWAPPED:
        notes = {"names": "beekeeper", "means": "second", "first_premise": "he"}
        assert ran.provenance[0]["notes"] == notes


# --- what the label rests on --------------------------------------------------


def test_label_subject_and_order_of_the_pronouns_are_crossed(plain):
    seen = Counter(
        (entry["label"], entry["notes"]["means"], entry["notes"]["first_premise"])
        for entry in plain("axg").provenance
    )
    assert len(seen) == 8
    assert max(seen.values()) - min(seen.values()) <= 6
    crossed = Counter()
    for (label, means, _), count in seen.items():
        crossed[label, means] += count
    assert max(crossed.values()) - min(crossed.values()) <= 2


def test_the_two_sentences_of_a_pair_have_one_form_and_both_labels(plain):
    """So nothing that is drawn for a premise goes with a label."""
    by_opening = defaultdict(list)
    for entry in plain("axg").provenance:
        drawn = {name: entry["dimensions"][name] for name in ("length", "clause", "pronoun")}
        by_opening[entry["seed"]["opening"]].append((drawn, entry["label"]))
    for (one, label), (two, other) in by_opening.values():
        assert one == two
        assert label != other


@pytest.mark.parametrize("claimed", ["entailment", "not_entailment"])
def test_a_pair_that_is_judged_by_its_pronoun_is_rejected(claimed):
    pair = AxgPair(premise1=SEED.he, premise2=SEED.she, hypothesis=GOOD, label=claimed)
    questions = AXG.questions(pair)
    assert [question.output for question in questions] == [(claimed,), (claimed,)]
    assert [question.options for question in questions] == [("entailment", "not_entailment")] * 2
    yes, no = JudgeAnswer(("entailment",), "yes"), JudgeAnswer(("not_entailment",), "no")
    assert AXG.aggregate(pair, [yes, yes]).label == "entailment"
    # What was to follow and does not is in doubt; it is no row of the other label.
    doubted = AXG.aggregate(pair, [no, no])
    expected = (None, "ambiguous") if claimed == "entailment" else ("not_entailment", "")
    assert (doubted.label, doubted.reason or "") == expected
    assert AXG.varied(["paper"]).aggregate(pair, [no, no]).label == "not_entailment"
    for answers in ([yes, no], [no, yes]):
        correction = AXG.aggregate(pair, answers)
        assert (correction.label, correction.reason) == (None, "pronoun-dependent")
        assert "yes" in correction.explanation
        assert "no" in correction.explanation
    broken = JudgeAnswer(("no_valid_instance",), "cut off")
    assert AXG.aggregate(pair, [yes, broken]).reason == "no-valid-instance"


# --- seeds --------------------------------------------------------------------

OPENING = "The diver asked the captain for a rope"
FOUR = {
    "opening": OPENING,
    "subject1_he": f"{OPENING} because he wanted to tie the box to the deck.",
    "subject1_she": f"{OPENING} because she wanted to tie the box to the deck.",
    "subject2_he": f"{OPENING}, but he had lent the last one to the cook.",
    "subject2_she": f"{OPENING}, but she had lent the last one to the cook.",
}


@pytest.fixture
def on_pair(run):
    """Run AX-g on a single pair of subjects, with these sentences about it."""

    def go(**sentences):
        def bend(step, good, repair):
            if step != "seeds":
                return good
            pairs = {"pairs": [{"first": "diver", "second": "captain"}]}
            return pairs if "pairs" in good else FOUR | sentences

        return run(bend, task="axg", rows=8, contexts_limit=1)

    return go


def meant(ran):
    return {entry["seed"]["meant"] for entry in ran.provenance}


@of("axg sentences")
def test_sentences_that_are_no_pair_are_left_out(what, verdict, texts, on_pair):
    said = dict(zip(("subject1_he", "subject1_she"), texts, strict=False))
    ran = on_pair(**{key: text.replace("~", OPENING) for key, text in said.items()})
    dropped = [record for record in ran.rejects if record["verdict"] == "dropped"]
    assert {each["item"]["meant"] for each in dropped if each["reason"] == verdict} == {"first"}
    assert meant(ran) == {"second"}, "the other half of the reply is used"
