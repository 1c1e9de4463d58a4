"""Spans in a user's file, in other tools' formats, with errors that say what to change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from targen_core.hints import did_you_mean
from targen_core.tasks.letters import MARKS, UNSPACED
from targen_outputs.marks import Span

_KEYS = ("start", "end", "type", "text")
_OTHERS = ("token_start", "token_end")  # of Prodigy, which follow from the offsets
_SHOWN = 40  # characters of a span in an error
_LETTER = rf"[^\W\d_{UNSPACED}]"
_WITHIN = re.compile(rf"(?:(?<={_LETTER})|(?<=[{MARKS}]))(?:[{MARKS}]|{_LETTER})")  # a word
_UNITS = (("UTF-16 units", "utf-16-le", 2), ("bytes", "utf-8", 1))


def own_spans(spans: Sequence[Any], text: str, *, overlap: bool) -> list[Span]:
    """Return spans as in a row: each with its text, in the order of the text.

    A span needs a start, an end and a type. The type may be called `label`, as in Prodigy, or be
    the only one of `labels`, as in Label Studio. A span may also be a list of all three, as in
    spaCy.

    Raises:
        ValueError: one is not a span of the text, or overlaps another, which is not allowed.
    """
    found = [(_span(span, f"spans.{number}", text), number) for number, span in enumerate(spans)]
    found.sort(key=lambda item: item[0]["start"])
    for (one, above), (other, number) in pairwise(found):
        if not overlap and other["start"] < one["end"]:
            raise ValueError(
                f"spans.{number}: {_short(other['text'])} overlaps {_short(one['text'])} of "
                f"spans.{above}; to allow this, set overlap: true under output in the task file"
            )
    return [span for span, _ in found]


def seems_misplaced(span: Any, text: str) -> str:
    """Return the words of a span without its text that cuts a word or ends in spaces; or "".

    `own_spans` accepts it.
    """
    if isinstance(span, Mapping) and span.get("text") is not None:
        return ""
    start, end = (span["start"], span["end"]) if isinstance(span, Mapping) else span[:2]
    said = text[start:end]
    cuts = any(_WITHIN.match(text, at) for at in (start, end))
    return said if cuts or said != said.strip() else ""


def _span(span: Any, where: str, text: str) -> Span:
    if isinstance(span, list | tuple) and len(span) == len(_KEYS[:3]):
        span = dict(zip(_KEYS, span, strict=False))
    if not isinstance(span, Mapping):
        raise ValueError(f'{where}: it must be {{"start": …, "end": …, "type": …}}')
    span = {key: value for key, value in span.items() if key not in _OTHERS}
    labels = span.get("labels")
    if "type" not in span and "label" in span:
        span["type"] = span.pop("label")
    elif "type" not in span and isinstance(labels, list) and len(labels) == 1:
        span["type"] = span.pop("labels")[0]
    for key in span:
        if key not in _KEYS:
            raise ValueError(f"{where}.{key}: unknown key; {did_you_mean(key, _KEYS, 'keys')}")
    for key in _KEYS[:3]:
        if key not in span:
            raise ValueError(f"{where}.{key}: it is missing; a span needs start, end and type")
    start, end = span["start"], span["end"]
    if not all(type(place) is int for place in (start, end)):
        raise ValueError(f"{where}: start and end must be whole numbers, not {start!r} and {end!r}")
    if not 0 <= start < end:
        raise ValueError(
            f"{where}: it starts at {start} and ends at {end}, so it has no characters"
        )
    said, given = text[start:end], span.get("text")
    if end > len(text) or given not in (None, said):
        raise ValueError(f"{where}: {_misplaced(start, end, given, text)}")
    return {key: {**span, "text": said}[key] for key in _KEYS}


def _misplaced(start: int, end: int, given: Any, text: str) -> str:
    if end > len(text):
        problem = f"it ends at {end}, but the text has only {len(text)} characters"
    else:
        problem = f"the text at {start}:{end} is {_short(text[start:end])}, not {_short(given)}"
    if not isinstance(given, str) or not given:
        return problem
    if (at := text.find(given)) >= 0:
        problem += f"; {_short(given)} is at {at}:{at + len(given)}"
    for unit, encoding, width in _UNITS:
        place = slice(start * width, end * width)
        if text.encode(encoding, "surrogatepass")[place] == given.encode(encoding, "surrogatepass"):
            return f"{problem}; {start}:{end} counts {unit}, but targen counts characters"
    return f"{problem}; offsets count characters from 0"


def _short(text: Any) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
