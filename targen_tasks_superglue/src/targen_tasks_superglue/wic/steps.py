"""The steps of WiC: words, the senses of each, and two sentences for each label."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, WithJsonSchema

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_superglue.wic.checks import (
    check_entry,
    check_sense,
    check_sentences,
    check_word,
    distinct,
    is_near,
    locate,
    partners,
)
from targen_tasks_superglue.wic.dry_run import dry_run
from targen_tasks_superglue.wic.forms import PartOfSpeech
from targen_tasks_superglue.wic.rows import Definition, Entry, Sense, WicRow

_SHOWN = 300  # earlier words that a prompt names: each costs a token or two
_DEFINITIONS = 4  # of a word, at most (paper, section 3.2)
_SEEDS = 2  # meanings of a word with rows; the others only serve for contrast
_NEAR, _FAR = "near", "far"

# Letters as often as the words of the original begin with them; the rare ones together.
_OF_WORDS = (
    Dimension(name="part_of_speech", values=("noun", "verb"), summary="a word's part of speech"),
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
    Dimension(name="people_1", values=_PEOPLE, summary="who sentence 1 is about"),
    Dimension(name="sentence_2", values=_FORMS, summary="the form of sentence 2"),
    Dimension(name="people_2", values=_PEOPLE, summary="who sentence 2 is about"),
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
_WORDS_PAPER, _MEANINGS_PAPER = _prompt("words_paper"), _prompt("definitions_paper")
_TRUE, _FALSE = _prompt("true_paper"), _prompt("false_paper")
PAPER_PROMPTS = (_WORDS_PAPER, _MEANINGS_PAPER, _TRUE, _FALSE)

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


class _Chosen(_Pair):
    """The model's choice comes first: the sentences are written for it."""

    definition: int


def _proposed_words(
    prompt: Prompt,
) -> Callable[[Llm, None, Sequence[str]], Coroutine[Any, Any, Sequence[str]]]:
    async def propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        have = ", ".join(existing[-_SHOWN:]) or "no others"
        model = list_of("words", _WORD, llm.batch)
        reply = await llm.ask(prompt, reply=model, count=llm.batch, have=have)
        return [word.strip().lower() for word in reply.items if word.strip()]

    return propose


async def _propose_senses(llm: Llm, word: str, existing: Sequence[Sense]) -> Sequence[Sense]:
    """Return the first meanings that have a partner: more words, and each used less."""
    definitions = await _definitions(llm, _MEANINGS, word)
    senses = [
        Sense(word=word, number=number, definitions=definitions)
        for number in range(len(definitions))
    ]
    paired = [place for place, sense in enumerate(senses, 1) if partners(sense)]
    return senses[: paired[:_SEEDS][-1]] if paired else senses


async def _propose_entry(llm: Llm, word: str, existing: Sequence[Entry]) -> Sequence[Entry]:
    definitions = await _definitions(llm, _MEANINGS_PAPER, word)
    return [Entry(word=word, definitions=distinct(word, definitions))]


async def _definitions(llm: Llm, prompt: Prompt, word: str) -> tuple[Definition, ...]:
    max_definitions = min(llm.batch, _DEFINITIONS)
    reply = await llm.ask(prompt, reply=_Meanings, word=word, count=max_definitions)
    return tuple(
        Definition(
            part_of_speech=_part_of_speech(item.part_of_speech),
            definition=" ".join(item.definition.split()).rstrip(".;, "),
            family=item.family,
        )
        for item in reply.definitions[:max_definitions]
    )


def _part_of_speech(said: str) -> str:
    name = said.strip(" .()[]").lower()
    return _SHORT.get(name, name)


WORDS = ListStep(
    item=str,
    propose=_proposed_words(_WORDS),
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
PAPER_WORDS = replace(
    WORDS, propose=_proposed_words(_WORDS_PAPER), batch=50, prompts=(_WORDS_PAPER,), dimensions=()
)
ENTRIES = ListStep(
    item=Entry,
    propose=_propose_entry,
    batch=_DEFINITIONS,
    once=True,
    check=check_entry,
    summary="a word with its meanings, of any part of speech",
    prompts=(_MEANINGS_PAPER,),
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
    return await _write(llm, seed, _two(llm, seed), label=False)


def _two(llm: Llm, seed: Sense) -> tuple[int, int]:
    """The seed's number and another's, in an order that is drawn."""
    others = partners(seed)
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
    llm.note(meaning1=numbers[0], meaning2=numbers[1])

    def row(reply: _Pair) -> WicRow:
        return _row(seed.word, (reply.sentence1, reply.sentence2), (one, two), label=label)

    def usable(reply: _Pair) -> None:
        made = row(reply)
        check_sentences(seed.word, (made.sentence1, made.sentence2))

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
    return row(reply)


async def write_true_paper(llm: Llm, seed: Entry) -> WicRow:
    """G(true, word) as the paper has it: the model picks the definition (appendix D.9)."""

    def row(reply: _Chosen) -> WicRow:
        if not 1 <= reply.definition <= len(seed.definitions):
            raise Rejected("illegal-answer", f"{seed.word!r} has no definition {reply.definition}")
        meaning = seed.definitions[reply.definition - 1]
        written = reply.sentence1, reply.sentence2
        return _row(seed.word, written, (meaning, meaning), label=True)

    reply = await _ask_paper(llm, _TRUE, seed, _Chosen, row)
    llm.note(meaning1=reply.definition - 1, meaning2=reply.definition - 1)
    return row(reply)


async def write_false_paper(llm: Llm, seed: Entry) -> WicRow:
    """G(false, word) as in the paper: a sentence per definition, and code draws two."""
    one, two = llm.rng("meanings").sample(range(len(seed.definitions)), 2)

    def row(reply: Any) -> WicRow:
        if len(reply.items) <= max(one, two):
            raise Rejected(
                "too-few-sentences",
                f"{len(reply.items)} sentences, {len(seed.definitions)} are needed",
            )
        written = reply.items[one], reply.items[two]
        return _row(seed.word, written, (seed.definitions[one], seed.definitions[two]), label=False)

    form = list_of("sentences", line(8, 160), len(seed.definitions))
    reply = await _ask_paper(llm, _FALSE, seed, form, row)
    llm.note(meaning1=one, meaning2=two)
    return row(reply)


async def _ask_paper(
    llm: Llm, prompt: Prompt, seed: Entry, form: type[Any], row: Callable[[Any], WicRow]
) -> Any:
    definitions = "\n".join(
        f"{number}. {meaning.definition} ({meaning.part_of_speech})"
        for number, meaning in enumerate(seed.definitions, 1)
    )

    def usable(reply: Any) -> None:
        row(reply)

    return await llm.ask(
        prompt,
        reply=form,
        check=usable,
        word=seed.word,
        definitions=definitions,
        have=_shown(llm),
    )


def _row(
    word: str, written: tuple[str, str], meanings: tuple[Definition, Definition], *, label: bool
) -> WicRow:
    """Return the row of two sentences, after checking the word's part of speech in each."""
    sentence1, sentence2 = (sentence.strip() for sentence in written)
    spans = [
        locate(word, sentence, cast("PartOfSpeech", meaning.part_of_speech))
        for sentence, meaning in zip((sentence1, sentence2), meanings, strict=True)
    ]
    return WicRow(
        word=word,
        sentence1=sentence1,
        sentence2=sentence2,
        start1=spans[0].start,
        end1=spans[0].end,
        start2=spans[1].start,
        end2=spans[1].end,
        label=label,
    )


def _shown(llm: Llm) -> str:
    """Return earlier samples of this meaning, so that a later one differs."""
    rows: Sequence[WicRow] = llm.earlier
    return " ".join(f"{row.sentence1} {row.sentence2}" for row in rows) or "none"
