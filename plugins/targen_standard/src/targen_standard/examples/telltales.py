"""Telltales: things that a reader also sees in a text, and that give generated rows away.

They describe how a text is written: marks, openings, length, words. A telltale's name
describes rows with it, such as "contain a comma", so that people can read counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from targen_core.tasks.letters import MARKS, plain_words, word_of
from targen_standard.examples.measuring import (
    Spoken,
    Topic,
    has_no_case,
    weights_of,
    with_plain_marks,
    without_stops,
)
from targen_standard.examples.reading import Example

NAMED = "contain a name (a capital inside a sentence)"
"""The telltale that means nothing where all nouns have capitals; see `Spoken.named`."""

_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_LETTERS = word_of(r"\W_")
_WORD = re.compile(rf"{_LETTERS}(?:['’]{_LETTERS})*")
_HEDGES = "may might could perhaps maybe probably possibly seems seem appears likely apparently"
_NEGATIONS = "not no never nothing nobody none neither cannot without"
_OPENING = 2  # words with which a text begins
_LENGTHS = (0.1, 0.25, 0.5, 0.75, 0.9)  # quantiles of the examples' lengths


def as_seen(text: str, language: str) -> str:
    """Return a text for `SEEN` and `sentences`: marks as in English, without abbreviations' stops.

    A character that is no mark replaces these, so that a text that ends with one has its mark.
    """
    return with_plain_marks(without_stops(text, language, "\0"))


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

_OF_ENGLISH = {name for name in SEEN if name.startswith("say ")} | {
    NAMED,
    "contain a contraction",
    "contain a hedge (may, perhaps, seems …)",
    "contain a negation",
}


_OF_CASE = {name for name in SEEN if "lower-case" in name or "capital" in name} - {NAMED}


class Telltales:
    """The telltales of examples, and in what share of these each is; the same on every machine.

    Attributes:
        rows: how many examples there are.
        topics: those that are about what a text says.
    """

    def __init__(self, rows: Sequence[Example], topics: Sequence[Topic], spoken: Spoken) -> None:
        """Learn them; each label of the examples counts alike, as in a profile."""
        self._spoken = spoken
        self.rows = len(rows)
        self.topics = {_touching(topic): topic for topic in topics}
        sizes = sorted(len(_WORD.findall(row.text.lower())) for row in rows)
        bounds = (round(share * (len(sizes) - 1)) for share in _LENGTHS if sizes)
        self._sizes = sorted({sizes[at] for at in bounds})
        self._share: dict[str, float] = defaultdict(float)
        for row, weight in zip(rows, weights_of(rows), strict=True):
            for name in self.of(row.text):
                self._share[name] += weight

    def share(self, name: str) -> float:
        """The share of the examples that do it; 0 of what none does."""
        return min(1.0, self._share.get(name, 0.0))

    def of(self, text: str) -> frozenset[str]:
        """The names of all that a text does."""
        return frozenset(self._each(text))

    def _each(self, text: str) -> Iterator[str]:
        words = _WORD.findall(text.lower())
        plain = _plain(text, self._spoken)
        for name, has in SEEN.items():
            yield name if has(plain) else _without(name)
        for size in self._sizes:
            yield f"{'' if len(words) > size else 'do not '}have more than {size} words"
        for word in words:
            yield f"contain “{word}”"
        for count in range(1, min(_OPENING, len(words)) + 1):
            yield f"begin with “{' '.join(words[:count])}”"
        said = {*plain_words(text).split()}
        for name, topic in self.topics.items():
            if topic.words[0] in said:
                yield name


def _without(name: str) -> str:
    """The name of what a text does if it does not have a telltale."""
    for none, some in (("contain no ", "contain a "), (" without ", " with ")):
        if none in name:
            return name.replace(none, some)
    return f"do not {name}"


def _touching(topic: Topic) -> str:
    return f"touch on “{', '.join(topic.words)}”"


def habits(rows: Sequence[Example], spoken: Spoken) -> tuple[str, ...]:
    """Return, in lines for a model that writes such texts, what all examples or none do.

    Lines about English are left out if most texts are in other languages. So are lines about
    capitals if most are in a script without them.
    """
    english = 2 * sum(spoken.of_one(row.text).english for row in rows) >= len(rows)
    left_out = set() if english else _OF_ENGLISH
    if 2 * sum(has_no_case(row.text) for row in rows) > len(rows):
        left_out = left_out | _OF_CASE
    texts = [_plain(row.text, spoken) for row in rows]
    counts = {name: sum(map(has, texts)) for name, has in SEEN.items() if name not in left_out}
    never = [name for name, count in counts.items() if not count and " no " not in name]
    always = [name for name, count in counts.items() if count == len(rows)]
    return (*_lines("hardly any of them", never), *_lines("nearly all of them", always))


def _plain(text: str, spoken: Spoken) -> str:
    """Return a text as telltales see it."""
    return with_plain_marks(without_stops(text, spoken.of_one(text).language))


def _lines(who: str, names: Iterable[str]) -> Iterator[str]:
    """A line for each verb with which names begin."""
    by_verb: dict[str, list[str]] = {}
    for name in names:
        verb, _, what = name.partition(" ")
        by_verb.setdefault(verb, []).append(what)
    for verb, several in by_verb.items():
        yield f"{who} {verb} {'; '.join(several)}"
