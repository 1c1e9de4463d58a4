"""Passages taken apart: their sentences, and whether one of them was copied."""

from __future__ import annotations

import re

from targen_core.tasks.checks import normalised, similarity

__all__ = ["copied_from", "sentences"]

# An end is a stop behind a longer word, a number or a bracket, and a capital
# (or a figure) behind it: "Mr. Li", "U.S. Army" and "No. 5" end no sentence.
_ABBREVIATIONS = (
    "Assn Assoc Brig Bros Calif Capt Cmdr Col Conn Corp Dept Gen Gov Insp Lieut Maj Messrs Minn "
    "Mrs Prof Rev Sen Sept Sgt Supt Univ"
).split()
_END = re.compile(
    r"(?:(?<=[a-zà-ÿ]{2})|(?<=[0-9)\]%]))"
    + "".join(rf"(?<!\b{word})" for word in _ABBREVIATIONS)
    + r"[.!?…]+[\"”’')]*(?=\s+[\"“‘'(]?[A-ZÀ-ÞĀ-Ž0-9])"
)


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, without outer spaces.

    Where an end is in doubt the two stay together: a wrong split is worse.
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def copied_from(text: str, passage: str, *, threshold: float = 90.0) -> str | None:
    """The sentence of a passage that a text repeats, whole or in part, or None.

    A text repeats a sentence when some run of as many words in it, read
    without case and punctuation, is similar to the text by `threshold`.
    """
    wanted = normalised(text).split()
    if not wanted:
        return None
    for sentence in sentences(passage):
        words = normalised(sentence).split()
        for start in range(max(1, len(words) - len(wanted) + 1)):
            run = " ".join(words[start : start + len(wanted)])
            if similarity(" ".join(wanted), run) >= threshold:
                return sentence
    return None
