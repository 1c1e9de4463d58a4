"""Features that a reader can also see: contents, beginnings and lengths of rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from targen_analysis.differences.sides import Side, share_of
from targen_analysis.lexical.words import split
from targen_analysis.statistics import Z, difference, least
from targen_core.cli.findings import Estimate
from targen_core.tasks.words import MARKS

_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_ABBREVIATION = re.compile(r"\b(?:[A-Za-z]|mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|no|jr|sr|inc)\.", re.I)
_HEDGES = "may might could perhaps maybe probably possibly seems seem appears likely apparently"
_NEGATIONS = "not no never nothing nobody none neither cannot without"

_OPENINGS, _WORDS = 30, 200  # the commonest to look at
_RARE = 0.05  # share of either side's rows from which on a word or an opening is looked at
_MOST_WORDS = 3  # of the features shown: what rows look like says more than single words
_ALIKE = 0.7  # correlation from which on two features say the same


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, by their marks."""
    plain = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), text)
    return [part for part in _END.split(plain) if part.strip()]


def _has(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.search(text) is not None


def _word(words: str) -> Callable[[str], bool]:
    return _has(rf"\b(?:{'|'.join(words.split())})\b", re.IGNORECASE)


def _mixed(text: str) -> bool:
    questions = [part.rstrip("\"'”’) ").endswith(("?", "？")) for part in sentences(text)]
    return any(questions) and not all(questions)


_SEEN: dict[str, Callable[[str], bool]] = {
    "contain a statement and a question": _mixed,
    "contain a question mark": _has("[?？]"),
    "contain an exclamation mark": _has("[!！]"),
    "have more than one sentence": lambda text: len(sentences(text)) > 1,
    "have more than three sentences": lambda text: len(sentences(text)) > 3,
    "have several lines": lambda text: "\n" in text.strip(),
    "end without a mark": _has(rf"\w[{MARKS}]*\s*$"),
    "begin with a lower-case letter": lambda text: text.lstrip()[:1].islower(),
    "contain no capital letter": lambda text: text.islower(),
    "contain a word in capitals": _has(r"\b[A-Z]{3,}\b"),
    "contain a digit": _has(r"\d"),
    "contain a comma": _has("[,，、]"),
    "contain a colon or semicolon": _has("[:;：；]"),
    "contain a dash": _has("[–—]| -+ "),
    "contain brackets": _has(r"[(\[（]"),
    "contain quotation marks": _has('["“”«»„「]|``'),
    "contain curly quotes or curly apostrophes": _has("[‘’“”]"),
    "contain an address (@, www, http)": _has(r"@\w|\bwww\.|https?://"),
    "contain a contraction": _has(r"\w(?:n['’]t|['’](?:m|re|ve|ll|d))\b", re.IGNORECASE),
    "contain a hedge (may, perhaps, seems …)": _word(_HEDGES),
    "contain a negation": _has(rf"n['’]t\b|\b(?:{'|'.join(_NEGATIONS.split())})\b", re.IGNORECASE),
    "say I, my or we": _has(r"\b(?:I|[Mm]y|[Mm]e|[Ww]e|[Oo]ur)\b"),
    "say you or your": _word("you your yours"),
    "say please or thank": _word("please thank thanks"),
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A trait that rows of one side have more often than those of the other.

    Attributes:
        name: what those rows do: "contain a digit".
        mine: share of the synthetic rows.
        theirs: share of the real rows.
        difference: the one less the other.
        word: whether it is a single word, as it was found in the rows.
    """

    name: str
    mine: Estimate
    theirs: Estimate
    difference: Estimate
    word: bool = False


def telltales(sides: tuple[Side, Side], shown: int) -> tuple[list[Feature], int]:
    """Return the features that tell the sides apart, the surest first, and how many were tried.

    A feature is shown if it differs beyond chance, corrected for the number of tries (Bonferroni),
    and if no surer one is much the same.
    """
    tried: list[tuple[Feature, NDArray[np.bool_]]] = []
    for name, having, word in _candidates(sides):
        mine = share_of(having[: len(sides[0])], sides[0].groups)
        theirs = share_of(having[len(sides[0]) :], sides[1].groups)
        tried.append((Feature(name, mine, theirs, difference(mine, theirs), word), having))
    level = NormalDist().inv_cdf(1 - 0.025 / max(1, len(tried))) / Z
    chosen: list[tuple[Feature, NDArray[np.bool_]]] = []
    for feature, having in sorted(tried, key=lambda each: -least(each[0].difference)):
        if len(chosen) == shown:
            break
        if feature.word and sum(each.word for each, _ in chosen) == _MOST_WORDS:
            continue
        alike = (abs(float(np.corrcoef(having, each)[0, 1])) for _, each in chosen)
        if _is_beyond(feature.difference, level) and max(alike, default=0.0) < _ALIKE:
            chosen.append((feature, having))
    return [feature for feature, _ in chosen], len(tried)


def _is_beyond(difference: Estimate, level: float) -> bool:
    """Return whether 0 is outside the interval, widened by `level`."""
    value, low, high = difference.value, difference.low, difference.high
    assert value is not None and low is not None and high is not None
    return abs(value) > level * (value - low if value > 0 else high - value)


def _candidates(sides: tuple[Side, Side]) -> Iterator[tuple[str, NDArray[np.bool_], bool]]:
    """Yield each feature that some rows have: its name, which do, and whether it is a word.

    Rows of the first side come first. Features of all rows are left out.
    """
    fields = sides[0].fields
    for at, field in enumerate(fields):
        where = f" in the {field}" if len(fields) > 1 else ""
        texts = [row[at] for side in sides for row in side.texts]
        for name, having, word in _of_field(texts, len(sides[0]), sides[1].name):
            if having.any() and not having.all():
                yield name + where, having, word


def _of_field(
    texts: Sequence[str], mine: int, reference: str
) -> Iterator[tuple[str, NDArray[np.bool_], bool]]:
    for name, has in _SEEN.items():
        yield name, np.array([has(text) for text in texts]), False
    words = [split(text) for text in texts]
    counts = np.array([len(each) for each in words])
    few, many = np.quantile(counts[mine:], [0.1, 0.9])
    yield f"are longer than nine in ten rows of {reference}", counts > many, False
    yield f"are shorter than nine in ten rows of {reference}", counts < few, False
    fewest = max(3.0, _RARE * min(mine, len(texts) - mine))
    for size in (1, 2):
        starts = [" ".join(each[:size]) if len(each) >= size else "" for each in words]
        for start in _common(filter(None, starts), fewest, _OPENINGS):
            yield f"begin with “{start}”", np.array([each == start for each in starts]), False
    kinds = [{*each} for each in words]
    for word in _common((word for each in kinds for word in each), fewest, _WORDS):
        yield f"contain “{word}”", np.array([word in each for each in kinds]), True


def _common(values: Iterable[str], fewest: float, most: int) -> list[str]:
    often = Counter(sorted(values))
    return [value for value, count in often.most_common(most) if count >= fewest]
