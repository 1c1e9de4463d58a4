"""The inflected forms of an English word, and its place in a sentence.

Code finds the spans, not the model: a model miscounts characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Literal


def _table(lines: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split() for line in lines.split("\n") if line and line[0] != "#")
    return {word: tuple(forms) for word, *forms in rows}


_TABLES = (files(__package__) / "irregular.txt").read_text(encoding="utf-8").split("\n\n")

VERBS, NOUNS = map(_table, _TABLES)
"""Irregular words -> all forms in place of the regular -ed or -s; "be", "have", "do" have more."""

PREFIXES = tuple("counter fore inter mis out over re through un under up with".split())
"""Prefixes of irregular verbs: over-come, under-take, with-draw."""

CLITICS = {"have": ("'ve",), "be": ("'m", "'re"), "will": ("'ll",)}
"""Short forms of only one verb each; 's and 'd may be either of two."""


PartOfSpeech = Literal["noun", "verb"]

_VOWELS = "aeiou"
_NO_MEN = frozenset("caiman human ottoman roman shaman talisman".split())
_APOSTROPHES = ("'", "’")
_CLITICS = frozenset(form[1:] for short in CLITICS.values() for form in short)
_NOT = re.compile(r"['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence: character offsets, the end exclusive."""

    start: int
    end: int


def is_form(surface: str, word: str, part_of_speech: PartOfSpeech | None = None) -> bool:
    """Return whether `surface` is a form of `word`, whatever its case.

    Without a part of speech, of the noun or of the verb.
    """
    return _plain(surface) in forms(_plain(word), part_of_speech)


def find(word: str, sentence: str, part_of_speech: PartOfSpeech | None = None) -> list[Span]:
    """Return the places of forms of `word` in `sentence`, from left to right.

    A form is found between characters that are not letters: "key" not in "monkey", but in
        "key-ring" and "key's". In a contraction only the verb counts: "does" of "doesn't", "'ve" of
        "I've".
    """
    word_forms = forms(_plain(word), part_of_speech)
    return [
        span for span in _tokens(sentence) if _plain(sentence[span.start : span.end]) in word_forms
    ]


def _tokens(sentence: str) -> Iterator[Span]:
    """Runs of letters; of a contraction its verb, a short verb with its apostrophe."""
    for is_word, run in groupby(enumerate(sentence), key=lambda place: place[1].isalpha()):
        if not is_word:
            continue
        places = [place for place, _ in run]
        start, end = places[0], places[-1] + 1
        said = sentence[start:end].lower()
        if said in _CLITICS and start > 1:  # the ve of "I've"
            joined = sentence[start - 1] in _APOSTROPHES and sentence[start - 2].isalpha()
            start -= joined
        elif said.endswith("n") and said != "can" and _NOT.match(sentence, end):
            end -= 1  # "doesn't" is does + n't; "can't" keeps its n
        if start < end:
            yield Span(start, end)


def _plain(text: str) -> str:
    return text.lower().replace("’", "'")


@lru_cache(maxsize=4096)
def forms(word: str, part_of_speech: PartOfSpeech | None = None) -> frozenset[str]:
    """Every inflected form of a lower-case word, itself included.

    By the rules of regular spelling and a table of irregular words. Where two
    spellings are in use (travelled, traveled), both are given.
    """
    noun = {*_nouns(word), word} if part_of_speech != "verb" else set()
    verb = {*_verbs(word), word} if part_of_speech != "noun" else set()
    return frozenset(noun | verb)


def _nouns(word: str) -> Iterator[str]:
    if word in NOUNS:
        yield from NOUNS[word]
    elif word.endswith("man") and word not in _NO_MEN:
        yield f"{word[:-3]}men"
        yield f"{word}s"
    else:
        yield from _with_s(word)


def _verbs(word: str) -> Iterator[str]:
    yield from CLITICS.get(word, ())
    prefix, root = next(
        (
            (start, word.removeprefix(start))
            for start in ("", *PREFIXES)
            if word.startswith(start) and word.removeprefix(start) in VERBS
        ),
        ("", word),
    )
    irregular = [prefix + form for form in VERBS.get(root, ())]
    yield from irregular
    yield from _with_s(word)
    yield from _with_ing(word)
    if root not in VERBS:
        yield from _with_ed(word)


def _with_s(word: str) -> Iterator[str]:
    if _ends_in_consonant_y(word):
        yield f"{word[:-1]}ies"
        return
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        yield f"{word}es"
        if word.endswith(("s", "z")) and _doubles(word):
            yield f"{word}{word[-1]}es"
    if not word.endswith(("s", "x", "z", "sh")):  # "ch" and "o" have both: lochs, echoes, photos
        yield f"{word}s"


def _with_ed(word: str) -> Iterator[str]:
    if word.endswith("e"):
        yield f"{word}d"
    elif _ends_in_consonant_y(word):
        yield f"{word[:-1]}ied"
    else:
        yield from (f"{stem}ed" for stem in _stems(word))


def _with_ing(word: str) -> Iterator[str]:
    if word.endswith("ie"):
        yield f"{word[:-2]}ying"
    elif word.endswith("e") and len(word) > 2 and not word.endswith(("ee", "oe", "ye")):
        yield f"{word[:-1]}ing"
        if word.endswith("ge"):  # ageing, singeing
            yield f"{word}ing"
    elif word.endswith("e"):
        yield f"{word}ing"
    else:
        yield from (f"{stem}ing" for stem in _stems(word))


def _stems(word: str) -> Iterator[str]:
    """Yield the stems that take -ed and -ing: the word, with its last letter doubled, or both."""
    doubled = _doubles(word)
    if doubled != "must":
        yield word
    if doubled:
        yield word + word[-1]
    if word.endswith("c"):
        yield f"{word}k"


def _doubles(word: str) -> Literal["", "may", "must"]:
    """Return whether the last letter is doubled: after one vowel, in words of one syllable."""
    if len(word) < 3 or word[-1] in _VOWELS + "cwxy":
        return ""
    letters = word.replace("qu", "qw")
    if letters[-2] not in _VOWELS + "y" or letters[-3] in _VOWELS:
        return ""
    syllables = len(re.findall(r"[aeiouy]+", letters))
    # Of longer words the stress decides (offered, referred), and the country (travelled).
    return "may" if syllables > 1 or word.endswith("s") else "must"


def _ends_in_consonant_y(word: str) -> bool:
    letters = word.replace("qu", "qw")
    return len(word) > 2 and letters.endswith("y") and letters[-2] not in _VOWELS
