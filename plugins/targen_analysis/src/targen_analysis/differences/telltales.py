"""Telltales: things that a reader also sees in a text, such as marks, openings and words.

They describe how a text is written. A telltale's name describes rows with it, such as "contain a
comma", so that people can read counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from targen_core.tasks.letters import MARKS
from targen_standard.checks.languages import find_language

NAMED = "contain a name (a capital inside a sentence)"
"""The telltale that means nothing where all nouns have capitals; see `has_capital_nouns`."""

_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_ABBREVIATION = re.compile(r"\b(?:[A-Za-z]|mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|no|jr|sr|inc)\.", re.I)
_PLAIN_MARKS = str.maketrans(
    dict(zip("؟،؛۔।（）［］【】", "?,;..()[][]", strict=True))
    | dict(zip("、，：；", (", ", ", ", ": ", "; "), strict=True))  # no space follows these
    | dict.fromkeys("「」『』《》", '"')
)
_HEDGES = "may might could perhaps maybe probably possibly seems seem appears likely apparently"
_NEGATIONS = "not no never nothing nobody none neither cannot without"


def as_seen(text: str, language: str) -> str:
    """Return a text for `SEEN` and `sentences`: marks as in English, without abbreviations' stops.

    A character that is no mark replaces these, so that a text that ends with one has its mark.
    """
    for pattern in filter(None, (_ABBREVIATION, _stops(language))):
        text = pattern.sub(lambda found: found[0].replace(".", "\0"), text)
    return text.translate(_PLAIN_MARKS)


@cache
def _stops(language: str) -> re.Pattern[str] | None:
    known = find_language(language)
    return re.compile(rf"(?<!\w)(?:{known.stops})\.(?=[^\S\n]+\w)", re.I) if known else None


def has_capital_nouns(language: str) -> bool:
    """Return whether a capital inside a sentence does not say that a word is a name."""
    known = find_language(language)
    return known is not None and known.capital_nouns


def sentences(text: str) -> list[str]:
    """The sentences of a text, by their marks; see `as_seen`."""
    return [part for part in _END.split(text) if part and part.strip()]


def _has(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    known = re.compile(pattern, flags)
    return lambda text: known.search(text) is not None


def _word(words: str) -> Callable[[str], bool]:
    return _has(rf"\b(?:{'|'.join(words.split())})\b", re.IGNORECASE)


def _mixed(text: str) -> bool:
    asked = [part.rstrip("\"'”’) ").endswith(("?", "？")) for part in sentences(text)]
    return any(asked) and not all(asked)


SEEN: dict[str, Callable[[str], bool]] = {
    "contain a statement and a question": _mixed,
    "contain a question mark": _has("[?？]"),
    "contain an exclamation mark": _has("[!！]"),
    "have more than one sentence": lambda text: len(sentences(text)) > 1,
    "have more than three sentences": lambda text: len(sentences(text)) > 3,
    "have several lines": lambda text: "\n" in text.strip(),
    "end without a mark": _has(rf"\w[{MARKS}]*\s*$"),
    "begin with a lower-case letter": lambda text: text.lstrip()[:1].islower(),
    "contain no capital letter": lambda text: text.islower(),
    NAMED: _has(r"[^\W\d_][,;]? (?!I\b)[^\W\d_a-z]\w*[a-z]"),
    "contain a word in capitals": _has(r"\b[A-Z]{3,}\b"),
    "contain a digit": _has(r"\d"),
    "contain a comma": _has("[,，、]"),
    "contain a colon or semicolon": _has("[:;]"),
    "contain a dash": _has("[–—]| -+ "),
    "contain brackets": _has(r"[(\[]"),
    "contain quotation marks": _has('["“”«»„]|``'),
    "contain curly quotes or curly apostrophes": _has("[‘’“”]"),
    "contain a space before a mark": _has(r"\w [.,?!;]"),
    "contain an address (@, www, http)": _has(r"@\w|\bwww\.|https?://"),
    "contain a contraction": _has(r"\w(?:n['’]t|['’](?:m|re|ve|ll|d))\b", re.IGNORECASE),
    "contain a hedge (may, perhaps, seems …)": _word(_HEDGES),
    "contain a negation": _has(rf"n['’]t\b|\b(?:{'|'.join(_NEGATIONS.split())})\b", re.IGNORECASE),
    "say I, my or we": _has(r"\b(?:I|[Mm]y|[Mm]e|[Ww]e|[Oo]ur)\b"),
    "say you or your": _word("you your yours"),
    "say please or thank": _word("please thank thanks"),
}
"""Telltales to look for in a text; see `as_seen`."""
