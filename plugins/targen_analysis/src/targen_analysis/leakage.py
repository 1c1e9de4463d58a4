"""The metric `leakage`: what of a reference is also in a dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.data.excerpt import excerpt
from targen_analysis.lexical.rouge import as_string, nearest
from targen_analysis.lexical.words import Words, folded, unit_of, words_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import generator, rate, subsample
from targen_analysis.views import rouge_plot
from targen_core.cli.findings import Estimate, Findings, Table

_PER_WORD = 3
"""Characters of a script without spaces in place of a word: few more are just a polite ending."""


class LeakageOptions(MetricOptions):
    """Options of `leakage`."""

    n: int = Field(
        8,
        ge=2,
        description="Number of consecutive words that two texts must share to count as "
        f"overlapping. In scripts without spaces between words, {_PER_WORD} times as many "
        "characters.",
    )
    probes: int = Field(
        200, ge=1, description="Number of rows to compare with the whole reference."
    )
    shown: int = Field(10, ge=0, description="Number of pairs to show.")


_RANKED = 500
"""Rows that share most with the reference, whose partners are looked at."""


@dataclass(frozen=True, slots=True)
class _Overlap:
    """The n-grams that a dataset's rows share with a reference.

    Attributes:
        covered: of each row, the share of its words that are part of a shared n-gram.
        partner: of each row that shares one, a row of the reference that does; else -1.
    """

    covered: NDArray[np.float64]
    partner: NDArray[np.int64]


def _measure(study: Study, options: LeakageOptions) -> Findings:
    reference = study.reference
    if reference is None:
        return Findings(notes=("Leakage needs a reference to compare with: pass --against.",))
    *words, original = words_of(*study.everything)
    unit = unit_of(reference.texts)
    n = options.n if unit == "words" else _PER_WORD * options.n
    run = f"a run of {n} {unit}"
    strings = _strings(original, np.arange(len(original)))
    figures: dict[str, dict[str, Estimate]] = {}
    tables: list[Table] = []
    found: dict[str, NDArray[np.float32]] = {}
    headlines: list[str] = []
    for corpus, mine in zip(study.corpora, words, strict=True):
        rng = generator(study.rng(f"leakage/{corpus.name}"))
        overlap = _overlap(mine, original, n)
        probes = subsample(options.probes, len(corpus), rng)
        best, which = nearest(_strings(mine, probes), strings)
        figures[corpus.name] = _rates(corpus, reference, overlap, n, unit)
        found[corpus.name] = best
        if options.shown:
            pairs = {
                (int(p), int(w)): float(b) for p, w, b in zip(probes, which, best, strict=True)
            }
            pairs.update(_partners(mine, original, overlap))
            tables.append(_pairs(corpus, reference, pairs, options.shown))
        headlines.append(_headline(corpus, reference, figures[corpus.name], n, unit))
    within = _within(original, study, n, unit)
    names = list(figures[study.corpora[0].name])
    half = f"one half of {reference.name} in the other"
    figures[reference.name] = within
    table = Table(
        f"Rows of {reference.name} that are also in the datasets",
        ("figure", *(corpus.name for corpus in study.corpora), half),
        [
            (name, *(figures[c.name][name] for c in study.corpora), within.get(name))
            for name in names
        ],
        note="Shares of rows; 95% intervals, assuming that rows were drawn at random.",
    )
    exact = [c for c in study.corpora if figures[c.name]["the same texts"].value]
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={
            "the same words": "rows also in the reference (for the reference: rows of one half "
            "in the other)",
            run: f"rows that share {n} consecutive {unit} with the reference",
        },
        better={"the same words": "lower", run: "lower"},
        tables=(table, *_by_field(study), *tables),
        plots=(
            rouge_plot(
                f"ROUGE-L between a row and the most similar row of {reference.name}", found
            ),
        ),
        warnings=tuple(
            f"{corpus.name} contains exact copies of rows of {reference.name}, so do not train on "
            "one and test on the other."
            for corpus in exact
        ),
        notes=(
            (
                f"ROUGE-L compares {options.probes:,} rows drawn at random with each row of "
                f"{reference.name}. All rows are compared by exact text, by words only, and by "
                f"runs of {n} {unit}; the last comparison does not find shorter texts."
            ),
            (
                "Paraphrases and translations are not found. The figures do not show what a model "
                "has seen in training: a row may be in both datasets for other reasons."
            ),
        ),
    )


def _strings(words: Words, rows: NDArray[np.int64]) -> list[str]:
    return [as_string(words.row(int(row))) for row in rows]


def _windows(words: Words, n: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """A 64-bit number for each run of n words in a field, and where it begins.

    Two different runs share a number once in 2**64 pairs.
    """
    values = np.random.default_rng(0).integers(
        0, 2**64 - 1, max(words.types, 1), dtype=np.uint64, endpoint=True
    )
    places = np.flatnonzero(words.left >= n)
    hashes = np.zeros(len(places), dtype=np.uint64)
    for at in range(n):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + values[words.ids[places + at]]
    return hashes, places


def _overlap(mine: Words, other: Words, n: int) -> _Overlap:
    runs, places = _windows(mine, n)
    theirs, there = _windows(other, n)
    order = np.argsort(theirs, kind="stable")
    ranked = theirs[order]
    at = np.searchsorted(ranked, runs)
    hits = np.zeros(len(runs), dtype=bool)
    inside = at < len(ranked)
    hits[inside] = ranked[at[inside]] == runs[inside]
    # A shared run covers n places: +1 where it begins, -1 behind it.
    edges = np.zeros(len(mine.ids) + 1, dtype=np.int64)
    begin = places[hits]
    np.add.at(edges, begin, 1)
    np.add.at(edges, begin + n, -1)
    covered = np.cumsum(edges)[:-1] > 0
    row_of = np.repeat(np.arange(len(mine)), mine.lengths)
    sums = np.bincount(row_of[covered], minlength=len(mine))
    partner = np.full(len(mine), -1, dtype=np.int64)
    if len(begin):
        theirs_at = np.searchsorted(other.starts, there[order[at[hits]]], side="right") - 1
        pairs, often = np.unique(row_of[begin] * len(other) + theirs_at, return_counts=True)
        # In order of how often: the last that is written is the most frequent.
        ranked_pairs = pairs[np.argsort(often, kind="stable")]
        partner[ranked_pairs // len(other)] = ranked_pairs % len(other)
    return _Overlap(sums / np.maximum(mine.lengths, 1), partner)


def _rates(
    corpus: Corpus, reference: Corpus, overlap: _Overlap, n: int, unit: str
) -> dict[str, Estimate]:
    known = {tuple(row) for row in reference.texts}
    plain = {_normal(row) for row in reference.texts}
    of = len(corpus)
    shared = overlap.covered > 0
    return {
        "the same texts": rate(sum(tuple(row) in known for row in corpus.texts), of),
        "the same words": rate(sum(_normal(row) in plain for row in corpus.texts), of),
        f"a run of {n} {unit}": rate(int(shared.sum()), of),
        f"half of its {unit} in such runs": rate(int((overlap.covered >= 0.5).sum()), of),
    }


def _normal(row: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The words of a row: case, punctuation and spacing do not count."""
    return tuple(map(folded, row))


def _partners(mine: Words, other: Words, overlap: _Overlap) -> dict[tuple[int, int], float]:
    """The rows that share most, each with one that it shares with, and their ROUGE-L."""
    rows = np.flatnonzero(overlap.partner >= 0)
    rows = rows[np.argsort(-overlap.covered[rows], kind="stable")][:_RANKED]
    recalls = {}
    for row in rows.tolist():
        partner = int(overlap.partner[row])
        best, _ = nearest([as_string(mine.row(row))], [as_string(other.row(partner))])
        recalls[row, partner] = float(best[0])
    return recalls


def _pairs(
    corpus: Corpus, reference: Corpus, pairs: dict[tuple[int, int], float], shown: int
) -> Table:
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:shown]
    return Table(
        f"Most similar pairs of {corpus.name} and {reference.name}",
        ("ROUGE-L", corpus.name, reference.name),
        [
            (round(score, 2), excerpt(corpus.texts[one]), excerpt(reference.texts[two]))
            for (one, two), score in ranked
        ],
        note="Found among random rows and the rows that share the most words with the reference.",
    )


def _by_field(study: Study) -> list[Table]:
    """Return tables of the share of each field's different texts that the reference also has."""
    reference = study.reference
    assert reference is not None
    rows: list[tuple[str | Estimate | None, ...]] = []
    for at, name in enumerate(reference.fields):
        known = {folded(row[at]) for row in reference.texts}
        cells: list[Estimate | None] = []
        for corpus in study.corpora:
            if name not in corpus.fields:
                cells.append(None)
                continue
            place = corpus.fields.index(name)
            mine = {folded(row[place]) for row in corpus.texts if row[place].strip()}
            cells.append(rate(len(mine & known), len(mine)))
        rows.append((name, *cells))
    title = (
        f"Share of each field's distinct texts that are also in {reference.name}, ignoring case "
        "and punctuation"
    )
    return [Table(title, ("field", *(corpus.name for corpus in study.corpora)), rows)]


def _within(original: Words, study: Study, n: int, unit: str) -> dict[str, Estimate]:
    """The same of the reference itself: one random half against the other."""
    reference = study.reference
    assert reference is not None
    if len(reference) < 2:
        return {}
    order = generator(study.rng("leakage/halves")).permutation(len(reference))
    one, two = np.sort(order[::2]), np.sort(order[1::2])
    return _rates(
        _part(reference, one),
        _part(reference, two),
        _overlap(_take(original, one), _take(original, two), n),
        n,
        unit,
    )


def _part(corpus: Corpus, rows: NDArray[np.int64]) -> Corpus:

    chosen = rows.tolist()
    return replace(
        corpus, rows=[corpus.rows[r] for r in chosen], texts=[corpus.texts[r] for r in chosen]
    )


def _take(words: Words, rows: NDArray[np.int64]) -> Words:
    places = words.places(rows)
    starts = np.concatenate([[0], np.cumsum(words.lengths[rows])])
    return Words(words.ids[places], starts, words.left[places], words.types)


def _headline(
    corpus: Corpus, reference: Corpus, mine: dict[str, Estimate], n: int, unit: str
) -> str:
    same, run = mine["the same words"].value or 0, mine[f"a run of {n} {unit}"].value or 0
    return (
        f"{same:.1%} of the rows of {corpus.name} are also in {reference.name}, ignoring case "
        f"and punctuation; {run:.1%} share {n} consecutive {unit} with one of its rows."
    )


LEAKAGE = Metric(
    title="Leakage",
    measure=_measure,
    options=LeakageOptions,
    order=40,
)
