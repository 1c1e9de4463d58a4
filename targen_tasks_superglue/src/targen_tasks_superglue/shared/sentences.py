"""Passages taken apart: their sentences, and whether one of them was copied."""

from __future__ import annotations

import re

from targen_core.tasks.words import normalized
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
