"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.shared.instructions import load_instructions

INSTRUCTIONS = load_instructions("targen_tasks_superglue.wic")


def _sample(
    word: str, sentences: tuple[str, str], output: str, actual: str, explanation: str
) -> CorrectionSample:
    text = f"Word: {word}\nSentence 1: {sentences[0]}\nSentence 2: {sentences[1]}"
    return CorrectionSample(text, output, actual, explanation)


SAMPLES = (
    _sample(
        "spring",
        (
            "A spring in the mattress has come loose and pokes my back.",
            "Hikers filled their bottles at the spring below the chapel.",
        ),
        "true",
        "false",
        "In sentence 1 a spring is a coil of metal; in sentence 2 it is a place where water comes "
        "out of the ground.",
    ),
    _sample(
        "draft",
        (
            "My editor returned the first draft with forty remarks.",
            "The ministry published drafts of two new laws on Monday.",
        ),
        "true",
        "true",
        "In both sentences a draft is an early version of a text, a novel in one and a law in the "
        "other.",
    ),
    _sample(
        "settle",
        (
            "Her uncle settled in Winnipeg after the war.",
            "The two firms settled their quarrel before it came to court.",
        ),
        "false",
        "false",
        "In sentence 1 to settle is to make one's home somewhere; in sentence 2 it is to end a "
        "dispute.",
    ),
    _sample(
        "plant",
        (
            "Gran waters each plant on the balcony before breakfast.",
            "Some plants of the desert bloom for a single night.",
        ),
        "false",
        "true",
        "In both sentences a plant is a living thing that grows in soil; that one is in a pot and "
        "the others are wild makes no difference.",
    ),
    _sample(
        "match",
        ("The match was put off because of fog.", "She struck a and lit the stove."),
        "false",
        "no_valid_instance",
        "Sentence 2 is broken: the word is missing from it.",
    ),
    _sample(
        "crane",
        ("From the train we saw a crane.", "Two cranes waded through the reeds."),
        "true",
        "no_valid_instance",
        "In sentence 2 a crane is a bird; sentence 1 may be about a bird or about a machine.",
    ),
)
