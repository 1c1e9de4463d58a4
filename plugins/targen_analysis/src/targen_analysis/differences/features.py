"""Features that a reader can also see: contents, beginnings and lengths of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from targen_analysis.differences.sides import Side, share_of
from targen_analysis.differences.telltales import NAMED, SEEN, as_seen, has_capital_nouns
from targen_analysis.lexical.words import split
from targen_analysis.statistics import Z, difference, least
from targen_core.cli.findings import Estimate
from targen_standard.checks.languages import language_of

_OPENINGS, _WORDS = 30, 200
_RARE = 0.05  # share of either side's rows from which on a word or an opening is looked at
_MOST_WORDS = 3  # of the features shown: what rows look like says more than single words
_ALIKE = 0.7  # correlation from which on two features say the same


@dataclass(frozen=True, slots=True)
class Feature:
    """A trait that rows of one side have more often than those of the other.

    Attributes:
        name: what those rows do: "contain a digit".
        mine: share of the synthetic rows.
        theirs: share of the real rows.
        apart: the one less the other.
        word: whether it is a single word, as it was found in the rows.
    """

    name: str
    mine: Estimate
    theirs: Estimate
    apart: Estimate
    word: bool = False

    @property
    def surely(self) -> float:
        """Return the least distance of the shares."""
        return least(self.apart)


def telltales(sides: tuple[Side, Side], shown: int) -> tuple[list[Feature], int]:
    """Return the features that tell the sides apart, the surest first, and how many were tried.

    A feature is shown if it differs beyond chance, corrected for the number of tries (Bonferroni),
    and if no surer one is much the same.
    """
    tried: list[tuple[Feature, NDArray[np.bool_]]] = []
    for name, having, word in _tried(sides):
        mine = share_of(having[: len(sides[0])], sides[0].groups)
        theirs = share_of(having[len(sides[0]) :], sides[1].groups)
        tried.append((Feature(name, mine, theirs, difference(mine, theirs), word), having))
    level = NormalDist().inv_cdf(1 - 0.025 / max(1, len(tried))) / Z
    chosen: list[tuple[Feature, NDArray[np.bool_]]] = []
    for feature, having in sorted(tried, key=lambda each: -each[0].surely):
        if len(chosen) == shown or not feature.surely:
            break
        if feature.word and sum(each.word for each, _ in chosen) == _MOST_WORDS:
            continue
        if _beyond(feature.apart, level) and all(_other(having, each) for _, each in chosen):
            chosen.append((feature, having))
    return [feature for feature, _ in chosen], len(tried)


def _beyond(apart: Estimate, level: float) -> bool:
    """Return whether 0 is outside the interval, widened by `level`."""
    assert apart.value is not None
    assert apart.low is not None
    assert apart.high is not None
    near = apart.value - apart.low if apart.value > 0 else apart.high - apart.value
    return abs(apart.value) > level * near


def _other(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> bool:
    return abs(float(np.corrcoef(one, two)[0, 1])) < _ALIKE


def _tried(sides: tuple[Side, Side]) -> Iterator[tuple[str, NDArray[np.bool_], bool]]:
    """Each feature that some rows have, and not all: its name, which do, and whether it is a word.

    Rows of the first side come first.
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
    language = language_of("\n".join(texts))
    plain = [as_seen(text, language) for text in texts]
    for name, has in SEEN.items():
        if name == NAMED and has_capital_nouns(language):
            continue
        yield name, np.array([has(text) for text in plain]), False
    words = [split(text) for text in texts]
    counts = np.array([len(each) for each in words])
    few, many = np.quantile(counts[mine:], [0.1, 0.9])
    yield f"are longer than nine in ten rows of {reference}", counts > many, False
    yield f"are shorter than nine in ten rows of {reference}", counts < few, False
    for size in (1, 2):
        starts = [" ".join(each[:size]) if len(each) >= size else "" for each in words]
        for start in _common([[start] for start in starts if start], texts, mine, _OPENINGS):
            yield f"begin with “{start}”", np.array([each == start for each in starts]), False
    kinds = [{*each} for each in words]
    for word in _common(kinds, texts, mine, _WORDS):
        yield f"contain “{word}”", np.array([word in each for each in kinds]), True


def _common(
    kinds: Sequence[Sequence[str] | set[str]], texts: Sequence[str], mine: int, most: int
) -> list[str]:
    """The commonest of what rows have, of those that some share of the rows have."""
    counted = Counter(sorted(kind for each in kinds for kind in each))
    fewest = max(3.0, _RARE * min(mine, len(texts) - mine))
    return [kind for kind, count in counted.most_common(most) if count >= fewest]
