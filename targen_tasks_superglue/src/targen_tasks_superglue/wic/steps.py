"""The steps of WiC: words, the senses of each, and two sentences for each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

from pydantic import BaseModel, WithJsonSchema

from targen_core import ListStep, Llm, Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.wic.checks import (
    check_mixed_sense,
    check_sense,
    check_sentences,
    check_word,
    locate,
    partners,
)
from targen_tasks_superglue.wic.dry_run import dry_run
from targen_tasks_superglue.wic.forms import PartOfSpeech
from targen_tasks_superglue.wic.rows import Definition, Sense, WicRow

__all__ = [
    "MIXED_SENSES",
    "PROMPTS",
    "SENSES",
    "WORDS",
    "write_false",
    "write_mixed_false",
    "write_true",
]

_SHOWN = 150  # earlier words that a prompt names: each costs a token or two
_DEFINITIONS = 4  # of a word, at most (paper, section 3.2)


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.wic")


_WORDS, _MEANINGS, _SENTENCES = _prompt("words"), _prompt("definitions"), _prompt("sentences")
PROMPTS = (_WORDS, _MEANINGS, _SENTENCES)

_WORD = line(2, 20)
# A hint, not a rule: an adjective costs one definition, not the whole reply.
_PART: Any = Annotated[str, WithJsonSchema({"type": "string", "enum": ["noun", "verb"]})]
_SHORT = {"n": "noun", "v": "verb", "vb": "verb"}


class _Meaning(BaseModel):
    part_of_speech: _PART
    definition: line(10, 120)  # type: ignore[valid-type]


class _Pair(BaseModel):
    sentence1: line(15, 160)  # type: ignore[valid-type]
    sentence2: line(15, 160)  # type: ignore[valid-type]


async def _propose_words(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = ", ".join(existing[-_SHOWN:]) or "no others"
    reply = await llm.ask(
        _WORDS, reply=list_of("words", _WORD, llm.batch), count=llm.batch, have=have
    )
    return [word.strip().lower() for word in reply.items if word.strip()]


async def _propose_senses(llm: Llm, word: str, existing: Sequence[Sense]) -> Sequence[Sense]:
    max_definitions = min(llm.batch, _DEFINITIONS)
    reply = await llm.ask(
        _MEANINGS,
        reply=list_of("definitions", _Meaning, max_definitions),
        word=word,
        count=max_definitions,
    )
    definitions = tuple(
        Definition(
            part_of_speech=_part_of_speech(item.part_of_speech),
            definition=" ".join(item.definition.split()).rstrip(".;, "),
        )
        for item in reply.items[:max_definitions]
    )
    return [
        Sense(word=word, number=number, definitions=definitions)
        for number in range(len(definitions))
    ]


def _part_of_speech(said: str) -> str:
    name = said.strip(" .()[]").lower()
    return _SHORT.get(name, name)


WORDS = ListStep(
    item=str,
    propose=_propose_words,
    batch=50,
    check=check_word,
    summary="verbs and nouns with several meanings",
    prompts=(_WORDS,),
    dry_run=dry_run,
)
SENSES = ListStep(
    item=Sense,
    propose=_propose_senses,
    batch=_DEFINITIONS,
    once=True,
    check=check_sense,
    summary="the meanings of a word that has two or more of one part of speech",
    prompts=(_MEANINGS,),
    dry_run=dry_run,
)
MIXED_SENSES = ListStep(
    item=Sense,
    propose=_propose_senses,
    batch=_DEFINITIONS,
    once=True,
    check=check_mixed_sense,
    summary="the meanings of a word, of any parts of speech",
    prompts=(_MEANINGS,),
    dry_run=dry_run,
)


async def write_true(llm: Llm, seed: Sense) -> WicRow:
    """G(true, sense): two sentences with the word in the seed's meaning."""
    return await _write(llm, seed, (seed.number, seed.number), label=True)


async def write_false(llm: Llm, seed: Sense) -> WicRow:
    """G(false, sense): the seed's meaning and another of the same part of speech.

    Raises:
        Rejected: `no-partner`, before any call.
    """
    return await _write(llm, seed, _two(llm, seed, mixed=False), label=False)


async def write_mixed_false(llm: Llm, seed: Sense) -> WicRow:
    """As `write_false`, with another meaning of any part of speech (variant `paper`)."""
    return await _write(llm, seed, _two(llm, seed, mixed=True), label=False)


def _two(llm: Llm, seed: Sense, *, mixed: bool) -> tuple[int, int]:
    """The seed's number and another's, in an order that is drawn."""
    others = partners(seed, mixed=mixed)
    if not others:
        raise Rejected("no-partner", f"{seed.word!r} has no second meaning to draw")
    rng = llm.rng("meanings")
    other = rng.choice(others)
    return (seed.number, other) if rng.random() < 0.5 else (other, seed.number)


async def _write(llm: Llm, seed: Sense, numbers: tuple[int, int], *, label: bool) -> WicRow:
    """One request for both labels: two sentences, a meaning for each."""
    one, two = (seed.definitions[number] for number in numbers)
    parts = [cast("PartOfSpeech", meaning.part_of_speech) for meaning in (one, two)]
    llm.note(meaning1=numbers[0], meaning2=numbers[1])

    def usable(reply: _Pair) -> None:
        for sentence, part in zip((reply.sentence1, reply.sentence2), parts, strict=True):
            locate(seed.word, sentence, part)
        check_sentences(seed.word, (reply.sentence1, reply.sentence2))

    reply = await llm.ask(
        _SENTENCES,
        reply=_Pair,
        check=usable,
        word=seed.word,
        part1=one.part_of_speech,
        meaning1=one.definition,
        part2=two.part_of_speech,
        meaning2=two.definition,
        have=_shown(llm),
    )
    sentence1, sentence2 = reply.sentence1.strip(), reply.sentence2.strip()
    spans = [
        locate(seed.word, sentence, part)
        for sentence, part in zip((sentence1, sentence2), parts, strict=True)
    ]
    return WicRow(
        word=seed.word,
        sentence1=sentence1,
        sentence2=sentence2,
        start1=spans[0].start,
        end1=spans[0].end,
        start2=spans[1].start,
        end2=spans[1].end,
        label=label,
    )


def _shown(llm: Llm) -> str:
    """What earlier samples of this meaning gave, so that a later one says something else."""
    rows: Sequence[WicRow] = llm.earlier
    return " ".join(f"{row.sentence1} {row.sentence2}" for row in rows) or "none"
