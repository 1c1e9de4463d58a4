"""The metric `lexical`: how many different words and phrases there are."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.lexical.words import split, unit_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import (
    Rows,
    apart,
    entropy,
    finite,
    generator,
    half_samples,
    subsample,
)
from targen_analysis.views import figure_table
from targen_core.cli.findings import Estimate, Findings, Plot, Table

_SUBSAMPLES = 5  # whose mean is a larger dataset's figure at the common size
_MAX_ROWS = 1_000  # of a subsample for an interval
_LONGEST = 3  # n-grams
_WINDOW = 50  # words of MATTR
_FIGURES = {
    "words": "words",
    "vocabulary": "vocabulary (distinct words)",
    "distinct-1": "type-token ratio (distinct-1)",
    "distinct-2": "distinct-2",
    "distinct-3": "distinct-3",
    "entropy-1": "entropy of words (bits)",
    "entropy-2": "entropy of bigrams (bits)",
    "entropy-3": "entropy of trigrams (bits)",
    "hd-d": "HD-D",
    "mattr": f"MATTR ({_WINDOW} words)",
    "compression": "compression ratio",
}
"""Figure -> its name in tables, in the order of `measure_rows`."""

Ids = NDArray[np.int64]


class LexicalOptions(MetricOptions):
    """Options of `lexical`."""

    replicates: int = Field(
        40, ge=0, description="Number of subsamples per interval; 0: no intervals."
    )
    rows: int = Field(
        0,
        ge=0,
        description="Number of rows to use from each dataset; 0: the size of the smallest dataset.",
    )


class Words:
    """The words of a dataset as numbers, so that a sample of its rows is a gather and a count.

    Attributes:
        ids: the word at each place, row after row, shape (words,).
        starts: where each row begins, and the end of the last, shape (rows + 1,).
        left: words from each place to the end of its field, itself included: an n-gram does not
            reach from one field into the next.
    """

    def __init__(self, corpus: Corpus) -> None:
        numbers: dict[str, int] = {}
        ids: list[int] = []
        fields: list[int] = []
        starts = [0]
        for row in corpus.texts:
            for text in row:
                words = split(text)
                ids += [numbers.setdefault(word, len(numbers)) for word in words]
                fields.append(len(words))
            starts.append(len(ids))
        self.corpus = corpus
        self.types = len(numbers)
        self.ids, self.starts = np.array(ids, dtype=np.int64), np.array(starts)
        self.left = np.repeat(np.cumsum(fields), fields) - np.arange(len(ids))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def grams(self) -> list[Ids]:
        """The number of the n-gram at each place, for n from 1 to 3; -1 where none begins."""
        by_length = [self.ids]
        for n in range(2, _LONGEST + 1):
            whole = np.flatnonzero(self.left >= n)
            codes = by_length[-1][whole] * self.types + self.ids[whole + n - 1]
            grams = np.full(len(self.ids), -1, dtype=np.int64)
            grams[whole] = np.unique(codes, return_inverse=True)[1]
            by_length.append(grams)
        return by_length

    def places(self, rows: Rows) -> Ids:
        """Return the places of the words of some rows, row after row."""
        lengths = np.diff(self.starts)[rows]
        ends = np.cumsum(lengths)
        return np.repeat(self.starts[rows] - (ends - lengths), lengths) + np.arange(lengths.sum())


def measure_rows(words: Words, rows: Rows) -> NDArray[np.float64]:
    """Return the figures of some rows in the order of `_FIGURES`; NaN if they are too few."""
    places = words.places(rows)
    counts = []
    for grams in words.grams:
        # One to the right: -1, no n-gram, becomes 0 and is dropped.
        often = np.bincount(grams[places] + 1)[1:]
        counts.append(often[often > 0])
    return np.array(
        [
            len(places),
            len(counts[0]),
            *(len(often) / often.sum() if len(often) else np.nan for often in counts),
            *map(entropy, counts),
            hdd(counts[0]),
            mattr(words.ids[places]),
            compression_ratio("\n".join(words.corpus.texts[row]) for row in rows.tolist()),
        ]
    )


def hdd(counts: Ids, drawn: int = 42) -> float:
    """Return the expected type-token ratio of 42 words drawn without replacement; NaN of fewer.

    McCarthy and Jarvis, Behavior Research Methods 42, 2010.

    Args:
        counts: how often each type occurs, shape (types,).
        drawn: how many words.
    """
    total = int(counts.sum())
    if total < drawn:
        return float("nan")
    often, types = np.unique(counts, return_counts=True)
    turns = np.arange(drawn)
    missed = np.prod(np.clip(total - often[:, None] - turns, 0, None) / (total - turns), axis=1)
    return float((types * (1 - missed)).sum() / drawn)


def mattr(ids: Ids, window: int = _WINDOW) -> float:
    """Return the mean type-token ratio of all windows of `window` words; NaN without a window.

    Covington and McFall, Journal of Quantitative Linguistics 17, 2010.
    """
    size = len(ids)
    if size < window:
        return float("nan")
    order = np.argsort(ids, kind="stable")
    same = ids[order[1:]] == ids[order[:-1]]
    before = np.full(size, -1, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    # A word counts once in a window: where it is the first of its kind there, that is in all
    # windows that begin behind the place where it stood before.
    places = np.arange(size)
    first = np.maximum(before + 1, places - window + 1)
    last = np.minimum(places, size - window)
    counted = np.maximum(last - np.maximum(first, 0) + 1, 0).sum()
    return float(counted / (size - window + 1) / window)


def compression_ratio(texts: Iterable[str]) -> float:
    """Return the bytes of the texts over their bytes by DEFLATE: higher is more redundant.

    It is NaN for empty input. Shaib et al., arXiv:2403.00553.
    """
    plain = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(plain) / len(zlib.compress(plain)) if plain else float("nan")


def _measure(study: Study, options: LexicalOptions) -> Findings:
    corpora = study.everything
    smallest = min(map(len, corpora))
    size = min(options.rows or smallest, smallest)
    words = {corpus.name: Words(corpus) for corpus in corpora}
    unit = unit_of(*(corpus.texts for corpus in corpora))
    names = {name: shown.replace("words", unit) for name, shown in _FIGURES.items()}
    matched = {name: _at_size(study, of, size, options.replicates) for name, of in words.items()}
    whole = {
        name: [Estimate(finite(each)) for each in measure_rows(of, np.arange(len(of)))]
        for name, of in words.items()
    }
    tables = [
        figure_table(
            f"Lexical diversity at {size:,} rows",
            matched,
            names,
            names,
            note="95% intervals. Higher is more diverse, except for the compression ratio.",
        )
    ]
    if any(len(corpus) > size for corpus in corpora):
        tables.append(
            Table(
                "Lexical diversity of all rows: depends on their number, so do not compare "
                "datasets",
                ("figure", *(f"{corpus.name} ({len(corpus):,} rows)" for corpus in corpora)),
                [
                    (shown, *(each.value for each in row))
                    for shown, *row in zip(names.values(), *whole.values(), strict=True)
                ],
            )
        )
    return Findings(
        headlines=tuple(_headlines(study, matched, size, unit)),
        figures={
            name: {
                **matched[name],
                **{f"{f}, all rows": each for f, each in zip(names, whole[name], strict=True)},
            }
            for name in words
        },
        glance={
            "vocabulary": f"distinct {unit} in {size:,} rows; higher is more diverse",
            "mattr": f"distinct {unit} per {_WINDOW}; higher is more diverse",
            "compression": "compression ratio of the texts; higher is more repetitive",
        },
        better={"vocabulary": "higher", "mattr": "higher", "compression": "lower"},
        tables=tuple(tables),
        plots=(_growth(study, words),),
        warnings=tuple(
            f"{name} does not contain any words." for name, of in words.items() if not len(of.ids)
        ),
        notes=(
            (
                "Words are lower-cased runs of letters and digits. In scripts without spaces "
                "between words, each character counts as one. N-grams do not cross field "
                "boundaries. Words of a template do not count."
            ),
            (
                f"Larger datasets are measured on {_SUBSAMPLES} samples of {size:,} random rows, "
                "because raw counts grow with the number of rows."
            ),
            (
                "A task may need few distinct words, and many may be noise: diversity is not "
                "quality."
            ),
        ),
    )


def _at_size(study: Study, words: Words, size: int, replicates: int) -> dict[str, Estimate]:
    """Return the figures at `size` rows, whatever the other datasets are."""
    rng = generator(study.rng(f"lexical/{words.corpus.name}"))
    of = len(words)
    draws = [subsample(size, of, rng) for _ in range(_SUBSAMPLES if size < of else 1)]
    estimates = half_samples(
        lambda rows: measure_rows(words, rows),
        np.mean([measure_rows(words, rows) for rows in draws], axis=0),
        size=size,
        of=of,
        max_size=_MAX_ROWS,
        replicates=replicates,
        rng=rng,
        relative=True,
    )
    return dict(zip(_FIGURES, estimates, strict=True))


def _headlines(
    study: Study, figures: Mapping[str, Mapping[str, Estimate]], size: int, unit: str
) -> list[str]:
    lines = []
    for corpus in study.corpora:
        mine = figures[corpus.name]
        vocabulary, words = mine["vocabulary"], mine["words"]
        if study.reference is None:
            lines.append(
                f"{corpus.name}: {vocabulary.value or 0:,.0f} distinct {unit} among the "
                f"{words.value or 0:,.0f} {unit} of {size:,} rows."
            )
            continue
        other = figures[study.reference.name]["vocabulary"]
        if vocabulary.value and other.value:
            lines.append(
                f"{corpus.name} has {vocabulary.value:,.0f} distinct {unit} and "
                f"{study.reference.name} has {other.value:,.0f} in the same number of rows "
                f"({size:,}): {vocabulary.value / other.value:.0%} as many"
                f"{'' if apart(vocabulary, other) else ', which may be chance'}."
            )
    return lines


def _growth(study: Study, words: Mapping[str, Words]) -> Plot:
    marks = [
        {"dataset": name, "rows": rows, "vocabulary": vocabulary}
        for name, of in words.items()
        for rows, vocabulary in _vocabulary_by_rows(study, of)
    ]
    title = "Vocabulary by number of rows, read in random order"
    return Plot("lines", title, marks, x="rows", y="vocabulary", color="dataset")


def _vocabulary_by_rows(study: Study, words: Words) -> Sequence[tuple[int, int]]:
    """Return rows read and different words met, at no more than forty points."""
    order = generator(study.rng(f"growth/{words.corpus.name}")).permutation(len(words))
    ids = words.ids[words.places(order)]
    new = np.zeros(len(ids) + 1, dtype=np.int64)
    new[np.unique(ids, return_index=True)[1] + 1] = 1
    met = np.cumsum(new)[np.cumsum(np.diff(words.starts)[order])]
    points = np.unique(np.linspace(1, len(words), min(40, len(words))).astype(np.int64))
    return [(int(rows), int(met[rows - 1])) for rows in points]


LEXICAL = Metric(
    title="Lexical diversity",
    measure=_measure,
    options=LexicalOptions,
    order=20,
)
