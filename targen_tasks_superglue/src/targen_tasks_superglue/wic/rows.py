"""A WiC seed and row, and their checks, which call no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from targen_core import Rejected
from targen_core.tasks.words import normalized
from targen_standard.checks.copies import is_copy, similarity
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import phrase, prose
from targen_tasks_superglue.shared.inflection import PartOfSpeech, Span, find, forms, is_form

VERSION = 1.1
"""The version of the official file format, in every row."""


class Definition(BaseModel):
    """One meaning of a word; `part_of_speech` is "noun" or "verb".

    Meanings of a word that lie close together have one `family`; 0 if that is not known.
    """

    model_config = ConfigDict(frozen=True)

    part_of_speech: str
    definition: str
    family: int = 0


class Sense(BaseModel):
    """An instance seed: one meaning of a word among its others.

    `number` is its place in `definitions`, which all seeds of a word share.
    """

    model_config = ConfigDict(frozen=True)

    word: str
    number: int
    definitions: tuple[Definition, ...]

    @model_validator(mode="after")
    def _is_there(self) -> Sense:
        if not 0 <= self.number < len(self.definitions):
            raise ValueError(
                f"no definition {self.number}: the list has {len(self.definitions)}, counted from 0"
            )
        return self

    @property
    def chosen(self) -> Definition:
        """The seed's own definition."""
        return self.definitions[self.number]


class Entry(BaseModel):
    """The instance seed of the variant `paper`: a word and its definitions, without a choice."""

    model_config = ConfigDict(frozen=True)

    word: str
    definitions: tuple[Definition, ...]


class WicRow(BaseModel):
    """A row in its official form, without `idx`.

    Offsets count characters, the end is exclusive, and the span is the word as the sentence has it,
    inflected or not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    word: str
    sentence1: str
    sentence2: str
    start1: int
    end1: int
    start2: int
    end2: int
    version: float = VERSION
    label: bool

    @field_validator("version")
    @classmethod
    def _known(cls, version: float) -> float:
        if version != VERSION:
            raise ValueError(f"version is {version}; the official files have version {VERSION}")
        return version

    @model_validator(mode="after")
    def _spans(self) -> Any:
        if not self.word.strip():
            raise ValueError("word is empty")
        for number, sentence, start, end in (
            (1, self.sentence1, self.start1, self.end1),
            (2, self.sentence2, self.start2, self.end2),
        ):
            if not 0 <= start < end <= len(sentence):
                raise ValueError(
                    f"start{number} {start} and end{number} {end} are not a span of "
                    f"sentence{number}, which has {len(sentence)} characters"
                )
            surface = sentence[start:end]
            if not is_form(surface, self.word):
                raise ValueError(
                    f"sentence{number} has {surface!r} at {start}, not a form of {self.word!r}"
                )
        return self


_ALIKE = 80  # similarity from which two definitions, or two sentences, say the same
_OVERLAP = 0.6  # share of words in common from which two definitions do
_WORD = re.compile(r"[a-z]{2,20}")
_HEADED = re.compile(r"^\W*(?:definition|meaning|sense|noun|verb)\s*\d*\s*[.):]", re.IGNORECASE)
_TWO_PARTS = re.compile(  # "a sound, or the sign for it", not "a plan, an order, or a rule"
    r";|^[^,]*,? or (?:also )?to\b|^[^,]*, (?:or|and) (?:also )?(?:a|an|the)\b[^,]*$"
)
_QUOTES = "\"'“”‘’«»"
# Short and common words do not indicate a sentence's subject.
_COMMON = frozenset(
    "about again already always another around because before behind being between both could "
    "didn't doesn't don't down during each enough even every everyone everything first from "
    "having here into isn't itself just last later many might more most much must near never "
    "next once only other ours over right same several should since some soon still than that "
    "their them then there these they this those though through today together took under "
    "until upon very wasn't were what when where whether which while whole will with within "
    "without would your yours".split()
)


def check_word(word: str) -> None:
    """A word is one word of lower-case letters.

    Raises:
        Rejected: `no-single-word`.
    """
    if not _WORD.fullmatch(word):
        raise Rejected("no-single-word", f"{word[:60]!r} is no single word of plain letters")


def check_definition(definition: Definition, word: str) -> None:
    """A definition is a phrase of 2 to 25 words that explains one meaning of a noun or verb.

    Raises:
        Rejected: `part-of-speech`, `two-meanings`, `no-words`, `too-short`, `too-long`,
            `markup`, `meta-text`, `not-latin`, or `circular`: the word
            explains itself.
    """
    text = definition.definition
    if definition.part_of_speech not in ("noun", "verb"):
        raise Rejected("part-of-speech", f"{definition.part_of_speech!r} is neither noun nor verb")
    phrase(text, max_words=25, what="definition")
    if _HEADED.search(text):
        raise Rejected("meta-text", f"the definition has a heading: {text[:60]!r}")
    # As a sentence, so that the tests of sentences apply: markup, meta-text, other scripts.
    prose(f"{text}.", min_words=2, max_words=25, what="definition")
    if _TWO_PARTS.search(text):
        raise Rejected("two-meanings", f"{text!r} gives two meanings in one definition")
    if find(word, text):
        raise Rejected("circular", f"{text!r} explains {word!r} with itself")


def check_sense(sense: Sense) -> None:
    """A sense is a sound definition, none before it says the same, and it has a partner.

    Raises:
        Rejected: a reason of `check_definition`, `no-single-word`,
            `near-equal-definitions`, or `no-partner`: the word has no other
            meaning of the same part of speech.
    """
    check_word(sense.word)
    check_definition(sense.chosen, sense.word)
    for earlier in sense.definitions[: sense.number]:
        if near_equal(sense.chosen, earlier):
            raise Rejected(
                "near-equal-definitions",
                f"{sense.chosen.definition!r} says what {earlier.definition!r} says",
            )
    if not partners(sense):
        raise Rejected(
            "no-partner", f"{sense.word!r} has one meaning as a {sense.chosen.part_of_speech}"
        )


def check_entry(entry: Entry) -> None:
    """A word with two definitions or more.

    Raises:
        Rejected: `no-single-word` or `no-partner`.
    """
    check_word(entry.word)
    if len(entry.definitions) < 2:
        raise Rejected("no-partner", f"{entry.word!r} has one meaning")


def distinct(word: str, definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """Return the sound definitions of a word, without those that repeat an earlier one."""
    kept: list[Definition] = []
    for definition in definitions:
        if _is_sound(definition, word) and not any(near_equal(definition, one) for one in kept):
            kept.append(definition)
    return tuple(kept)


def near_equal(one: Definition, other: Definition) -> bool:
    """Return whether two definitions of a word hardly differ."""
    if one.part_of_speech != other.part_of_speech:
        return False
    first, second = content_words(one.definition), content_words(other.definition)
    overlap = len(first & second) / max(1, len(first | second))
    return overlap >= _OVERLAP or similarity(one.definition, other.definition) >= _ALIKE


def is_near(one: Definition, other: Definition) -> bool:
    """Return whether two meanings lie close together, according to their list."""
    return bool(one.family) and one.family == other.family


def partners(sense: Sense) -> list[int]:
    """The places of definitions that *false* draws from: others of the same part of speech."""
    return [
        number
        for number, other in enumerate(sense.definitions)
        if number != sense.number
        and other.part_of_speech == sense.chosen.part_of_speech
        and _is_sound(other, sense.word)
        and not near_equal(other, sense.chosen)
    ]


def _is_sound(definition: Definition, word: str) -> bool:
    try:
        check_definition(definition, word)
    except Rejected:
        return False
    return True


def locate(word: str, sentence: str, part_of_speech: PartOfSpeech | None = None) -> Span:
    """Return the place of the word in a sentence that has it once.

    A sentence with two occurrences is refused. The second may have another meaning, and a reader
    who only sees the word cannot know which one is meant.

    Raises:
        Rejected: `word-missing` (no form of the word, or of that part of speech) or
            `repeated-word`. Or `compound` (it is part of a hyphenated word) or `mention` (it is
            quoted, not used).
    """
    spans = find(word, sentence)
    fitting = find(word, sentence, part_of_speech) if part_of_speech else spans
    if not fitting:
        kind = f" as a {part_of_speech}" if part_of_speech else ""
        raise Rejected("word-missing", f"no form of {word!r}{kind} is in {sentence[:80]!r}")
    if len(spans) > 1:
        raise Rejected("repeated-word", f"{word!r} occurs {len(spans)} times in {sentence[:80]!r}")
    (span,) = fitting
    before, after = sentence[max(0, span.start - 1) : span.start], sentence[span.end : span.end + 1]
    if "-" in (before, after):
        raise Rejected("compound", f"{word!r} is part of a longer word in {sentence[:80]!r}")
    if before and after and before in _QUOTES and after in _QUOTES:
        raise Rejected("mention", f"{word!r} is in quotation marks in {sentence[:80]!r}")
    return span


def shared_words(word: str, sentence1: str, sentence2: str) -> set[str]:
    """Words of content that both sentences hold, the forms of the word itself apart.

    As in sentence 1: "trains" if sentence 2 has "train".
    """
    own = forms(word)
    one, two = _content(sentence1, own), _content(sentence2, own)
    return {one[stem] for stem in one.keys() & two.keys()}


def _content(sentence: str, own: frozenset[str]) -> dict[str, str]:
    """Longer words by what is left without a plural's ending; "trains" and "train" are one."""
    plain = {part.removesuffix("'s").removesuffix("’s") for part in content_words(sentence)}
    kept = (part for part in plain - own if len(part) > 3 and part not in _COMMON)
    return {_singular(part): part for part in sorted(kept)}


def _singular(word: str) -> str:
    """The word without a plural's s: "glass" keeps its own."""
    if word.endswith("sses"):
        return word.removesuffix("es")
    return word if word.endswith("ss") else word.removesuffix("s")


def check_sentences(word: str, sentences: Sequence[str]) -> None:
    """Two sentences about different things.

    Raises:
        Rejected: `same-sentence`, `shared-words`.
    """
    one, two = sentences
    _check_differ(one, two)
    shared = shared_words(word, one, two)
    if shared:
        raise Rejected(
            "shared-words",
            f"both sentences hold {', '.join(sorted(shared))}; beside {word!r} they must share "
            "no word of content",
        )


def _check_differ(one: str, two: str) -> None:
    if is_copy(one, two) or similarity(one, two) >= _ALIKE:
        raise Rejected("same-sentence", "the two sentences hardly differ")


def check_row(row: WicRow, seed: Sense | Entry) -> None:
    """A row of `check_row_paper` whose sentences are about different things.

    Raises:
        Rejected: a reason of `check_row_paper` or `check_sentences`.
    """
    check_row_paper(row, seed)
    check_sentences(row.word, (row.sentence1, row.sentence2))


def check_row_paper(row: WicRow, seed: Sense | Entry) -> None:
    """A row is two clean sentences, each with the word of its seed in it once.

    Raises:
        Rejected: a reason of `prose` or `locate`, or `word-changed`, `wrong-span`,
            `definition-copied` or `same-sentence`.
    """
    if row.word != seed.word:
        raise Rejected("word-changed", f"the word is {row.word!r}, not {seed.word!r}")
    for sentence, span in (
        (row.sentence1, Span(row.start1, row.end1)),
        (row.sentence2, Span(row.start2, row.end2)),
    ):
        prose(sentence, min_words=2, max_words=30, what="sentence")
        if locate(row.word, sentence) != span:
            raise Rejected("wrong-span", f"{row.word!r} is not at {span} of {sentence[:80]!r}")
        for definition in seed.definitions:
            words = normalized(definition.definition)
            if words.count(" ") >= 3 and words.removeprefix("to ") in normalized(sentence):
                raise Rejected("definition-copied", "a sentence repeats a definition")
    _check_differ(row.sentence1, row.sentence2)
