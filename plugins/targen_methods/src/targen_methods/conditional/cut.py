"""Where a text ends in what a model wrote on after an open quotation mark.

A model that only continues does not know when to stop, and a chat model may close the quotation
and talk on. The rules are those of ZeroGen's and SuperGen's code, with the marks of other scripts.
"""

from __future__ import annotations

import re

from targen_core import Rejected

__all__ = ["ENDS", "kept", "legal_length"]

ENDS = ".?!。？！।؟"
"""Marks that end a sentence."""

_QUOTES = '"“”„«»'
_BEFORE = re.compile(rf"[\s{_QUOTES}]*")
_BREAK = re.compile(rf"[{_QUOTES}]|\n")


def kept(reply: str, *, ends: str = ENDS, first: bool = False) -> tuple[int, int]:
    """From where to where a reply is the text that was wanted.

    Quotation marks and spaces at the beginning do not count. The text reaches to the first
    quotation mark or the end of the line; where there is neither, to the last mark of `ends`, since
    what follows is part of a sentence. With `first`, it reaches to the first of these marks that
    ends a sentence, before any quotation mark and line end.

    Args:
        reply: what the model wrote.
        ends: the marks.
        first: take one sentence.

    Raises:
        Rejected: `no-end`, where no rule finds an end.
    """
    opening = _BEFORE.match(reply)
    start = opening.end() if opening is not None else 0
    stop = _BREAK.search(reply, start)
    if first:
        line = stop.start() if stop is not None else len(reply)
        mark = re.compile(rf"[{re.escape(ends)}](?=\s+[^\sa-z]|\s*$)")
        if found := mark.search(reply[:line], start):
            return start, found.end()
    elif stop is not None:
        return start, stop.start()
    elif (last := max(reply.rfind(mark) for mark in ends)) >= start:
        return start, last + 1
    raise Rejected("no-end", f"nothing ends a text in {reply[:200]!r}")


def legal_length(text: str, fewest: int) -> str:
    """A text that has so many words.

    Raises:
        Rejected: `too-short`.
    """
    if len(text.split()) < fewest:
        raise Rejected("too-short", f"fewer than {fewest} words: {text[:200]!r}")
    return text
