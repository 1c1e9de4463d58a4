"""The steps of WiC: words, the senses of each, and two sentences for each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, WithJsonSchema

from targen_core import Dimension, ListStep, Llm, Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.wic.checks import (
    check_mixed_sense,
    check_sense,
    check_sentences,
    check_word,
    is_near,
    locate,
    partners,
)
from targen_tasks_superglue.wic.dry_run import dry_run
from targen_tasks_superglue.wic.forms import PartOfSpeech
from targen_tasks_superglue.wic.rows import Definition, Sense, WicRow

__all__ = [
    "DIMENSIONS",
    "MIXED_SENSES",
    "PROMPTS",
    "SENSES",
    "WORDS",
    "write_false",
    "write_mixed_false",
    "write_true",
]

_SHOWN = 300  # earlier words that a prompt names: each costs a token or two
_DEFINITIONS = 4  # of a word, at most (paper, section 3.2)
_SEEDS = 2  # meanings of a word that rows are written for; the others are there to differ from them
_NEAR, _FAR = "near", "far"

# Letters as often as the words of the original begin with them; the rare ones together.
_OF_WORDS = (
    Dimension(name="part_of_speech", values=("noun", "verb"), summary="as what a word is listed"),
    Dimension(
        name="begins_with",
        values={
            "s": 12, "c": 9, "p": 8, "d": 6, "r": 6, "a": 6, "b": 5, "t": 5, "f": 5, "e": 5, "m": 4,
            "h": 4, "i": 4, "l": 4, "g": 3, "w": 3, "o": 2, "n": 2, "u or v": 3, "j, k, q or y": 2,
        },
        summary="the first letter of a word",
    ),
    Dimension(
        name="use",
        values={"very common": 1, "common": 2, "less common": 2},
        summary="how common a word is",
    ),
)  # fmt: skip
# As the sentences of the original: a fifth have two to four words, half have seven or more.
_FORMS = {
    "a phrase of 2 to 4 words": 4,
    "a full sentence of 4 to 7 words": 6,
    "a full sentence of 8 to 12 words": 5,
    "a long sentence of 13 to 18 words": 2,
    "a question": 1,
    "a request, an order or an exclamation": 2,
}
_PEOPLE = {
    "nobody in particular": 4,
    "he, she or they, without a name": 5,
    "I, we or my": 3,
    "you": 1,
    "a trade, a group or a firm": 4,
    "a person by name": 3,
}
DIMENSIONS = (
    Dimension(
        name="senses",
        values={_NEAR: 2, _FAR: 1},
        in_prompt=False,
        summary="how far apart the two meanings of a false row lie",
    ),
    Dimension(name="sentence_1", values=_FORMS, summary="the form of sentence 1"),
    Dimension(name="people_1", values=_PEOPLE, summary="whom sentence 1 is about"),
    Dimension(name="sentence_2", values=_FORMS, summary="the form of sentence 2"),
    Dimension(name="people_2", values=_PEOPLE, summary="whom sentence 2 is about"),
    Dimension(
        name="style",
        values={
            "everyday talk": 3,
            "a story": 2,
            "the news": 2,
            "advice or instructions": 1,
            "a letter or a message": 1,
            "a textbook or an essay": 1,
        },
        summary="the style of both sentences",
    ),
)


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
    family: int = 0
    definition: line(10, 120)  # type: ignore[valid-type]


class _Meanings(BaseModel):
    """A word has as many meanings as it has: a model that is held to four makes some up."""

    definitions: list[_Meaning] = Field(json_schema_extra={"minItems": 1, "maxItems": _DEFINITIONS})


class _Pair(BaseModel):
    sentence1: line(8, 160)  # type: ignore[valid-type]
    sentence2: line(8, 160)  # type: ignore[valid-type]


async def _propose_words(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = ", ".join(existing[-_SHOWN:]) or "no others"
    reply = await llm.ask(
        _WORDS, reply=list_of("words", _WORD, llm.batch), count=llm.batch, have=have
    )
    return [word.strip().lower() for word in reply.items if word.strip()]


async def _propose_senses(llm: Llm, word: str, existing: Sequence[Sense]) -> Sequence[Sense]:
    """The first meanings that another goes with: more words, and each of them used less."""
    senses = await _propose_all_senses(llm, word, existing)
    paired = [place for place, sense in enumerate(senses, 1) if partners(sense)]
    return senses[: paired[:_SEEDS][-1]] if paired else senses


async def _propose_all_senses(llm: Llm, word: str, existing: Sequence[Sense]) -> Sequence[Sense]:
    max_definitions = min(llm.batch, _DEFINITIONS)
    reply = await llm.ask(_MEANINGS, reply=_Meanings, word=word, count=max_definitions)
    definitions = tuple(
        Definition(
            part_of_speech=_part_of_speech(item.part_of_speech),
            definition=" ".join(item.definition.split()).rstrip(".;, "),
            family=item.family,
        )
        for item in reply.definitions[:max_definitions]
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
    batch=80,
    check=check_word,
    summary="verbs and nouns with several meanings",
    prompts=(_WORDS,),
    dimensions=_OF_WORDS,
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
    propose=_propose_all_senses,
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
    drawn = llm.draws[0].get("senses") if llm.draws else None
    near = [number for number in others if is_near(seed.definitions[number], seed.chosen)]
    far = [number for number in others if number not in near]
    other = rng.choice({_NEAR: near, _FAR: far}.get(drawn or "") or others)
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
