"""WiC: does a word mean the same in two sentences? (paper, section 3.2 and appendix D.9).

Steps: no contexts -> words, and the senses of each (the instance seeds) -> two
sentences for each label -> the meta-prompt. Agrees with the paper / differs:

- no step 1, verbs and nouns, at most 4 definitions of each, and what the labels
  mean agree;
- 80 words a list, not 50, and two of a word's meanings are seeds, so that rows
  use more words. Code draws their part of speech, first letter and frequency, the
  distance of the two meanings, and the form, people and style of sentences;
- code draws the definitions, not the model: the seed's own for *true*, the
  seed's own and another, in either order, for *false*. The model gets the same request for both
  labels: two sentences with a meaning for each. So length, shared words and inflection do not
  reveal the label. The paper lets the model pick the definition for *true*, and asks for a sentence
  per definition for *false*: the variant `paper`;
- both definitions of a *false* row are of one part of speech, since otherwise syntax would separate
  a noun from a verb. Those of the variant `paper` may be mixed;
- two sentences that share a word of content are refused, but in `paper`. In the official
  training set 6.4% of the true and 0.8% of the false pairs share one;
- code finds the spans, by the word's forms, and refuses a sentence that holds
  the word twice;
- a seed is drawn again when a model knows no more words. The paper's 50 words with 4 definitions
  make 400 rows, its table 4,843;
- the worked examples are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, WithJsonSchema

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import Case, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import words
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.content import load_dimensions, load_instructions, load_samples
from targen_tasks_superglue.shared.inflection import PartOfSpeech
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.wic.rows import (
    Definition,
    Entry,
    Sense,
    WicRow,
    check_entry,
    check_row,
    check_row_paper,
    check_sense,
    check_sentences,
    check_word,
    distinct,
    is_near,
    locate,
    partners,
)

_PACKAGE = "targen_tasks_superglue.wic"
_OFFLINE = offline(_PACKAGE)


# --- the steps ----------------------------------------------------------------

_SHOWN = 300  # earlier words that a prompt names: each costs a token or two
_DEFINITIONS = 4  # of a word, at most (paper, section 3.2)
_SEEDS = 2  # meanings of a word with rows; the others only serve for contrast
_NEAR, _FAR = "near", "far"


def _prompt(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


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
    dimensions=load_dimensions(_PACKAGE, "words"),
    dry_run=_OFFLINE,
)
SENSES = ListStep(
    item=Sense,
    propose=_propose_senses,
    batch=_DEFINITIONS,
    once=True,
    check=check_sense,
    summary="the meanings of a word that has two or more of one part of speech",
    prompts=(_MEANINGS,),
    dry_run=_OFFLINE,
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
    dry_run=_OFFLINE,
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


# --- clues for the analysis ---------------------------------------------------

_BEFORE_VERBS = frozenset(
    "to i you he she it we they who not never don't doesn't didn't can can't could may might must "
    "shall should will would let".split()
)
_BEFORE_NOUNS = frozenset(
    "a an the this that these those my your his her its our their some any no every each another "
    "of in on at by for from with into".split()
)


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The two sentences of an official row."""
    sentences = row["sentence1"], row["sentence2"]
    spans = (row["start1"], row["end1"]), (row["start2"], row["end2"])
    surfaces = [
        sentence[int(start) : int(end)].casefold()
        for sentence, (start, end) in zip(sentences, spans, strict=True)
    ]
    marked = [  # the word may occur in a sentence twice
        f"{sentence[: int(start)]}[{sentence[int(start) : int(end)]}]{sentence[int(end) :]}"
        for sentence, (start, end) in zip(sentences, spans, strict=True)
    ]
    before = [
        words(sentence[: int(start)]) for sentence, (start, _) in zip(sentences, spans, strict=True)
    ]
    return [
        Case(
            texts={"word": row["word"], "sentence1": sentences[0], "sentence2": sentences[1]},
            reads={"word": row["word"], "sentence1": marked[0], "sentence2": marked[1]},
            cues={
                "whether the word has one form in both sentences": (
                    "one" if surfaces[0] == surfaces[1] else "two"
                ),
                "noun or verb in each sentence, by the word before": " ".join(map(_part, before)),
                "place of the word in each sentence": tuple(len(there) for there in before),
            },
        )
    ]


def _part(before: list[str]) -> str:
    """The part of speech that the word before makes likely."""
    last = before[-1] if before else ""
    return "verb" if last in _BEFORE_VERBS else "noun" if last in _BEFORE_NOUNS else "open"


# --- the task -----------------------------------------------------------------


def _render(row: WicRow) -> str:
    return f"Word: {row.word}\nSentence 1: {row.sentence1}\nSentence 2: {row.sentence2}"


def _both_sentences(row: WicRow) -> str:
    return f"{row.sentence1} {row.sentence2}"


_PARAMETERS = {
    "seeds": {"temperature": 1.0, "max_tokens": 700},
    "generate": {"temperature": 0.7, "max_tokens": 160},
    "correct": {"temperature": 0.0, "max_tokens": 300},
}

WIC: Task[Sense, WicRow] = Task(
    name="wic",
    version="1",
    summary="Words in context",
    description=(
        "Each row is a word and two sentences that contain the word, possibly inflected, with its "
        "offsets. The label is `true` if the word has the same meaning in both sentences, and "
        "`false` if it has a different meaning in each."
    ),
    instance=WicRow,
    labels=(
        Label("true", True, summary="the word means the same in both sentences"),
        Label("false", False, summary="the word means something else in each sentence"),
    ),
    seeds=(WORDS, SENSES),
    generators={"true": write_true, "false": write_false},
    dimensions=load_dimensions(_PACKAGE, "sentences"),
    checks=(check_row,),
    judging=Judging(instructions=load_instructions(_PACKAGE), samples=load_samples(_PACKAGE)),
    rows=Rows(
        cases=cases,
        # "called round", of "call"
        oddities={"f3e55b0ae868b797ed6870f4ae21b42c": "train 1868"},
        presets={
            "paper": {"true": 2433, "false": 2410},  # Table 2: the first 4,843 rows of train
            "original": {"true": 2714, "false": 2714},
            "balanced": {"true": 2422, "false": 2421},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=_both_sentences,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "the paper's steps. For true, the model picks a definition. For false, it writes a "
            "sentence for each definition, and code draws two, of any part of speech",
            {
                "seeds": (PAPER_WORDS, ENTRIES),
                "generators": {"true": write_true_paper, "false": write_false_paper},
                "dimensions": (),
                "checks": (check_row_paper,),
                "judging": {"corrector": "meta-paper"},
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
                "seeding": {"labels_per_seed": None},
                "calls": {
                    "parameters": {
                        **_PARAMETERS,
                        # A sentence for each of four definitions.
                        "generate": {"temperature": 0.7, "max_tokens": 240},
                    }
                },
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.9, in our own words."),
    seeding=Seeding(labels_per_seed=1, samples_per_seed=10),
    calls=CallSettings(parameters=_PARAMETERS, dry_run=_OFFLINE),
)
