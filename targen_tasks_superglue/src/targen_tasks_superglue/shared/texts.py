"""Passages and phrases taken apart: sentences, copies, mentions, and cues for the analysis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.tasks.words import normalized, words
from targen_standard.checks.copies import similarity

_END = re.compile(
    r"(?P<last>(?<![^\s.!?…])[^\s.!?…]++|(?<!\S))(?P<stop>[.!?…]++)[\"”’')\]]*+"
    r"(?=\s++[\"“‘'(\[]*+(?P<next>[A-ZÀ-ÞĀ-Ž0-9]))"
)
# Behind these, and behind "Mr.", "St.", "U.S." and single letters, a stop ends no sentence.
_ABBREVIATIONS = frozenset(
    "adm al approx assn assoc brig bros calif capt cf cmdr col conn corp cpl dept esp gen gov hon "
    "insp lieut lt ltd maj messrs minn mmes mr mrs ms pres prof pvt rep reps rev sen sens sept sgt "
    "supt univ viz vs".split()
)
# After these, a full stop before a figure does not end a sentence: "No. 5", "Jan. 12".
_NUMBERED = frozenset(
    "apr art aug ca chap dec est feb fig figs jan jul jun mar no nos nov oct par pp sec sect tab "
    "vol vols".split()
)


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, without outer spaces.

    Where an end is in doubt the two stay together: a wrong split is worse.
    "Mr. Li", "U.S. Army", "J. K. Lund", "No. 5" and "Roe vs. Wade" are whole.
    """
    parts: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if not _ends(end):
            continue
        parts.append(text[start : end.end()].strip())
        start = end.end()
    parts.append(text[start:].strip())
    return [sentence for sentence in parts if sentence]


def _ends(stop: re.Match[str]) -> bool:
    """Return whether a stop in front of a capital or a figure ends its sentence."""
    if stop["stop"] != ".":
        return True  # no abbreviation ends in "!" or "…"
    word = stop["last"].strip("\"“‘'(")
    if not word[-1:].isalpha():
        return bool(word)
    word = re.split(r"[^\w]", word)[-1]
    if word.casefold() in _ABBREVIATIONS:
        return False
    if stop["next"].isdigit() and word.casefold() in _NUMBERED:
        return False
    # "Dr", "Co" and "Li" are in doubt; "so", "BBC" and "II" are not.
    return len(word) > 2 or (len(word) == 2 and (word.islower() or word.isupper()))


def copied_from(text: str, passage: str, *, threshold: float = 90.0) -> str | None:
    """The sentence of a passage that a text repeats, whole or in part, or None.

    A text repeats a sentence if some run of as many words, without case and punctuation, is similar
    to the text by `threshold`.
    """
    text_words = normalized(text).split()
    if not text_words:
        return None
    for sentence in sentences(passage):
        words = normalized(sentence).split()
        for start in range(max(1, len(words) - len(text_words) + 1)):
            run = " ".join(words[start : start + len(text_words)])
            if similarity(" ".join(text_words), run) >= threshold:
                return sentence
    return None


_EDGE = re.compile(r"^[\W_]+|[\W_]+$")
_POSSESSIVE = re.compile(r"'s[\W_]*$")


def core(token: str) -> str:
    """A token as comparisons see it: "Nurse's," is "nurse"."""
    return _EDGE.sub("", _POSSESSIVE.sub("", token.replace("\u2019", "'").casefold()))


def words_of(text: str) -> list[str]:
    """Return the tokens of a text for comparisons, without those that are only punctuation."""
    return [word for word in map(core, text.split()) if word]


def same_words(text: str, other: str) -> bool:
    """Return whether two texts are the same words, whatever their spaces."""
    return words_of(text) == words_of(other)


def find(phrase: str, tokens: Sequence[str]) -> list[int]:
    """The indexes of the tokens at which a phrase begins."""
    phrase_words = words_of(phrase)
    text_words = [core(token) for token in tokens]
    last = len(text_words) - len(phrase_words)
    return [
        start
        for start in range(last + 1)
        if phrase_words and text_words[start : start + len(phrase_words)] == phrase_words
    ]


def mentions(first: str, second: str, tokens: Sequence[str]) -> tuple[list[int], list[int]]:
    """Where a text names each of two phrases.

    A mention of one inside a mention of the other does not count: the "captain" of "captain's cook"
        is the cook.
    """
    size = (len(words_of(first)), len(words_of(second)))
    at = (find(first, tokens), find(second, tokens))
    longer, shorter = (0, 1) if size[0] >= size[1] else (1, 0)
    taken = {start + step for start in at[longer] for step in range(size[longer])}
    left = [start for start in at[shorter] if start not in taken]
    return (at[0], left) if longer == 0 else (left, at[1])


_NEGATIONS = frozenset(
    "no not never none nobody nothing nowhere neither nor without cannot hardly scarcely".split()
)
_FIRST = re.compile(r"\W*[^\W\d]\w*")
_NAME = re.compile(r"\b(?:[A-Z]\w*|\d[\d.,]*)")
_TOKEN = re.compile(r"\d[\d.,]*|\w+")


def is_labeled(row: Mapping[str, Any]) -> bool:
    """Return whether a row has its label, which test files lack."""
    return row.get("label") is not None


def negations(text: str) -> int:
    """Count the words of a text that negate: "not", "never", "didn't"."""
    return sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words(text))


def new_names(text: str, known: str) -> set[str]:
    """Return numbers and capitalised words (except the first) that another text lacks."""
    opening = _FIRST.match(text)
    names = _NAME.findall(text, opening.end() if opening else 0)
    there = {token.strip(".,") for token in _TOKEN.findall(known.casefold())}
    return {name.strip(".,").casefold() for name in names} - there


def shared(text: str, of: str) -> float:
    """Return the share of a text's different words that another contains; 0 without words."""
    mine = set(words(text))
    return len(mine & set(words(of))) / len(mine) if mine else 0.0


def beside(values: Sequence[float]) -> list[float]:
    """Return each value less the mean of the others; 0 for a single value."""
    total, others = sum(values), max(1, len(values) - 1)
    return [value - (total - value) / others for value in values] if len(values) > 1 else [0.0]


def beside_lengths(texts: Sequence[str]) -> list[tuple[float, ...]]:
    """Return each option's length in words and characters, less the mean of the others."""
    in_words = beside([len(words(text)) for text in texts])
    return list(zip(in_words, beside([len(text) for text in texts]), strict=True))
