"""Hypotheses of RTE, CommitmentBank and AX-g: statements about a matter, not about a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_core import Rejected
from targen_tasks_superglue.shared.nli import claim, related, stems

PREMISE = (
    "After the county cut its food budget in 2019, head cook Maja Lind began to buy carrots from "
    "a farm in Umeå."
)
ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason=f"the original data is not at {ORIGINAL}"
)


def refused(hypothesis: str, premise: str = PREMISE) -> str:
    """The reason for which a hypothesis is rejected, or nothing."""
    try:
        claim(hypothesis, premise, min_words=3, max_words=60)
    except Rejected as error:
        return error.reason
    return ""


@pytest.mark.parametrize(
    "hypothesis",
    [
        "The premise says that Maja Lind bought carrots.",
        "As the premise implies, Maja Lind bought carrots.",
        "The hypothesis is that Maja Lind bought carrots.",
        "The text states that Maja Lind bought carrots.",
        "The given passage is about Maja Lind and her carrots.",
        "According to the sentence, Maja Lind bought carrots.",
        "Nothing in the text speaks against the carrots of Maja Lind.",
        "This sentence clearly shows that Maja Lind bought carrots.",
        "True: Maja Lind bought carrots.",
        "False - Maja Lind bought carrots.",
        "Entailment: Maja Lind bought carrots.",
        "not_entailment: Maja Lind bought carrots.",
        "Not entailed: Maja Lind bought carrots.",
        "(neutral) Maja Lind bought carrots.",
        "Maja Lind bought carrots (entailment).",
        "Maja Lind bought carrots [label: false].",
        "Maja Lind bought carrots - contradiction.",
        "\u201cNeutral\u201d: Maja Lind bought carrots.",
    ],
)
def test_a_hypothesis_about_a_text_or_with_a_label_is_refused(hypothesis):
    assert refused(hypothesis) == "meta-text"


@pytest.mark.parametrize(
    "hypothesis",
    [
        "Maja Lind bought carrots. The farm was glad of it.",
        "Maja Lind bought carrots! She did so in 2019. The county paid less.",
    ],
)
def test_several_sentences_are_no_hypothesis(hypothesis):
    assert refused(hypothesis) == "several-sentences"


@pytest.mark.parametrize(
    "hypothesis",
    [
        "The farm in Umeå is carbon-neutral.",
        "True to her word, Maja Lind bought carrots.",
        "No fewer than two cooks bought carrots.",
        "The farm sold its carrots on the premises.",
        "Maja Lind wrote a long statement about the carrots of Prof. Berg.",
        "The plan of the county entails a smaller budget.",
        "A judge read out the sentence in Umeå.",
    ],
)
def test_ordinary_hypotheses_pass(hypothesis):
    assert refused(hypothesis) == ""


def test_a_premise_may_be_about_texts_and_hypotheses():
    premise = "The hypothesis of Dr Berg, put forward in a passage of her first book, was wrong."
    assert refused("The hypothesis of Dr Berg was put forward in a book.", premise) == ""
    assert refused("The passage says what Dr Berg believed.", premise) == ""


@pytest.mark.parametrize(
    ("hypothesis", "premise"),
    [
        ("One of the pupils left.", "She sent off her best pupil."),
        ("Ayumi\u2019s bread rose.", "Ayumi lit the stove."),
        ("The nurses' ward was shut.", "A nurse told them so."),
        ("The meeting was cancelled.", "They had to cancel."),
    ],
)
def test_forms_of_a_word_are_one_word(hypothesis, premise):
    related(hypothesis, premise)


@pytest.mark.parametrize(
    ("hypothesis", "premise"),
    [("They're gone.", "They're in the hall."), ("It was the sea.", "It was the moon.")],
)
def test_small_words_relate_nothing(hypothesis, premise):
    with pytest.raises(Rejected) as caught:
        related(hypothesis, premise)
    assert caught.value.reason == "unrelated"


def test_a_text_of_small_words_has_them_as_its_stems():
    assert stems("It was they.") == {"it", "was", "they"}
    assert stems("They're the nurse's.") == {"nurs"}


@needs_original
@pytest.mark.parametrize("name", ["RTE", "CB", "AX-b"])
def test_original_hypotheses_are_no_talk_about_texts(name):
    rows = [
        json.loads(line)
        for path in sorted((ORIGINAL / name).glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    assert rows
    for row in rows:
        premise = row.get("premise") or row["sentence1"]
        hypothesis = row.get("hypothesis") or row["sentence2"]
        hypothesis = hypothesis.strip().rstrip(".") + "."
        assert refused(hypothesis, premise) not in ("meta-text", "several-sentences"), hypothesis
