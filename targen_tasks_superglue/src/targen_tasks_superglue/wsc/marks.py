"""Passages as the model writes them: every pronoun marked with whom it means.

`The nurse woke the patient because [she=nurse] had a pill to give.` is read
into the text without marks and the places of its pronouns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from targen_core import Rejected
from targen_tasks_superglue.shared.mentions import core, words_of
from targen_tasks_superglue.shared.subjects import PRONOUNS, PronounPair

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
