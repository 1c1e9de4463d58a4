"""Names in running English text, found by rule.

A name is a run of capitalised words ("Ada Brenner", "Bank of England",
"J. F. Lund"), an acronym, or one capitalised word that its sentence does not
capitalise anyway. Dates, titles before a person's name and a leading "The" are not part of one. The
rules are written for precision: in case of doubt, a word does not count as a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from targen_tasks_superglue.shared.content import load_words

_LISTS = load_words("targen_tasks_superglue.record", "words.yaml")
WORDS = {name: frozenset(words) for name, words in _LISTS.items()}
"""Word lists by name, all without case."""
CAPITALS = WORDS["capitals"]
COUNTRIES = WORDS["countries"]
FIELDS = WORDS["fields"]
GENERIC = WORDS["generic"]
HYPHENATED = WORDS["hyphenated"]
KIN = WORDS["kin"]
OCCUPATIONS = WORDS["occupations"]
OFFICES = WORDS["offices"]
OPENERS = WORDS["openers"]
PARTICLES = WORDS["particles"]
PEOPLES = WORDS["peoples"]
RULERS = WORDS["rulers"]
TIME_CUES = WORDS["time_cues"]
TIME_MARKS = WORDS["time_marks"]
TIMES = WORDS["times"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text; `end` is the position of its last character."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The stretch itself."""
        return text[self.start : self.end + 1]


_ABBREVIATED = "St Mt Ft Dr Mr Mrs Ms Prof Capt Col Gen Sgt Lt Jr Sr Rev Sen Gov".split()
_TOKEN = re.compile(
    r"(?P<dotted>(?:[A-Z]\.){2,})"  # U.S.
    rf"|(?P<short>\b(?:{'|'.join(_ABBREVIATED)})\.)"
    r"|(?P<initial>\b[A-Z]\.(?=\s*[A-Z]))"  # J. before a name
    r"|(?P<word>[^\W\d_]+(?:['’\-][^\W\d_]+)*)"
    r"|(?P<amp>&)"
    r"|(?P<number>\d[\d,.]*\d|\d)"
    r"|(?P<other>\S)"
)
_POSSESSIVE = re.compile(r"['’]s$")
_JOINED = re.compile(r"(?:[dl]['’]|(?:a[dlnrstz]|ash|el|bin|ben)-)[A-Z]")  # d'Or, al-Qahtani
_ENDS = frozenset(".!?:;…")
_COMMON = re.compile(r"(?:s|ed|ing|ly|ers)$")  # what a sentence's first word mostly ends in
_QUOTES = frozenset("\"“”‘’'()[]*")


@dataclass(slots=True)
class _Token:
    """A word or mark: its place, and what it may be in a name."""

    text: str
    start: int
    kind: str
    opens: bool  # whether it opens a sentence, so that its capital has no meaning
    before: str  # the preceding token
    closes: bool = False  # whether no name continues after it, as after a possessive

    @property
    def end(self) -> int:
        return self.start + len(self.text) - 1

    @property
    def plain(self) -> str:
        return self.text.rstrip(".").casefold()

    @property
    def capital(self) -> bool:
        return self.kind in ("word", "short", "initial", "dotted") and (
            self.text[0].isupper() or _JOINED.match(self.text) is not None
        )


def find_names(text: str, *, known: Collection[str] = ()) -> list[Span]:
    """The names of a text in order, without overlaps.

    Args:
        text: running text of whole sentences.
        known: names that the text may hold; a word of theirs is a name even
            where it opens a sentence.
    """
    tokens = list(_tokens(text))
    lower = {token.text for token in tokens if token.kind == "word" and not token.capital}
    sure = {word for name in known for word in _words(name)}
    runs = [part for run in _runs(tokens, text) for part in _split(run)]
    sure |= _recurring(runs, lower)
    # A word that is part of a name somewhere in the text is also a name by itself.
    sure |= {token.text for run in runs for token in run if not token.opens}
    for run in runs:
        if len(run) > 1:
            sure |= {token.text for token in _named(run, sure, lower)}
    named = (_named(run, sure, lower) for run in runs)
    return [Span(tokens[0].start, tokens[-1].end) for tokens in named if tokens]


@lru_cache(maxsize=1 << 12)  # each statement about a passage is compared with the same names
def _words(name: str) -> tuple[str, ...]:
    return tuple(token.text for token in _tokens(name) if token.capital)


def _tokens(text: str) -> Iterator[_Token]:
    opens, before = True, ""
    for match in _TOKEN.finditer(text):
        kind, word, start = match.lastgroup or "other", match.group(), match.start()
        if kind == "word":
            possessive = _POSSESSIVE.search(word)
            bare = word[: possessive.start()] if possessive else word
            head, hyphen, tail = bare.rpartition("-")
            if hyphen and tail in HYPHENATED and head[:1].isupper():
                token = _Token(head, start, kind, opens, before, closes=True)
            else:
                token = _Token(bare, start, kind, opens, before, closes=bare != word)
            yield token
            opens, before = False, bare.casefold()
            continue
        yield _Token(word, start, kind, opens, before)
        before = word.casefold()
        if word in _ENDS or (kind == "other" and word in _QUOTES and word in '"“‘'):
            opens = True
        elif word not in _QUOTES:
            opens = False


def _runs(tokens: Sequence[_Token], text: str) -> Iterator[list[_Token]]:
    """Runs of capitalised words, with the small words that names hold inside."""
    place = 0
    while place < len(tokens):
        if not tokens[place].capital:
            place += 1
            continue
        run = [tokens[place]]
        place += 1
        while place < len(tokens) and not run[-1].closes:
            reach = _reach(run, tokens, place, text)
            if not reach:
                break
            run += tokens[place : place + reach]
            place += reach
        yield run


def _reach(run: Sequence[_Token], tokens: Sequence[_Token], place: int, text: str) -> int:
    """Return how many tokens from `place` on belong to the run: 0, or a joint and a capital."""
    last = run[-1]
    for count in (1, 2, 3):
        token = tokens[place + count - 1] if place + count <= len(tokens) else None
        if token is None or text[last.end + 1 : token.start].strip(" "):
            return 0
        if token.capital:
            # A stop that is part of an abbreviation may be the sentence's as well.
            return 0 if last.kind == "dotted" and token.plain in OPENERS else count
        joint = (
            token.text in PARTICLES
            or token.kind == "amp"
            or (token.text in ("of", "for") and _titled(run))
            or (token.text == "and" and count == 1 and _listed(run, tokens, place))
            or (token.text == "the" and count == 2)
        )
        if not joint:
            return 0
        last = token
    return 0


def _titled(run: Sequence[_Token]) -> bool:
    """Return whether a name continues after "of" or "for": a body's, or a title's after "the".

    "The Nation of Islam" is one name; "Blom of Noordwal" and "the Portuguese of Goa" are two.
    """
    if run[-1].plain in GENERIC:
        return True
    words = [token for token in run if token.plain != "the"]
    if len(words) != 1 or not words[0].text[0].isupper() or words[0].before != "the":
        return False
    return words[0].plain not in OFFICES | RULERS | TIMES | COUNTRIES | PEOPLES


def _listed(run: Sequence[_Token], tokens: Sequence[_Token], place: int) -> bool:
    """Return whether "and" is part of a body's name: "Centers for Disease Control and …"."""
    behind = tokens[place + 1] if place + 1 < len(tokens) else None
    inside = any(token.text in ("of", "for") for token in run)
    return inside and behind is not None and behind.plain in FIELDS and behind.capital


def _recurring(runs: Sequence[Sequence[_Token]], lower: Collection[str]) -> set[str]:
    """Return words that open two sentences, or one as an owner, and never occur in lower case."""
    openers = [run[0] for run in runs if len(run) == 1 and run[0].opens and run[0].kind == "word"]
    times = Counter(token.text for token in openers)
    owners = {token.text for token in openers if token.closes}
    return {
        word
        for word, count in times.items()
        if (count > 1 or word in owners)
        and word.casefold() not in lower
        and not _COMMON.search(word)
    }


def _split(run: Sequence[_Token]) -> Iterator[list[_Token]]:
    """A run without dates and titles: "French President Ada Brenner" holds two names."""
    part: list[_Token] = []
    for place, token in enumerate(run):
        behind = [other for other in run[place + 1 :] if other.capital]
        # "Sunday Times" and "President Street" are names; so is "June Brenner".
        part_of_one = bool(behind) and behind[-1].plain in GENERIC
        first_name = bool(behind) and token.before not in TIME_CUES and len(token.plain) < 7
        dated = token.plain in TIMES and not part_of_one and not first_name
        dated |= token.plain in TIME_MARKS and not behind
        lady = token.plain == "dame" and place > 0 and run[place - 1].plain == "notre"
        if part and part[-1].plain in PEOPLES and _personal([token, *behind]):
            yield part
            part = []
        if dated or (token.plain in OFFICES and not part_of_one and not lady):
            if part:
                yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _personal(tokens: Sequence[_Token]) -> bool:
    """Return whether words after a people's name may be a person's: two or more, no body's."""
    words = [token.plain for token in tokens]
    return len(words) > 1 and not GENERIC.intersection(words)


def _named(run: list[_Token], sure: Collection[str], lower: Collection[str]) -> list[_Token]:
    """Return the part of a run that is a name, which may be empty."""
    while run and (
        not run[0].capital
        or run[0].plain in ("the", "i", "a", "an")
        or (run[0].opens and run[0].text not in sure and _ordinary(run[0], lower))
        or (run[0].opens and run[0].plain in OPENERS | OCCUPATIONS)
    ):
        run = run[1:]
    while run and not run[-1].capital:
        run = run[:-1]
    if not run:
        return []
    if len(run) == 1:
        only = run[0]
        if only.kind in ("short", "initial") or len(only.text) < 2 or only.text[:2] in ("I'", "I’"):
            return []
        if _acronym(only.text):
            return run
        if only.plain in OPENERS | KIN:
            return []
        if only.opens and only.text not in sure and only.plain not in COUNTRIES | CAPITALS:
            return []
    return run


def _ordinary(token: _Token, lower: Collection[str]) -> bool:
    """Return whether a sentence's first word is a common word that only opens it."""
    return token.plain in OPENERS or token.text.casefold() in lower


def _acronym(text: str) -> bool:
    return len(text) > 1 and text.replace(".", "").isupper()
