"""Spans in users' files, and as marks: `I met <person>Anna</person> in <place>Rome</place>`.

A model marks a text instead of counting its characters. Offsets are in characters (Unicode code
points), from 0; the end is the place after the last one, as in Python.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from targen_core.errors import Rejected
from targen_core.hints import did_you_mean

Span = Mapping[str, Any]
"""`{"start": 6, "end": 10, "type": "person", "text": "Anna"}`."""

_KEYS = ("start", "end", "type", "text")
_OTHERS = ("token_start", "token_end")  # of Prodigy, which follow from the offsets
_SHOWN = 40  # characters of a span in an error

_TAG = re.compile(r"<\s*([^\W\d][\w.-]*)(?:\s[^<>]*)?>(?=.*</\s*\1\s*>)", re.I | re.S)


def read_strictly(text: str, types: Collection[str], copied: str = "") -> tuple[str, list[Span]]:
    """Return what `read_marks` does for a text in which all pairs of tags are to be marks.

    A mark may differ in case from its type, and spaces inside a mark do not add to those around it.

    Args:
        text: the text with its marks.
        types: those that are known.
        copied: a text whose own tags the text may have.

    Raises:
        Rejected: `bad-marks`: as of `read_marks`, or a tag is unknown.
    """
    known = {name.casefold(): name for name in types}
    for tag in _TAG.finditer(text):
        if tag[1].casefold() not in known and tag[0] not in copied:
            said = f"<{tag[1]}> is not a known tag; the tags are {', '.join(types)}"
            raise Rejected("bad-marks", said)
    any_of = "|".join(map(re.escape, sorted(types, key=len)[::-1]))

    def as_known(tag: re.Match[str]) -> str:
        return f"<{tag[1]}{known.get(tag[2].casefold(), tag[2])}>"

    text = re.sub(rf"<\s*(/?)\s*({any_of})\s*>", as_known, text, flags=re.I)
    text = re.sub(rf"(^|\s)((?:<(?:{any_of})>)+)\s+", r"\1\2", text, flags=re.I)
    text = re.sub(rf"\s+((?:</(?:{any_of})>)+)(?=\s|[.,]|$)", r"\1", text, flags=re.I)
    return read_marks(text, types)


def read_marks(text: str, types: Collection[str]) -> tuple[str, list[Span]]:
    """Return a text without its marks, and the spans that they mark, in the order of the text.

    A mark of an unknown type is part of the text. Marks may be nested, or cross each other. Spaces
    at the ends of a span are outside it.

    Raises:
        Rejected: `bad-marks`: a mark is not closed, does not close an open one, or marks no text.
    """
    mark = re.compile(f"<(/?)({'|'.join(map(re.escape, sorted(types, key=len)[::-1]))})>")
    plain: list[str] = []
    opened: dict[str, list[int]] = {}
    found: list[tuple[int, int, str]] = []
    length = at = 0
    for match in mark.finditer(text):
        plain.append(text[at : match.start()])
        length += match.start() - at
        at = match.end()
        closes, kind = match.groups()
        if not closes:
            opened.setdefault(kind, []).append(length)
        elif opened.get(kind):
            found.append((opened[kind].pop(), length, kind))
        else:
            raise Rejected("bad-marks", f"</{kind}> closes no mark")
    plain.append(text[at:])
    if left := [kind for kind, starts in opened.items() if starts]:
        raise Rejected("bad-marks", f"<{left[0]}> is never closed")
    whole = "".join(plain)
    return whole, [_span(whole, *each) for each in sorted(found)]


def _span(text: str, start: int, end: int, kind: str) -> Span:
    said = text[start:end]
    if not said.strip():
        raise Rejected("bad-marks", f"<{kind}></{kind}> marks no text")
    start += len(said) - len(said.lstrip())
    end -= len(said) - len(said.rstrip())
    return {"start": start, "end": end, "type": kind, "text": text[start:end]}


def moved(spans: Sequence[Span], text: str) -> list[Span]:
    """Return spans of a copied text at their places in the text itself, each behind the one before.

    Raises:
        Rejected: `changed-text`: one is not in the text there.
    """
    found: list[Span] = []
    behind = 0
    for span in sorted(spans, key=lambda span: (span["start"], -span["end"])):
        start = text.find(span["text"], behind)
        if start < 0:
            raise Rejected("changed-text", f"{span['text'][:80]!r} is not in the text of the row")
        found.append({**span, "start": start, "end": start + len(span["text"])})
        behind = start + (0 if _holds_more(span, spans) else len(span["text"]))
    return sorted(found, key=lambda span: (span["start"], span["end"], span["type"]))


def _holds_more(span: Span, spans: Sequence[Span]) -> bool:
    """Return whether another span begins within one, which then is to be looked for there."""
    return any(
        other is not span and span["start"] <= other["start"] < span["end"] for other in spans
    )


def marked(text: str, spans: Sequence[Span]) -> str:
    """Return a text with its spans marked."""
    marks = [
        mark
        for span in spans
        for mark in (
            (span["end"], 0, -span["start"], f"</{span['type']}>"),
            (span["start"], 1, -span["end"], f"<{span['type']}>"),
        )
    ]
    parts: list[str] = []
    at = 0
    for place, _, _, mark in sorted(marks):
        parts += [text[at:place], mark]
        at = place
    return "".join([*parts, text[at:]])


def own_spans(spans: Sequence[Any], text: str, *, overlap: bool) -> list[Span]:
    """Return spans as in a row: each with its text, in the order of the text.

    A span needs a start, an end and a type. The type may be called `label`, as in Prodigy, or be
    the only one of `labels`, as in Label Studio. A span may also be a list of all three, as in
    spaCy.

    Raises:
        ValueError: one is not a span of the text, or overlaps another, which is not allowed.
    """
    found = [
        (_own_span(span, f"spans.{number}", text), number) for number, span in enumerate(spans)
    ]
    found.sort(key=lambda item: item[0]["start"])
    for (one, above), (other, number) in pairwise(found):
        if not overlap and other["start"] < one["end"]:
            raise ValueError(
                f"spans.{number}: {_short(other['text'])} overlaps {_short(one['text'])} of "
                f"spans.{above}; to allow this, set overlap: true under output in the task file"
            )
    return [span for span, _ in found]


def _own_span(span: Any, where: str, text: str) -> Span:
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
    if isinstance(given, str) and given and (at := text.find(given)) >= 0:
        problem += f"; {_short(given)} is at {at}:{at + len(given)}"
    return f"{problem}; offsets count characters from 0"


def _short(text: Any) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
