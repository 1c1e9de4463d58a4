"""AX-g on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from targen_core import Rejected
from targen_tasks_superglue.axg import Sentences
from targen_tasks_superglue.axg.checks import check_hypothesis, check_sentences
from tests.bent import Ran

from .verdicts import of

SEED = Sentences(
    first="beekeeper",
    second="teacher",
    meant="second",
    opening="The beekeeper lent the teacher a veil",
    he="The beekeeper lent the teacher a veil because he had never stood near a hive.",
    she="The beekeeper lent the teacher a veil because she had never stood near a hive.",
)
GOOD = "The teacher had never been close to a hive."
SWAPPED = "The beekeeper had never been close to a hive."


@pytest.fixture
def output(given) -> Callable[..., Ran]:
    """Run AX-g on one pair of sentences with the same reply to every hypothesis prompt."""

    def go(hypothesis, *, seed=SEED, entailed=0, not_entailed=0, **spec):
        quotas = {"entailment": entailed, "not_entailment": not_entailed}
        return given("axg", seed, {"hypothesis": hypothesis}, quotas=quotas, **spec)

    return go


# --- rows that must come ----------------------------------------------------


def test_the_rows_that_must_come(output):
    pair = {"hypothesis": GOOD, "label": "entailment"}
    assert output(GOOD, entailed=2).rows == [
        {"premise": SEED.he, **pair, "idx": 0, "pair_id": 0},
        {"premise": SEED.she, **pair, "idx": 1, "pair_id": 1},
    ]


def test_for_the_other_label_the_other_subject_is_named(output):
    ran = output(GOOD, not_entailed=2)
    assert [row["hypothesis"] for row in ran.rows] == [SWAPPED, SWAPPED]
    assert {row["label"] for row in ran.rows} == {"not_entailment"}
    (entry,) = ran.provenance
    assert entry["notes"] == {"names": "beekeeper", "means": "second", "first_premise": "he"}


def test_in_the_variant_paper_the_hypothesis_stays_as_it_is_written(output):
    false = "The teacher had stood near a hive every day."
    ran = output(false, not_entailed=2, variants=["paper"])
    assert [row["hypothesis"] for row in ran.rows] == [false, false]


# --- hypotheses that are rejected, with the reason that is counted ------------


def test_a_piece_of_the_premise_is_a_copy():
    opening = "The beekeeper called, and the teacher opened the gate"
    texts = {"he": f"{opening} with his key.", "she": f"{opening} with her key."}
    seed = SEED.model_copy(update={"opening": opening, **texts})
    check_sentences(seed)
    with pytest.raises(Rejected) as caught:
        check_hypothesis("The teacher opened the gate.", seed)
    assert caught.value.reason == "copy-of-premise"
    check_hypothesis("The teacher's key opened the gate.", seed)


def test_the_two_labels_of_a_seed_are_no_duplicates(output):
    """Their hypotheses differ in the subject alone, by design."""
    texts = {
        name: getattr(SEED, name).replace("teacher", "bookkeeper")
        for name in ("second", "opening", "he", "she")
    }
    said = "The bookkeeper had never been anywhere close to a hive before then."
    ran = output(said, seed=SEED.model_copy(update=texts), entailed=2, not_entailed=2)
    assert len(ran.rows) == 4
    assert len({row["hypothesis"] for row in ran.rows}) == 2


def test_the_same_hypothesis_for_both_labels_is_a_duplicate(output):
    ran = output(GOOD, entailed=2, not_entailed=2, variants=["paper"])
    assert len(ran.rows) == 2
    assert {record["verdict"] for record in ran.rejects} == {"duplicate"}


# --- seeds ------------------------------------------------------------------

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

    def go(sentences, rows, **spec):
        def bend(step, good, repair):
            if step != "seeds":
                return good
            pairs = {"pairs": [{"first": "diver", "second": "captain"}]}
            return pairs if "pairs" in good else sentences

        return run(bend, task="axg", rows=rows, contexts_limit=1, **spec)

    return go


@of("axg sentences")
def test_sentences_that_are_no_pair_are_left_out(what, verdict, texts, on_pair):
    said = dict(zip(("subject1_he", "subject1_she"), texts, strict=False))
    ran = on_pair({**FOUR, **{key: text.replace("~", OPENING) for key, text in said.items()}}, 8)
    dropped = [record for record in ran.rejects if record["verdict"] == "dropped"]
    meant = {record["item"]["meant"] for record in dropped if record["reason"] == verdict}
    assert meant == {"first"}
    # The other half of the reply is used.
    assert {entry["seed"]["meant"] for entry in ran.provenance} == {"second"}


def test_good_sentences_make_two_seeds(on_pair):
    ran = on_pair(FOUR, 8, labels_per_seed="all")
    assert len(ran.rows) == 8
    assert {entry["seed"]["meant"] for entry in ran.provenance} == {"first", "second"}


@pytest.mark.parametrize("end", [" ...", "\u2026", ",", " because"])
def test_an_opening_may_end_as_it_is_continued(end, on_pair):
    """All but a word: that is an opening which the other clause does not have."""
    ran = on_pair({**FOUR, "opening": f"{OPENING}{end}"}, 4)
    seen = {entry["seed"]["meant"] for entry in ran.provenance}
    assert seen <= ({"first"} if end == " because" else {"first", "second"})
    assert ran.rows


def test_the_same_clause_for_both_subjects_is_used_once(on_pair):
    four = {**FOUR, "subject2_he": FOUR["subject1_he"], "subject2_she": FOUR["subject1_she"]}
    ran = on_pair(four, 4)
    assert "repeated" in ran.reasons
    assert len({entry["seed"]["he"] for entry in ran.provenance}) == 1


# --- step 4 -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("pronouns", "reason"),
    [
        # The share of such pairs, which the report gives, is the judge's own bias.
        ({"she", "her"}, "pronoun-dependent"),
        # Said of the other subject it would follow no better: it is no row of either label.
        ({"he", "his", "she", "her"}, "ambiguous"),
    ],
)
def test_a_pair_that_a_judge_finds_entailed_for_some_pronouns_alone_is_rejected(
    pronouns, reason, run
):
    def judge(text, good):
        claimed = good["actual"]
        actual = "not_entailment" if pronouns & set(text.lower().split()) else claimed
        return {
            **good,
            "actual": actual,
            "verdict": "correct" if actual == claimed else "incorrect",
        }

    ran = run(task="axg", rows=16, judge=judge)
    assert ran.report["rows"] == {"entailment": 0, "not_entailment": 8}
    assert ran.report["flow"]["entailment"]["reasons"] == {reason: 12}
    assert ran.report["flow"]["not_entailment"]["reasons"] == {}
