"""The metric `lexical`: how many different words and phrases there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.lexical.counts import FIGURES, counted
from targen_analysis.lexical.richness import compression_ratio, mattr, mtld
from targen_analysis.lexical.words import Words, unit_of, words_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import apart, bootstrap, generator, half_samples, subsample
from targen_analysis.views import figure_table
from targen_core.cli.findings import Estimate, Findings, Plot, Table


class LexicalOptions(MetricOptions):
    """Options of `lexical`."""

    replicates: int = Field(
        100, ge=0, description="Number of resamples per interval; 0: no intervals."
    )
    rows: int = Field(
        0,
        ge=0,
        description="Number of rows to use from each dataset; 0: the size of the smallest dataset.",
    )


_SUBSAMPLES = 20
"""Subsamples whose mean is a larger dataset's figure at the common size."""

_WORK = 200_000_000
"""Words that an interval's resamples may hold together: larger data get fewer of them."""

_FEWEST = 25
"""Resamples, however large the data."""

_SLOW_ROWS = 1_000
"""Rows of a subsample, at most, if a figure cannot be had from counts."""

_SLOW_REPLICATES = 40

_SLOW_WORK = 8_000_000
"""Words that the subsamples of such a figure may hold together: a row may hold a million."""

_FEWEST_SLOW = 8

_SHOWN = {
    "words": "words",
    "vocabulary": "vocabulary (distinct words)",
    "distinct-1": "type-token ratio (distinct-1)",
    "distinct-2": "distinct-2",
    "distinct-3": "distinct-3",
    "distinct-4": "distinct-4",
    "entropy-1": "entropy of words (bits)",
    "entropy-2": "entropy of bigrams (bits)",
    "entropy-3": "entropy of trigrams (bits)",
    "hd-d": "HD-D",
    "mattr": "MATTR (50 words)",
    "mtld": "MTLD (words)",
    "bigrams per row": "distinct bigrams / rows",
    "own bigrams per row": "distinct bigrams per row",
    "compression": "compression ratio",
}
"""Figure -> how the table calls it, in its order."""

_COMPARED = (
    "vocabulary", "distinct-2", "entropy-2", "hd-d", "mattr", "mtld", "own bigrams per row",
    "compression",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Measured:
    """A dataset's figures: of all its rows, and at the common size with intervals."""

    whole: dict[str, float]
    matched: dict[str, Estimate]


def _measure(study: Study, options: LexicalOptions) -> Findings:
    corpora = study.everything
    smallest = min(map(len, corpora))
    size = min(options.rows or smallest, smallest)
    of_words = words_of(*corpora)
    unit = unit_of(*(corpus.texts for corpus in corpora))
    shown = {name: called.replace("words", unit) for name, called in _SHOWN.items()}
    results = [
        _figures(study, corpus, words, size, options.replicates)
        for corpus, words in zip(corpora, of_words, strict=True)
    ]
    tables = [
        figure_table(
            f"Lexical diversity at {size:,} rows",
            {c.name: measured.matched for c, measured in zip(corpora, results, strict=True)},
            shown,
            shown,
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
                    (called, *(_plain(measured.whole[name]) for measured in results))
                    for name, called in shown.items()
                ],
            )
        )
    return Findings(
        headlines=_headlines(study, results, size, unit),
        figures={
            corpus.name: {
                **measured.matched,
                **{f"{name}, all rows": Estimate(_plain(v)) for name, v in measured.whole.items()},
            }
            for corpus, measured in zip(corpora, results, strict=True)
        },
        glance={
            "vocabulary": f"distinct {unit} in {size:,} rows; higher is more diverse",
            "mattr": f"distinct {unit} per 50; higher is more diverse",
            "compression": "compression ratio of the texts; higher is more repetitive",
        },
        better={"vocabulary": "higher", "mattr": "higher", "compression": "lower"},
        tables=tuple(tables),
        plots=_plots(study, results, of_words, shown),
        warnings=tuple(
            f"{corpus.name} does not contain any words."
            for corpus, words in zip(corpora, of_words, strict=True)
            if not len(words.ids)
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


def _figures(study: Study, corpus: Corpus, words: Words, size: int, replicates: int) -> _Measured:
    """All figures of one dataset; its own chance, so that no other changes them."""
    rng = generator(study.rng(f"lexical/{corpus.name}"))
    of, everything = len(words), np.arange(len(words))
    draws = [subsample(size, of, rng) for _ in range(_SUBSAMPLES if size < of else 1)]
    whole = counted(words, everything)
    matched = np.mean([counted(words, rows) for rows in draws], axis=0)
    affordable = _WORK // max(1, len(words.ids) * size // of * 10)
    times = min(replicates, max(_FEWEST, affordable))
    spread = bootstrap(
        lambda rows: counted(words, rows), matched, size=size, of=of, replicates=times, rng=rng
    )
    figures = {
        name: _bounded(name, estimate) for name, estimate in zip(FIGURES, spread, strict=True)
    }
    totals = dict(zip(FIGURES, whole.tolist(), strict=True))
    slow: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "mattr": lambda rows: mattr(words.sequence(rows)),
        "mtld": lambda rows: mtld(words.sequence(rows)),
        "compression": lambda rows: compression_ratio("\n".join(corpus.texts[row]) for row in rows),
    }
    slowly = _SLOW_WORK * of // max(1, len(words.ids) * min(size, _SLOW_ROWS))
    for name, measure in slow.items():
        totals[name] = measure(everything)
        at = totals[name]
        if size < of:
            few = draws[: max(3, slowly)] if size <= _SLOW_ROWS else draws[:3]
            at = float(np.mean([measure(rows) for rows in few]))
        figures[name] = half_samples(
            measure,
            at,
            size=size,
            of=of,
            max_size=_SLOW_ROWS,
            replicates=min(replicates, _SLOW_REPLICATES, max(_FEWEST_SLOW, 2 * slowly)),
            rng=rng,
        )
    return _Measured(totals, figures)


def _bounded(name: str, estimate: Estimate) -> Estimate:
    """An interval without what cannot be: no share is above 1, no count below 0."""
    if estimate.low is None or estimate.high is None:
        return estimate
    high = (
        min(1.0, estimate.high) if name.startswith("distinct") or name == "hd-d" else estimate.high
    )
    return Estimate(estimate.value, max(0.0, estimate.low), high)


def _headlines(study: Study, results: Sequence[_Measured], size: int, unit: str) -> tuple[str, ...]:
    if study.reference is None:
        return tuple(
            f"{corpus.name}: {_count(measured, 'vocabulary')} distinct {unit} among the "
            f"{_count(measured, 'words')} {unit} of {size:,} rows."
            for corpus, measured in zip(study.corpora, results, strict=True)
        )
    original = results[-1]
    lines = []
    for corpus, measured in zip(study.corpora, results, strict=False):
        mine, other = measured.matched["vocabulary"], original.matched["vocabulary"]
        if not mine.value or not other.value:
            continue
        lines.append(
            f"{corpus.name} has {mine.value:,.0f} distinct {unit} and {study.reference.name} has "
            f"{other.value:,.0f} in the same number of rows ({size:,}): "
            f"{_share(mine.value, other.value)} as many"
            f"{'' if apart(mine, other) else ', which may be chance'}. The compression ratio is "
            f"{_number(measured, 'compression')}, compared with "
            f"{_number(original, 'compression')} (higher is more repetitive)."
        )
    return tuple(lines)


def _share(one: float, other: float) -> str:
    return f"{one / other:.0%}"


def _count(measured: _Measured, name: str) -> str:
    return f"{measured.matched[name].value or 0:,.0f}"


def _number(measured: _Measured, name: str) -> str:
    value = measured.matched[name].value
    return "-" if value is None else f"{value:.2f}"


def _plots(
    study: Study, results: Sequence[_Measured], words: Sequence[Words], shown: Mapping[str, str]
) -> tuple[Plot, ...]:
    growth = Plot(
        "lines",
        "Vocabulary by number of rows, read in random order",
        [
            {"dataset": corpus.name, "rows": rows, "vocabulary": vocabulary}
            for corpus, of in zip(study.everything, words, strict=True)
            for rows, vocabulary in _growth(study, corpus, of)
        ],
        x="rows",
        y="vocabulary",
        color="dataset",
    )
    if study.reference is None:
        return (growth,)
    original = results[-1].matched
    marks = []
    for corpus, measured in zip(study.corpora, results, strict=False):
        for name in _COMPARED:
            mine, other = measured.matched[name], original[name]
            if mine.value is None or not other.value:
                continue
            ratio = _ratio(mine, other)
            marks.append(
                {
                    "dataset": corpus.name,
                    "figure": shown[name],
                    "ratio": ratio.value,
                    "low": ratio.low,
                    "high": ratio.high,
                    "here": mine.value,
                    "reference": other.value,
                }
            )
    ratios = Plot(
        "intervals",
        f"Each figure divided by that of {study.reference.name}, with the same number of rows (1: "
        "equal)",
        marks,
        x="ratio",
        y="figure",
        color="dataset",
        line=1.0,
    )
    return (ratios, growth) if marks else (growth,)


def _ratio(mine: Estimate, other: Estimate) -> Estimate:
    """One figure over another; relative errors of independent figures add as squares."""
    assert mine.value is not None and other.value is not None
    if not mine.value or None in (mine.low, mine.high, other.low, other.high):
        return Estimate(mine.value / other.value)
    assert mine.low is not None and mine.high is not None
    assert other.low is not None and other.high is not None
    ratio = mine.value / other.value
    down = math.hypot(1 - mine.low / mine.value, other.high / other.value - 1)
    up = math.hypot(mine.high / mine.value - 1, 1 - other.low / other.value)
    return Estimate(ratio, ratio * (1 - down), ratio * (1 + up))


def _growth(study: Study, corpus: Corpus, words: Words) -> list[tuple[int, int]]:
    """Rows read and different words met, at no more than forty points."""
    rng = generator(study.rng(f"growth/{corpus.name}"))
    order = rng.permutation(len(words))
    ids = words.sequence(order)
    _, first = np.unique(ids, return_index=True)
    new = np.zeros(len(ids) + 1, dtype=np.int64)
    new[first + 1] = 1
    met = np.cumsum(new)[np.cumsum(words.lengths[order])]
    points = np.unique(np.linspace(1, len(words), min(40, len(words))).astype(np.int64))
    return [(int(rows), int(met[rows - 1])) for rows in points]


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


LEXICAL = Metric(
    title="Lexical diversity",
    measure=_measure,
    options=LexicalOptions,
    order=20,
)
