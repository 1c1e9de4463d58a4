"""The metric `leakage`: what of a reference is also in a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from targen_analysis.lexical.rouge import WordEncoder, nearest
from targen_analysis.lexical.words import folded, unit_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import generator, rate, subsample
from targen_analysis.texts import excerpt
from targen_analysis.views import rouge_plot
from targen_core.cli.findings import Cell, Estimate, Findings, Table

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


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a dataset: the texts, and the same with a character for each word."""

    texts: Sequence[tuple[str, ...]]
    encoded: Sequence[Sequence[str]]

    def part(self, places: Sequence[int]) -> _Rows:
        """Return some of the rows."""
        return _Rows([self.texts[at] for at in places], [self.encoded[at] for at in places])

    @property
    def whole(self) -> list[str]:
        """Return each row's words as one string."""
        return ["".join(row) for row in self.encoded]


def _measure(study: Study, options: LeakageOptions) -> Findings:
    reference = study.reference
    if reference is None:
        return Findings(notes=("Leakage needs a reference to compare with: pass --against.",))
    encoder = WordEncoder()
    rows = {
        corpus.name: _Rows(corpus.texts, [encoder.encode_all(row) for row in corpus.texts])
        for corpus in study.everything
    }
    original = rows[reference.name]
    unit = unit_of(reference.texts)
    n = options.n if unit == "words" else _PER_WORD * options.n
    run = f"a run of {n} {unit}"
    figures: dict[str, dict[str, Estimate]] = {}
    found = {}
    pairs = []
    headlines = []
    for corpus in study.corpora:
        mine = rows[corpus.name]
        own = figures[corpus.name] = _figures(mine, original, n, unit)
        probes = subsample(
            options.probes, len(corpus), generator(study.rng(f"leakage/{corpus.name}"))
        )
        best, which = nearest(mine.part(probes.tolist()).whole, original.whole)
        found[corpus.name] = best
        order = np.argsort(-best, kind="stable")[: options.shown].tolist()
        cells: list[tuple[Cell, ...]] = [
            (
                round(float(best[at]), 2),
                excerpt(corpus.texts[int(probes[at])]),
                excerpt(reference.texts[int(which[at])]),
            )
            for at in order
        ]
        title = f"Most similar pairs of {corpus.name} and {reference.name}, among random rows"
        pairs.append(Table(title, ("ROUGE-L", corpus.name, reference.name), cells))
        headlines.append(
            f"{own['the same words'].value or 0:.1%} of the rows of {corpus.name} are also in "
            f"{reference.name}, ignoring case and punctuation; {own[run].value or 0:.1%} share "
            f"{n} consecutive {unit} with one of its rows."
        )
    names = list(figures[study.corpora[0].name])
    figures[reference.name] = {}
    if len(reference) > 1:
        order = generator(study.rng("leakage/halves")).permutation(len(reference)).tolist()
        halves = original.part(order[::2]), original.part(order[1::2])
        figures[reference.name] = _figures(*halves, n, unit)
    table = Table(
        f"Rows of {reference.name} that are also in the datasets",
        (
            "figure",
            *(corpus.name for corpus in study.corpora),
            f"one half of {reference.name} in the other",
        ),
        [(name, *(of.get(name) for of in figures.values())) for name in names],
        note="Shares of rows; 95% intervals, assuming that rows were drawn at random.",
    )
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={
            "the same words": "rows also in the reference (for the reference: rows of one half "
            "in the other)",
            run: f"rows that share {n} consecutive {unit} with the reference",
        },
        better={"the same words": "lower", run: "lower"},
        tables=(table, _by_field(study, reference), *pairs),
        plots=(
            rouge_plot(
                f"ROUGE-L between a row and the most similar row of {reference.name}", found
            ),
        ),
        warnings=tuple(
            f"{corpus.name} contains exact copies of rows of {reference.name}, so do not train on "
            "one and test on the other."
            for corpus in study.corpora
            if figures[corpus.name]["the same texts"].value
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


def _figures(mine: _Rows, other: _Rows, n: int, unit: str) -> dict[str, Estimate]:
    known = {*other.texts}
    words = {tuple(map(folded, row)) for row in other.texts}
    grams = {text[at : at + n] for row in other.encoded for text in row for at in _starts(text, n)}
    covered = [_covered(row, grams, n) for row in mine.encoded]
    of = len(mine.texts)
    return {
        "the same texts": rate(sum(row in known for row in mine.texts), of),
        "the same words": rate(sum(tuple(map(folded, row)) in words for row in mine.texts), of),
        f"a run of {n} {unit}": rate(sum(share > 0 for share in covered), of),
        f"half of its {unit} in such runs": rate(sum(share >= 0.5 for share in covered), of),
    }


def _starts(text: str, n: int) -> range:
    return range(len(text) - n + 1)


def _covered(row: Sequence[str], grams: set[str], n: int) -> float:
    """Return the share of a row's words that are part of a shared n-gram."""
    covered = 0
    for text in row:
        end = 0
        for at in _starts(text, n):
            if text[at : at + n] in grams:
                covered += at + n - max(at, end)
                end = at + n
    return covered / max(1, sum(map(len, row)))


def _by_field(study: Study, reference: Corpus) -> Table:
    """Return a table of the share of each field's different texts that the reference also has."""
    rows: list[tuple[Cell, ...]] = []
    for at, name in enumerate(reference.fields):
        known = {folded(row[at]) for row in reference.texts}
        cells: list[Cell] = []
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
    return Table(title, ("field", *(corpus.name for corpus in study.corpora)), rows)


LEAKAGE = Metric(
    title="Leakage",
    measure=_measure,
    options=LeakageOptions,
    order=40,
)
