"""The steps of AX-g: settings, subject pairs, pairs of sentences, and a hypothesis for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_superglue.axg.checks import check_hypothesis, check_sentences
from targen_tasks_superglue.axg.dry_run import dry_run
from targen_tasks_superglue.axg.rows import AxgPair, Label, Sentences
from targen_tasks_superglue.shared.mentions import mentions, words_of
from targen_tasks_superglue.shared.settings import SETTINGS_PROMPT
from targen_tasks_superglue.shared.subjects import (
    PAIRS_PROMPT,
    SUBJECTS_PROMPT,
    DealingPair,
    SubjectPair,
    check_neutral_pair,
    neutral_pairs,
    paper_pairs,
)


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.axg")


_SENTENCES, _SENTENCES_PAPER = _prompt("sentences"), _prompt("sentences_paper")
_FOLLOWS, _FALSE = _prompt("follows"), _prompt("false")
PROMPTS = (SETTINGS_PROMPT, PAIRS_PROMPT, _SENTENCES, _FOLLOWS)
PAPER_PROMPTS = (SETTINGS_PROMPT, SUBJECTS_PROMPT, _SENTENCES_PAPER, _FOLLOWS, _FALSE)

_SENTENCE = line(40, 240)


class _Four(BaseModel):
    opening: line(20, 140)  # type: ignore[valid-type]
    subject1_he: _SENTENCE  # type: ignore[valid-type]
    subject1_she: _SENTENCE  # type: ignore[valid-type]
    subject2_he: _SENTENCE  # type: ignore[valid-type]
    subject2_she: _SENTENCE  # type: ignore[valid-type]


class _Hypothesis(BaseModel):
    hypothesis: line(12, 140)  # type: ignore[valid-type]


async def _propose_sentences(
    llm: Llm, pair: DealingPair, existing: Sequence[Sentences]
) -> Sequence[Sentences]:
    """Four sentences of one opening clause, as two seeds: one for each subject meant.

    The order of the two changes every second time, since that of labels changes every time.
    """
    four = await llm.ask(
        _SENTENCES,
        reply=_Four,
        first=pair.first,
        second=pair.second,
        dealing=pair.dealing,
        form=pair.form,
    )
    return _seeds(four, pair, llm.alternate("first", "first", "second", "second"))


async def _propose_sentences_paper(
    llm: Llm, pair: SubjectPair, existing: Sequence[Sentences]
) -> Sequence[Sentences]:
    """The same as the paper has it: each seed is for both labels, and no dealing is drawn.

    The order of the two alternates, so that a short run has both.
    """
    first = llm.alternate("first", "second")
    four = await llm.ask(_SENTENCES_PAPER, reply=_Four, first=pair.first, second=pair.second)
    return _seeds(four, pair, first)


def _seeds(four: _Four, pair: SubjectPair, first: str) -> Sequence[Sentences]:
    """The two seeds of a reply, that of the `first` or the `second` subject at the head."""

    def seed(meant: str, he: str, she: str) -> Sentences:
        tidy = [" ".join(text.split()) for text in (four.opening, he, she)]
        return Sentences.model_validate(
            {
                "first": pair.first,
                "second": pair.second,
                "meant": meant,
                "opening": tidy[0].rstrip(" .,;:-\u2013\u2014\u2026"),
                "he": tidy[1],
                "she": tidy[2],
            }
        )

    seeds = [
        seed("first", four.subject1_he, four.subject1_she),
        seed("second", four.subject2_he, four.subject2_she),
    ]
    return seeds if first == "first" else seeds[::-1]


_LENGTH = Dimension(
    name="length",
    values=("9 to 14 words", "15 to 22 words"),
    summary="words of the premise",
)
_CLAUSE = Dimension(
    name="clause",
    values={
        "because": 3,
        "to ask whether, to say that or the like": 3,
        "to and a verb": 2,
        "so that": 1,
        "when, while or as": 1,
        "even though or although": 1,
        "until, before or after": 1,
        "but, and or so": 1,
        "if or in case": 1,
    },
    summary="how the clause with the pronoun is connected to the rest",
)
_PRONOUN = Dimension(
    name="pronoun",
    values={
        "he or she": 4,
        "his or her, in front of a thing or a body part": 2,
        "him or her": 1,
    },
    summary="the place of the pronoun in its clause",
)
# Drawn for a hypothesis of either label alike.
DIMENSIONS = (
    Dimension(
        name="wording",
        values={
            "near to the clause": 2,
            "partly in other words": 2,
            "in other words, what the clause comes to": 1,
        },
        summary="how much of its clause's wording a hypothesis keeps",
    ),
    Dimension(
        name="hypothesis_length",
        values={"as short as it can be": 2, "6 to 9 words": 3},
        summary="words of a hypothesis",
    ),
)


_Propose = Callable[[Llm, Any, Sequence[Sentences]], Coroutine[Any, Any, Sequence[Sentences]]]


def _sentences(propose: _Propose, prompt: Prompt) -> ListStep[Sentences]:
    return ListStep(
        item=Sentences,
        propose=propose,
        batch=2,
        once=True,
        check=check_sentences,
        key=lambda seed: " ".join(words_of(seed.he)),
        summary="two sentences that differ in a gendered pronoun, for each of two subjects meant",
        prompts=(prompt,),
        dry_run=dry_run,
    )


SUBJECT_PAIRS = neutral_pairs(_LENGTH, _CLAUSE, _PRONOUN)
PAPER_SUBJECT_PAIRS = paper_pairs(
    numbers=("singular",),
    pronouns=False,
    check=check_neutral_pair,
    summary="two people of any gender who meet in a setting",
)
SENTENCES = _sentences(_propose_sentences, _SENTENCES)
PAPER_SENTENCES = _sentences(_propose_sentences_paper, _SENTENCES_PAPER)


async def write_entailment(llm: Llm, seed: Sentences) -> AxgPair:
    """G(entailment, sentences): the clause's statement about the one whom the pronoun means."""
    llm.note(names=seed.subject)
    return _pair(llm, seed, await _follows(llm, seed), "entailment")


async def write_swapped(llm: Llm, seed: Sentences) -> AxgPair:
    """G(not_entailment, sentences): an entailed hypothesis, said of the other subject."""
    llm.note(names=seed.other)
    hypothesis = swap_subject(await _follows(llm, seed), seed)
    return _pair(llm, seed, hypothesis, "not_entailment")


async def write_false(llm: Llm, seed: Sentences) -> AxgPair:
    """G(not_entailment, sentences) as the paper has it: false of the one who is meant."""
    llm.note(names=seed.subject)
    return _pair(llm, seed, await _hypothesis(llm, _FALSE, seed), "not_entailment")


def swap_subject(hypothesis: str, seed: Sentences) -> str:
    """Turn a hypothesis about the meant subject into one about the other.

    Both have "the" and are singular, so the rest remains the same.
    """
    tokens = hypothesis.split()
    (place, *_) = mentions(seed.subject, seed.other, tokens)[0]
    size = len(words_of(seed.subject))
    old = " ".join(tokens[place : place + size])
    # Punctuation around the phrase is kept: a mark before it, a comma or an 's after it.
    edge = re.fullmatch(r"(?P<before>[\W_]*).*?(?P<after>(?:['\u2019]s)?[\W_]*)", old)
    assert edge is not None
    new = f"{edge['before']}{seed.other}{edge['after']}"
    return " ".join((*tokens[:place], new, *tokens[place + size :]))


async def _follows(llm: Llm, seed: Sentences) -> str:
    return await _hypothesis(llm, _FOLLOWS, seed)


async def _hypothesis(llm: Llm, prompt: Prompt, seed: Sentences) -> str:
    """A hypothesis that names the subject that is meant; the same prompt form for all labels."""

    def usable(reply: _Hypothesis) -> None:
        hypothesis = reply.hypothesis.strip()
        check_hypothesis(hypothesis, seed)
        if not mentions(seed.subject, seed.other, hypothesis.split())[0]:
            raise Rejected("wrong-subject", f"it is not about {seed.subject!r}: {hypothesis!r}")

    shown = seed.he if _he_first(llm) else seed.she
    reply = await llm.ask(
        prompt, reply=_Hypothesis, check=usable, sentence=shown, subject=seed.subject
    )
    return " ".join(reply.hypothesis.split())


def _he_first(llm: Llm) -> bool:
    """Return which premise comes first: in turns of two, and alike for both labels.

    Neighbouring seeds mean the first and the second subject in turns of one.
    """
    return llm.alternate("he", "he", "she", "she") == "he"


def _pair(llm: Llm, seed: Sentences, hypothesis: str, label: Label) -> AxgPair:
    he_first = _he_first(llm)
    llm.note(means=seed.meant, first_premise="he" if he_first else "she")
    one, two = (seed.he, seed.she) if he_first else (seed.she, seed.he)
    return AxgPair(premise1=one, premise2=two, hypothesis=hypothesis, label=label)
