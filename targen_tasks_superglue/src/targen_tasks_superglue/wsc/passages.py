"""WSC rows, and passages as the model writes them: every pronoun marked with whom it means.

`The nurse woke the patient because [she=nurse] had a pill to give.` is read
into the text without marks and the places of its pronouns.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, model_validator

from targen_core import Rejected
from targen_standard.checks.prose import prose
from targen_tasks_superglue.shared.subjects import PRONOUNS, PronounPair
from targen_tasks_superglue.shared.texts import core, mentions, same_words, sentences, words_of


class Target(BaseModel):
    """The two spans: 1 is the phrase in question, 2 the pronoun.

    Indexes count whitespace tokens of the row's text, from 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    span1_text: str
    span1_index: int
    span2_text: str
    span2_index: int


class WscRow(BaseModel):
    """A row in its official form, without `idx`.

    Each span's words must be at its index, up to case, punctuation at their edges, a possessive 's
    and white space.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    target: Target
    label: bool

    @model_validator(mode="after")
    def _spans_stand_in_the_text(self) -> WscRow:
        target = self.target
        _require(self.text, "span1", target.span1_text, target.span1_index)
        _require(self.text, "span2", target.span2_text, target.span2_index)
        return self


def _require(text: str, name: str, span: str, index: int) -> None:
    tokens, size = text.split(), len(span.split())
    if not size:
        raise ValueError(f"{name}_text is empty")
    if not 0 <= index <= len(tokens) - size:
        raise ValueError(f"{name}_index {index} is outside the text, which has {len(tokens)} words")
    actual = " ".join(tokens[index : index + size])
    if not same_words(actual, span):
        raise ValueError(f"{name}_text is {span!r}, but the text has {actual!r} at word {index}")


def marked(text: str, index: int, pronoun: str) -> str:
    """Return the text with its pronoun in brackets, since it may have the form several times.

    A text without such a word is returned unchanged.
    """
    tokens = text.split()
    if not 0 <= index < len(tokens):
        return text
    token = tokens[index]
    # The token may have punctuation around the pronoun, or an 's behind it.
    tokens[index] = token.replace(pronoun, f"[{pronoun}]", 1) if pronoun in token else f"[{token}]"
    return " ".join(tokens)


_MARK = re.compile(r"\[([^\[\]]*)\]")
_INSIDE = re.compile(r"\s*([A-Za-z]+)\s*=\s*(.*\S)\s*")
_WORD = re.compile(r"[A-Za-z]+")
_INSIDE_A_SENTENCE = re.compile(r"[^\W_][,;]? $")  # how a text ends before such a word
_ARTICLES = ("the", "a", "an")
_OF_THINGS = {"themself", *PRONOUNS["it"], *PRONOUNS["they"]}
_OF_PEOPLE = {"themself", *(form for set_ in ("he", "she", "they") for form in PRONOUNS[set_])}


@dataclass(frozen=True, slots=True)
class MarkedPronoun:
    """A pronoun of a passage: its text, the token that contains it, and whom it means.

    `alone` says whether the token is only the pronoun and signs that do not count: "he," is, "he'd"
    is not.
    """

    text: str
    index: int
    means: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage without its marks, and its pronouns in order."""

    text: str
    pronouns: tuple[MarkedPronoun, ...]


def read_passage(marked: str, pair: PronounPair) -> Passage:
    """Take the marks out of a passage about a pair.

    Articles, capitals and spaces in a mark do not count. `Subject 1` and `Subject 2` mean the
    pair's phrases, and so do the last words of only one of them ("officer" for "security officer").
    A pronoun with a capital inside a sentence loses it. White space becomes single spaces, and a
    dash that joins two words gets spaces, so that words are tokens.

    Raises:
        Rejected: `malformed-mark` (brackets that are not `[pronoun=phrase]`), `wrong-pronoun` (a
            form of another pronoun), `unknown-referent` (it names neither phrase, or both),
            `unmarked-pronoun` or `no-mark`.
    """
    spaced = " ".join(re.sub(r"\s*[\u2014\u2015]\s*", " \u2014 ", marked).split())
    text = ""
    marks: list[tuple[int, str, str]] = []
    end = 0
    for mark in _MARK.finditer(spaced):
        text += spaced[end : mark.start()]
        word, means = _read_mark(mark[1], pair)
        if _INSIDE_A_SENTENCE.search(text):
            word = word.lower()  # "because [She=Nurse] had" would otherwise have the pronoun "She"
        marks.append((len(text), word, means))
        text += word
        end = mark.end()
    text += spaced[end:]
    if "[" in text or "]" in text:
        raise Rejected("malformed-mark", f"a bracket is left open: {text[:80]!r}")
    starts = {start for start, _, _ in marks}
    # What "it" means next to people, and who "she" is next to things, does not matter.
    every_form = _OF_THINGS if pair.pronoun == "it" else _OF_PEOPLE
    for match in _WORD.finditer(text):
        if match[0].lower() in every_form and match.start() not in starts:
            raise Rejected("unmarked-pronoun", f"{match[0]!r} has no mark: {text[:80]!r}")
    if not marks:
        raise Rejected("no-mark", f"no pronoun is marked: {text[:80]!r}")
    return Passage(text, tuple(_placed(text, *mark) for mark in marks))


def _read_mark(inside: str, pair: PronounPair) -> tuple[str, str]:
    """Return the pronoun of a mark as written, and the phrase that it names."""
    parts = _INSIDE.fullmatch(inside)
    if parts is None:
        raise Rejected("malformed-mark", f"[{inside}] is not of the form [pronoun=phrase]")
    word, named = parts[1], words_of(parts[2])
    if word.lower() not in pair.forms:
        raise Rejected("wrong-pronoun", f"{word!r} is none of: {', '.join(pair.forms)}")
    if named and named[0] in _ARTICLES:
        named = named[1:]
    for number, phrase in (("1", pair.first), ("2", pair.second)):
        if named in (words_of(phrase), ["subject", number]):
            return word, phrase
    ends = [text for text in (pair.first, pair.second) if words_of(text)[-len(named) :] == named]
    if named and len(ends) == 1:
        return word, ends[0]
    raise Rejected(
        "unknown-referent",
        f"{parts[2]!r} is neither {pair.first!r} nor {pair.second!r}",
    )


def _placed(text: str, start: int, word: str, means: str) -> MarkedPronoun:
    for index, token in enumerate(re.finditer(r"\S+", text)):
        if start < token.end():
            return MarkedPronoun(word, index, means, core(token[0]) == word.lower())
    raise AssertionError(f"no word of the text contains the marker [{word}={means}]")


_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_POSSESSIVE = re.compile(r"['\u2019]s$")


def first_mentions(text: str, pair: PronounPair) -> dict[str, int]:
    """The token at which a text first names each phrase of a pair, in the text's order.

    Raises:
        Rejected: `phrase-missing`.
    """
    at = mentions(pair.first, pair.second, text.split())
    starts: dict[str, int] = {}
    for phrase, places in zip((pair.first, pair.second), at, strict=True):
        if not places:
            raise Rejected("phrase-missing", f"{phrase!r} is not named: {text[:80]!r}")
        starts[phrase] = places[0]
    return dict(sorted(starts.items(), key=lambda item: item[1]))


def make_row(
    passage: Passage,
    pair: PronounPair,
    *,
    means_first: bool | None,
    label: bool,
    rng: random.Random,
) -> WscRow:
    """A row of a passage.

    One of its pronouns is drawn, from those that mean the phrase that the text names first, or the
    other one. The label decides which of the two phrases the row asks about. Reflexive pronouns are
    not drawn (grammar settles them), nor pronouns before either phrase, or inside a longer token.
    If `means_first` is None, every pronoun that is a token of its own may be drawn, whomever it
    means.

    Raises:
        Rejected: `phrase-missing`, or `no-pronoun` (no pronoun that can be drawn means that
            phrase).
    """
    named = first_mentions(passage.text, pair)
    order = list(named)
    alone = [pronoun for pronoun in passage.pronouns if pronoun.alone]
    if means_first is None:
        free, meant = alone, "either phrase"
    else:
        free = [pronoun for pronoun in alone if _settled_by_sense(pronoun, named)]
        meant = order[0 if means_first else 1]
        free = [pronoun for pronoun in free if pronoun.means == meant]
    if not free:
        raise Rejected(
            "no-pronoun", f"no pronoun that can be drawn means {meant!r}: {passage.text[:80]!r}"
        )
    drawn = rng.choice(free)
    asked = drawn.means if label else next(phrase for phrase in order if phrase != drawn.means)
    span, index = _span(passage.text, asked, named[asked])
    target = Target(
        span1_text=span, span1_index=index, span2_text=drawn.text, span2_index=drawn.index
    )
    return WscRow(text=passage.text, target=target, label=label)


def means_first_named(row: WscRow, pair: PronounPair) -> bool:
    """Return whether a row's pronoun means the phrase that its text names first, by its label."""
    named = first_mentions(row.text, pair)
    asked = words_of(row.target.span1_text)
    if asked[0] in _ARTICLES:
        asked = asked[1:]
    return (asked == words_of(next(iter(named)))) == row.label


def _settled_by_sense(pronoun: MarkedPronoun, named: Mapping[str, int]) -> bool:
    """Return whether grammar leaves open whom a pronoun means."""
    reflexive = pronoun.text.lower().endswith(("self", "selves"))
    return pronoun.index > max(named.values()) and not reflexive


def _span(text: str, phrase: str, index: int) -> tuple[str, int]:
    """A mention as its span: with the article before it, without outer punctuation and 's."""
    tokens = text.split()
    end = index + len(words_of(phrase))
    if index and core(tokens[index - 1]) in _ARTICLES:
        index -= 1
    return _POSSESSIVE.sub("", _EDGES.sub("", " ".join(tokens[index:end]))), index


def check_row(row: WscRow, seed: PronounPair) -> None:
    """A text of one or two sentences that names both phrases and asks about one of them.

    Raises:
        Rejected: a reason of `prose`, or `too-many-sentences` or `phrase-missing`. Or
            `other-phrase` (span 1 is not one of the pair) or `wrong-pronoun` (span 2 is not of the
            pair's pronoun set).
    """
    prose(row.text, min_words=8, max_words=60, what="passage")
    count = len(sentences(row.text))
    if count > 2:
        raise Rejected("too-many-sentences", f"the passage has {count} sentences, more than 2")
    first_mentions(row.text, seed)
    asked = words_of(row.target.span1_text)
    bare = " ".join(asked[1:] if asked and asked[0] in _ARTICLES else asked)
    if not any(same_words(bare, phrase) for phrase in (seed.first, seed.second)):
        raise Rejected("other-phrase", f"{row.target.span1_text!r} is none of the two subjects")
    if row.target.span2_text.lower() not in seed.forms:
        raise Rejected("wrong-pronoun", f"{row.target.span2_text!r} is none of {seed.forms}")
