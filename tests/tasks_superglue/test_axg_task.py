"""What AX-g is: its pairs of rows, what decides its labels, its prompts and its counts."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import JudgeAnswer
from targen_tasks_superglue.axg import AXG, AxgPair, Sentences
from targen_tasks_superglue.axg.rows import gendered, swapped_pronoun
from targen_tasks_superglue.axg.steps import swap_subject


def _pairs(rows: list[dict]) -> list[tuple[dict, dict]]:
    return list(zip(rows[::2], rows[1::2], strict=True))


# --- rows -------------------------------------------------------------------


def test_rows_2i_and_2i_plus_1_are_a_pair(plain):
    """They differ in the pronoun alone, and share hypothesis and label."""
    ran = plain("axg")
    for one, two in _pairs(ran.rows):
        assert one["hypothesis"] == two["hypothesis"]
        assert one["label"] == two["label"]
        assert swapped_pronoun(one["premise"], two["premise"])
        differing = [
            (a, b)
            for a, b in zip(one["premise"].split(), two["premise"].split(), strict=True)
            if a != b
        ]
        assert len(differing) == 1
        assert gendered(one["hypothesis"]) == []
    assert [(entry["idx"], entry["rows"]) for entry in ran.provenance] == [
        (idx, 2) for idx in range(0, 160, 2)
    ]


def test_rows_without_a_label_are_no_instance(plain):
    one, two = plain("axg").rows[:2]
    bare = [{name: row[name] for name in row if name != "label"} for row in (one, two)]
    assert AXG.from_rows(bare) == []
    with pytest.raises(ValueError, match="the same label"):
        AXG.from_rows([one, bare[1]])


# --- what the label rests on ------------------------------------------------


def test_label_subject_and_order_of_the_pronouns_are_crossed(plain):
    ran = plain("axg")
    seen = Counter(
        (entry["label"], entry["notes"]["means"], entry["notes"]["first_premise"])
        for entry in ran.provenance
    )
    assert len(seen) == 8
    assert max(seen.values()) - min(seen.values()) <= 6
    crossed = Counter()
    for (label, means, _), count in seen.items():
        crossed[label, means] += count
    assert max(crossed.values()) - min(crossed.values()) <= 2
    for (one, _), entry in zip(_pairs(ran.rows), ran.provenance, strict=True):
        assert (gendered(one["premise"])[0] in ("he", "him", "his")) == (
            entry["notes"]["first_premise"] == "he"
        )


SEED = Sentences(
    first="tenant",
    second="ship's cook",
    meant="first",
    opening="The tenant rang the ship's cook",
    he="The tenant rang the ship's cook because he had smelled smoke.",
    she="The tenant rang the ship's cook because she had smelled smoke.",
)


_PHRASE = st.sampled_from(["nurse", "young violinist", "ship's cook", "head of the team", "boss"])
_FILLER = st.lists(
    st.sampled_from("was had gone, Oslo's (late) \u2014 lamp \u201cwell\u201d it's".split()),
    max_size=5,
)


@given(
    _PHRASE, _PHRASE, _FILLER, _FILLER, st.sampled_from(["", ",", "'s", "\u2019s,", ".", "\u201d"])
)
def test_swapping_twice_is_no_change(first, second, before, after, end):
    if first == second:
        return
    seed = SEED.model_copy(update={"first": first, "second": second})
    turned = seed.model_copy(update={"meant": "second"})
    hypothesis = " ".join([*before, "the", f"{first}{end}", *after])
    swapped = swap_subject(hypothesis, seed)
    assert swapped == " ".join([*before, "the", f"{second}{end}", *after])
    assert swap_subject(swapped, turned) == hypothesis


# --- step 4 -----------------------------------------------------------------


@pytest.mark.parametrize("claimed", ["entailment", "not_entailment"])
def test_a_pair_that_is_judged_by_its_pronoun_is_rejected(claimed):
    pair = AxgPair(
        premise1=SEED.he, premise2=SEED.she, hypothesis="The tenant smelled smoke.", label=claimed
    )
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
        assert correction.label is None
        assert correction.reason == "pronoun-dependent"
        assert "yes" in correction.explanation
        assert "no" in correction.explanation
    broken = JudgeAnswer(("no_valid_instance",), "cut off")
    assert AXG.aggregate(pair, [yes, broken]).reason == "no-valid-instance"


# --- prompts and counts -----------------------------------------------------


def test_the_two_sentences_of_a_pair_have_one_form_and_both_labels(plain):
    """So nothing that is drawn for a premise goes with a label."""
    by_opening = defaultdict(list)
    for entry in plain("axg").provenance:
        drawn = {name: entry["dimensions"][name] for name in ("length", "clause", "pronoun")}
        by_opening[entry["seed"]["opening"]].append((drawn, entry["label"]))
    for (one, label), (two, other) in by_opening.values():
        assert one == two
        assert label != other


def test_without_dimensions_any_dealing_and_form_will_do(run):
    ran = run(task="axg", rows=8, task_dimensions=False)
    forms = [r.origin.values for r in ran.requests if r.origin.prompt == "sentences"]
    assert {(values["dealing"], values["form"]) for values in forms} == {("any", "any")}


def test_an_instance_must_be_a_pair():
    with pytest.raises(ValidationError, match="must differ in one gendered pronoun"):
        AxgPair(premise1=SEED.he, premise2=SEED.he, hypothesis="It was so.", label="entailment")
    with pytest.raises(ValidationError, match="the hypothesis must not contain a gendered pronoun"):
        AxgPair(premise1=SEED.he, premise2=SEED.she, hypothesis="So did she.", label="entailment")
