"""Find the end of a text that a model wrote after an open quotation mark.

A model that only continues does not know when to stop, and a chat model may close the quotation and
talk on. The rules are those of ZeroGen's and SuperGen's code, with the marks of other scripts.
Quotations within the text are the exception: they are distinguished from its end, while the
authors' code stops at the first mark of any kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from targen_core import Rejected

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
