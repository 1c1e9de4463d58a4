"""Find which clusters of real rows also contain synthetic rows."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from targen_analysis.differences.sides import Side, share_of
from targen_analysis.lexical.words import split, unit_of
from targen_analysis.semantic.similarity import Vectors, unit
from targen_analysis.statistics import difference, over_draws, random_state
from targen_core.cli.findings import Estimate
from targen_core.tasks.letters import UNSPACED_LETTER
from targen_standard.checks.languages import find_language, language_of

MIN_ROWS = 20
"""Real rows below which they are not clustered."""

_MOST = 30  # clusters
_SPLITS = 20
_REACH = 0.05  # share of a cluster's own rows that lie farther out than what counts as in it
_NAMED_BY = 4  # words
_LONGEST = 2_000  # characters of a text without spaces between words whose sequences are counted
_LETTER = re.compile(UNSPACED_LETTER)
_RUN = re.compile(rf"(?:{UNSPACED_LETTER})+")
_COMMON = 0.5  # share of the rows above which a word is of no subject


@dataclass(frozen=True, slots=True)
class Covered:
    """The number of clusters of one half of the real rows that others have a row in.

    Attributes:
        clusters: how many there are.
        rows: rows of each that are held against them.
        mine: the share with a synthetic row, over random halves; with their middle 95%.
        theirs: the same of the other half of the real rows.
    """

    clusters: int
    rows: int
    mine: Estimate
    theirs: Estimate


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of real rows.

    Attributes:
        words: what its rows say more often than others do.
        theirs: its share of the real rows.
        mine: the share of the synthetic rows that are in it.
        apart: the one less the other.
        row: the real row nearest to its middle.
    """

    words: tuple[str, ...]
    theirs: Estimate
    mine: Estimate
    apart: Estimate
    row: int


def latent(texts: Sequence[str], seed: int) -> Vectors | None:
    """Vectors of texts by latent semantic analysis, each of length 1; None if they share no word.

    Words of most texts, and function words, do not count: clusters should be of subjects.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    subjects = _subjects_in(texts)
    counted = TfidfVectorizer(analyzer=subjects, min_df=2, max_df=_COMMON, sublinear_tf=True)
    try:
        inputs = counted.fit_transform(texts)
    except ValueError:
        return None
    most = min(inputs.shape) - 1
    if most < 2:
        return np.asarray(inputs.toarray(), dtype=np.float64)
    return unit(TruncatedSVD(min(50, most), random_state=random_state(seed)).fit_transform(inputs))


def _subjects_in(texts: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what leaves function words out of a text: those of the texts' language, if known."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    language = find_language(language_of("\n".join(texts)))
    small = ENGLISH_STOP_WORDS  # longer than our own list
    if language is not None and language.name != "english":
        small = language.function_words
    return lambda text: [word for word in split(text) if word not in small]


class _Clusters:
    def __init__(self, vectors: Vectors, seed: int, most: int = _MOST) -> None:
        from sklearn.cluster import KMeans

        kinds = len(np.unique(vectors, axis=0))
        count = max(1, min(most, kinds, round(math.sqrt(len(vectors) / 2))))
        model = KMeans(count, n_init=3, random_state=random_state(seed)).fit(vectors)
        self.middles: Vectors = model.cluster_centers_
        self.of = np.asarray(model.labels_, dtype=np.int64)
        away = self._away(vectors)[np.arange(len(vectors)), self.of]
        self.reach = np.array([np.quantile(away[self.of == at], 1 - _REACH) for at in range(count)])

    def _away(self, vectors: Vectors) -> Vectors:
        away: Vectors = np.linalg.norm(vectors[:, None, :] - self.middles[None, :, :], axis=2)
        return away

    def nearest(self, vectors: Vectors) -> NDArray[np.int64]:
        """The cluster of each row; -1 of one that is farther out than the cluster's own."""
        away = self._away(vectors)
        at = away.argmin(axis=1)
        inside = away[np.arange(len(vectors)), at] <= self.reach[at] + 1e-9
        return np.where(inside, at, -1)


def covered(
    sides: tuple[Side, Side], vectors: tuple[Vectors, Vectors], rng: np.random.Generator
) -> Covered:
    """Hold synthetic rows, and as many other real ones, against clusters of half the real rows."""
    mine: list[float] = []
    theirs: list[float] = []
    counts: list[int] = []
    rows = 0
    for _ in range(_SPLITS):
        kinds, number = np.unique(sides[1].groups, return_inverse=True)
        half = (rng.permutation(len(kinds)) % 2)[number] == 0
        if half.all() or not half.any():
            continue
        clusters = _Clusters(vectors[1][half], int(rng.integers(1 << 31)))
        other, own = vectors[1][~half], vectors[0]
        rows = min(len(other), len(own))
        counts.append(len(clusters.middles))
        for found, of in ((mine, own), (theirs, other)):
            drawn = of[rng.choice(len(of), rows, replace=False)]
            there = np.unique(clusters.nearest(drawn))
            found.append(float((there >= 0).sum() / counts[-1]))
    count = round(float(np.mean(counts))) if counts else 0
    return Covered(count, rows, over_draws(mine), over_draws(theirs))


def gaps(
    sides: tuple[Side, Side], vectors: tuple[Vectors, Vectors], seed: int, most: int, shown: int
) -> list[Cluster]:
    """Return those of at most `most` clusters of real rows that synthetic rows lack most.

    The surest come first. Those are left out whose shares may be the same.
    """
    clusters = _Clusters(vectors[1], seed, most)
    own = clusters.nearest(vectors[0])
    subjects, unspaced = _subjects_in(sides[1].whole), unit_of(sides[1].texts) == "characters"
    said = _sequences if unspaced else subjects
    words = [{*said(text)} for text in sides[1].whole]
    found = []
    for at, middle in enumerate(clusters.middles):
        inside = clusters.of == at
        theirs = share_of(inside, sides[1].groups)
        mine = share_of(own == at, sides[0].groups)
        apart = difference(mine, theirs)
        if apart.high is not None and apart.high < 0:
            near = np.linalg.norm(vectors[1] - middle, axis=1)
            named = _telling(words, inside, apart=unspaced)
            found.append(Cluster(named, theirs, mine, apart, int(near.argmin())))
    return sorted(found, key=lambda each: each.apart.high or 0.0)[:shown]


def _sequences(text: str) -> Iterator[str]:
    """The sequences of 2 to 5 letters of a text without spaces between words."""
    for run in _RUN.findall(text[:_LONGEST]):
        letters = _LETTER.findall(run)
        for size in range(2, 6):
            for at in range(len(letters) - size + 1):
                yield "".join(letters[at : at + size])


def _telling(
    words: Sequence[set[str]], inside: NDArray[np.bool_], *, apart: bool
) -> tuple[str, ...]:
    """The words that a cluster's rows have more often than the others, the most telling first.

    With `apart`, they are sequences of letters, and none shares a pair with one before it.
    """
    here = Counter(word for own, there in zip(words, inside, strict=True) if there for word in own)
    rest = Counter(
        word for own, there in zip(words, inside, strict=True) if not there for word in own
    )
    count, others = int(inside.sum()), int((~inside).sum())

    def more(word: str) -> float:
        return here[word] / count - (rest[word] / others if others else 0.0)

    if not apart:
        return tuple(sorted(here, key=lambda word: (-more(word), word))[:_NAMED_BY])
    named: list[str] = []
    pairs: set[str] = set()
    for word in sorted(here, key=lambda word: (-more(word), -len(word), word)):
        own = {word[at : at + 2] for at in range(len(word) - 1)}
        if not own & pairs:
            named.append(word)
        pairs |= own
        if len(named) == _NAMED_BY:
            break
    return tuple(named)
