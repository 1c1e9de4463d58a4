"""Conditions, given or written, samples of each, and a prompt's words for a label."""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Prompt, Rejected
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import ListStep, Llm
from targen_methods.copies import Copies
from targen_standard.checks.prose import prose
from targen_standard.made_up import sentence, words
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base, MethodOptions

ENDS = ".?!。？！।؟"
"""Marks that end a sentence."""

_QUOTES = '"“”„«»'
_OPENING = "“„«"
_BEHIND_END = "'’)]"  # may follow the mark that ends a sentence
_BEFORE = re.compile(rf"[\s{_QUOTES}]*")
_NEXT = re.compile(r"\s+[^\sa-z]|\s*$")  # after the first sentence: another, or the end


def kept(reply: str, *, ends: str = ENDS, first: bool = False) -> tuple[int, int]:
    """Return the start and end of the wanted text in a reply: whole sentences.

    Quotation marks and spaces at the beginning do not count. The text reaches to the quotation mark
    that closes it or the end of the line. Without either, it reaches to the last mark of `ends`,
    since the rest is part of a sentence. With `first`, it reaches to the first of these marks that
    ends a sentence. Quotations belong to the text, and their sentences do not end it.

    Args:
        reply: what the model wrote.
        ends: the marks.
        first: take one sentence.

    Raises:
        Rejected: `no-end`, if no rule finds an end, or the text up to it is not a whole sentence.
    """
    read = _read(reply, ENDS + ends)
    if first:
        for end, mark in read.sentences:
            if mark in ends and _NEXT.match(reply[: read.stop], end):
                return read.start, end
    elif read.closed:
        whole = read.start + len(reply[read.start : read.stop].rstrip())
        if read.sentences and read.sentences[-1][0] == whole:
            return read.start, whole
    elif stops := [end for end, mark in read.sentences if mark in ends]:
        return read.start, stops[-1]
    raise Rejected("no-end", f"nothing ends a text in {reply[:200]!r}")


def phrase_kept(reply: str) -> str:
    """Return the text before the closing mark or the line's end, a whole sentence or not."""
    read = _read(reply, ENDS)
    return reply[read.start : read.stop].strip()


def ended(reply: str) -> bool:
    """Return whether a reply has reached the mark that closes its text, or the end of its line.

    The result of `kept`, without `first`, is then final, however the reply continues.
    """
    return _read(reply, ENDS).closed


@dataclass(frozen=True, slots=True)
class _Read:
    """A reply up to where its text is closed.

    Attributes:
        start: where the text begins.
        stop: where the closing mark or the line's end is, or else the reply's end.
        closed: whether there is one of the two.
        sentences: the ends of sentences, after their marks, each with the mark; except those within
            a quotation that do not end with it.
    """

    start: int
    stop: int
    closed: bool
    sentences: tuple[tuple[int, str], ...]


def _read(reply: str, ends: str) -> _Read:
    opening = _BEFORE.match(reply)
    start = opening.end() if opening is not None else 0
    sentences: list[tuple[int, str]] = []
    depth = 0
    for at in range(start, len(reply)):
        sign = reply[at]
        if sign == "\n" or (sign in _QUOTES and not depth and not _opens(reply, at)):
            return _Read(start, at, True, tuple(sentences))
        if sign in _QUOTES:
            depth += 1 if _opens(reply, at) else -1
            if not depth and reply[at - 1] in ends:
                sentences.append((at + 1, reply[at - 1]))
        elif depth:
            continue
        elif sign in ends and (sign != "." or not reply[at + 1 : at + 2].isalnum()):  # no "3.5"
            sentences.append((at + 1, sign))
        elif sign in _BEHIND_END and sentences and sentences[-1][0] == at:
            sentences.append((at + 1, sentences[-1][1]))
    return _Read(start, len(reply), False, tuple(sentences))


def _opens(reply: str, at: int) -> bool:
    """Return whether a quotation mark opens a quotation, by its spaces or its form."""
    before = reply[at - 1].isspace() or reply[at - 1] in "([—–"
    after = reply[at + 1 : at + 2].isspace() or reply[at + 1 : at + 2] in (*".,;:!?)]",)
    return before if before != after else reply[at] in _OPENING


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Item):
    """The context that a text is written after.

    Attributes:
        about: what the text is about; "" if it follows from rows that were given.
        values: of pairs, the columns before the last, by name.
    """

    about: str = ""
    values: dict[str, str] = {}


class Sample(_Item):
    """One text for each label, after the condition above it.

    Attributes:
        number: which sample it is, from 0.
    """

    number: int


_PACKAGE = "targen_methods.conditional"
_TOPIC = Prompt("topic", package=_PACKAGE)
_FIRST = Prompt("first", package=_PACKAGE)
CONTINUE = Prompt("continue", package=_PACKAGE)
PROMPTS = (_TOPIC, _FIRST, CONTINUE)

_BATCH = 20  # conditions at a time: the order goes through them in turn
_ALL = 100_000  # given rows are all available at once, so that each is used before any repeats
_MOST_WORDS = 200  # of a text: one of more goes round in circles
_LONG = 25  # words; more are hard to put into one sentence
_USUAL = 0.1  # of the given texts' lengths, what lies below and above is not asked for
_TOPIC_WORDS = 10  # a topic of more words is a model that talks


class ConditionalOptions(MethodOptions):
    """Options that class-conditional methods share."""

    condition: str = Field(
        "Topic",
        description="what the model names as the subject of a text, such as 'Title of a film'",
    )
    cues: dict[str, str] = Field(
        {},
        description="for each label, the words that ask for its text, up to the opening "
        "quotation mark",
    )
    per_condition: int = Field(32, ge=1, le=10_000, description="number of samples per condition")
    min_words: int = Field(3, ge=1, le=1000, description="minimum words per text")
    first_words: int = Field(
        8, ge=1, le=1000, description="minimum words per earlier text of a pair"
    )
    ends: str = Field(ENDS, min_length=1, description="marks that end a sentence")


class ConditionalSteps:
    """The lists of such a method for one task, and what a prompt says."""

    def __init__(self, base: Base, options: ConditionalOptions) -> None:
        """For the rows of `base`.

        Raises:
            UsageError: a cue is of no label.
        """
        names = [label.name for label in base.task.labels]
        for name in options.cues:
            if name not in names:
                raise UsageError(
                    f"`cues` contains {name!r}, which is not a label of {base.task.name}",
                    hint=did_you_mean(name, names, "labels"),
                )
        self.task, self.given = base.task, base.given
        self.columns: Columns = base.columns
        self.options = options

    # --- lists ------------------------------------------------------------------

    @property
    def conditions(self) -> ListStep[Condition]:
        """Return the list of conditions for texts: from given rows, or from a model."""
        given = self.given is not None
        return ListStep(
            name="conditions",
            item=Condition,
            propose=self._given if given else self._written,
            batch=_ALL if given else _BATCH,
            asks=not given,
            summary="conditions to write texts for",
        )

    @property
    def samples(self) -> ListStep[Sample]:
        """Samples of a condition, each a text for every label."""
        return ListStep(
            name="samples",
            item=Sample,
            propose=self._samples,
            batch=self.options.per_condition,
            once=True,
            asks=False,
            key=lambda sample: str(sample.number),
            summary="samples of one condition, each a text for every label",
        )

    async def _given(
        self, llm: Llm, parent: None, existing: Sequence[Condition]
    ) -> Sequence[Condition]:
        return () if existing else self.given_conditions(llm.rng("order"))

    def most(self) -> dict[str, int]:
        """Return the most rows of each label from the given ones; empty if the model writes."""
        if self.given is None:
            return {}
        count = len(self.given_conditions(random.Random(0))) * self.options.per_condition
        return {label.name: count for label in self.task.labels}

    def given_conditions(self, rng: random.Random) -> list[Condition]:
        """The different conditions of the given rows, in an order by chance.

        Neighbours in a file are often of one source.
        """
        assert self.given is not None
        rows = [self.columns.of_row(row) for row in self.given()]
        found = [Condition(values={n: row[n] for n in self.columns.first}) for row in rows]
        different = [*{one.model_dump_json().casefold(): one for one in found}.values()]
        rng.shuffle(different)
        return different

    async def _written(
        self, llm: Llm, parent: None, existing: Sequence[Condition]
    ) -> Sequence[Condition]:
        return await self.written(llm, llm.batch)

    async def written(self, llm: Llm, count: int) -> Sequence[Condition]:
        """Return conditions by the model, each a sample of its own, without empty ones.

        Raises:
            Rejected: all are empty; the reason is that of the last.
        """
        write = self._row_begun if self.columns.first else self._topic
        made = await asyncio.gather(
            *(write(llm, number) for number in range(count)), return_exceptions=True
        )
        refused = [one for one in made if isinstance(one, BaseException)]
        for error in refused:
            if not isinstance(error, Rejected):
                raise error
        if len(refused) == len(made):
            raise refused[-1]
        return [one for one in made if isinstance(one, Condition)]

    async def _topic(self, llm: Llm, number: int) -> Condition:
        reply = await llm.ask(
            _TOPIC,
            may_be_cut=True,
            description=self.task.description,
            about=self.options.condition,
        )
        text = phrase_kept(reply).strip(f" *{self.options.ends}")
        if not 0 < len(text.split()) <= _TOPIC_WORDS:
            raise Rejected("no-topic", f"it is no {self.options.condition}: {text[:200]!r}")
        return Condition(about=text)

    async def _row_begun(self, llm: Llm, number: int) -> Condition:
        """A topic, and the columns before the last, each after those before it.

        Choices are by chance.
        """
        topic = await self._topic(llm, number)
        values: dict[str, str] = {}
        rng = llm.rng(f"choices {number}")
        for name in self.columns.first:
            if name in self.columns.choices:
                values[name] = rng.choice(self.columns.choices[name])
                continue
            reply = await llm.ask(
                _FIRST,
                may_be_cut=True,
                column=told(name),
                length="one or two full sentences of at least "
                f"{self.options.first_words} words in all",
                shown=self._shown(topic.model_copy(update={"values": values})),
            )
            text = reply[slice(*kept(reply, ends=self.options.ends))]
            text = " ".join(text.split())
            self._is_prose(text, self.options.first_words, name)
            values[name] = text
        return topic.model_copy(update={"values": values})

    async def _samples(
        self, llm: Llm, parent: Condition, existing: Sequence[Sample]
    ) -> Sequence[Sample]:
        return [Sample(number=number) for number in range(len(existing), llm.batch)]

    # --- prompts ----------------------------------------------------------------

    def values(self, condition: Condition, label: str) -> dict[str, Any]:
        """Return the values of the prompt that ends in an open quotation."""
        return {
            "description": self.task.description,
            "length": self._length(condition),
            "shown": self._shown(condition),
            "cue": self.options.cues.get(label) or self._cue(label),
        }

    def _length(self, condition: Condition) -> str:
        """Return the length of a text: that of one of the given ones, the same for all labels."""
        if not self._lengths:
            return f"one or two full sentences of at least {self.options.min_words} words in all"
        words = random.Random(condition.model_dump_json()).choice(self._lengths)
        many = "full sentences" if words > _LONG else "one full sentence"
        return f"{many} of about {words} words"

    @cached_property
    def _last(self) -> Sequence[str]:
        """The last texts of the given rows."""
        rows = () if self.given is None else self.given()
        return [self.columns.of_row(row)[self.columns.last].strip() for row in rows]

    @cached_property
    def _lengths(self) -> Sequence[int]:
        """Words of the given texts, without the longest and shortest."""
        lengths = sorted(len(text.split()) for text in self._last)
        left_out = math.floor(_USUAL * len(lengths))
        usual = lengths[left_out : len(lengths) - left_out]
        return [max(self.options.min_words, each) for each in usual]

    @cached_property
    def _is_open(self) -> bool:
        """Return whether most of the given texts end without a mark, as clauses do."""
        ended = sum(text[-1:] in self.options.ends for text in self._last)
        return 2 * ended < len(self._last)

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self.columns, () if self.given is None else self.given())

    def _shown(self, condition: Condition) -> str:
        about = [f"{self.options.condition}: {condition.about}"] if condition.about else []
        columns = [f'{told(name)}: "{value}"' for name, value in condition.values.items()]
        return "\n".join((*about, *columns))

    def _cue(self, label: str) -> str:
        known = self.task.label(label)
        means = f" ({known.summary})" if known.summary else ""
        return f"{told(self.columns.last)} of the label {known.name}{means}:"

    def _is_prose(self, text: str, least: int, column: str) -> None:
        """Check that a text is clean, in whatever language, and no words of the prompts.

        Raises:
            Rejected: what `prose` raises, or `copy-of-example`.
        """
        what = told(column).lower()
        prose(text, min_words=least, max_words=_MOST_WORDS, what=what, language=None)
        for prompt in (_FIRST, CONTINUE):
            if (words := prompt.repeated(text)) is not None:
                raise Rejected("copy-of-example", f"the prompt has it: {words[:200]!r}")

    def row(self, condition: Condition, text: str, label: str) -> BaseModel:
        """The row of a text after its condition.

        Raises:
            Rejected: what `Columns.instance` raises, what `prose` raises, `copy-of-example`, if the
                prompts say it, or `copied`, if it nearly repeats a given row.
        """
        name = self.columns.last
        self._is_prose(text, self.options.min_words, name)
        if self._is_open:  # a mark would tell the rows from the given ones
            text = text.rstrip(self.options.ends)
        row = self.columns.instance(
            {**condition.values, name: text}, label, as_they_are=tuple(condition.values)
        )
        self._copies.refuse(row)
        return row

    # --- offline ----------------------------------------------------------------

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        if call.prompt == _TOPIC.name:
            return f'{words(call.rng, 4)}"'
        if call.prompt in (_FIRST.name, CONTINUE.name, "likewise"):  # the last is ProGen's
            low = max(self.options.min_words, self.options.first_words)
            if call.so_far is not None:
                return self._next_tokens(call.so_far, low, call.rng)
            return f'{sentence(call.rng, low, low + 8)}" {words(call.rng, 3)}'
        return self.columns.judged(call)

    def _next_tokens(self, so_far: str, low: int, rng: random.Random) -> dict[str, float]:
        """Words that may come next, and behind enough of them the mark that ends a text."""
        likely = {f" {word}": 0.9 / 2**n for n, word in enumerate(words(rng, 6).split(), 1)}
        return likely | {'."': 0.8 if len(so_far.split()) >= low else 1e-9}


def told(column: str) -> str:
    """A column's name, for people and models."""
    return f"{column[:1].upper()}{column[1:].replace('_', ' ')}"
