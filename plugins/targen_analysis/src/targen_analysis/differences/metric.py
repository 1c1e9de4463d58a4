"""The metric `differences`: traits that tell synthetic rows from real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.differences.classifier import (
    MIN_GROUPS,
    area_under_curve,
    by_form,
    by_words,
    contradicted_labels,
)
from targen_analysis.differences.sides import Side, mean_of, side_of
from targen_analysis.differences.telltales import Feature, sentences, telltales
from targen_analysis.lexical.words import split, unit_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.semantic.vectors import unit
from targen_analysis.statistics import generator, rate
from targen_analysis.texts import excerpt
from targen_analysis.views import figure_table
from targen_core.cli.findings import Cell, Estimate, Findings, Table
from targen_core.errors import TargenError
from targen_core.hints import anywhere
from targen_core.plugins.loader import load_registry
from targen_core.tasks.words import plain_words
from targen_core.text import percent, plural
from targen_standard.embedding import Embedder
from targen_standard.examples.shown import examples_among
from targen_standard.filters.excluded.comparing import MIN_ALONE, counts_alone
from targen_standard.filters.excluded.index import ExclusionIndex

_NEAR = 90  # similarity of near copies, in percent
_SMALL = 30  # groups of the smaller side below which a sentence says that there is little evidence
_LEADS = 3  # features named in the sentences at the top
_PAIRS = 5  # near copies that are shown
_WAYS = ("words", "form", "vectors")


class DifferenceOptions(MetricOptions):
    """Options of `differences`."""

    rows: int = Field(1000, ge=20, description="Maximum number of rows per dataset.")
    shown: int = Field(10, ge=0, description="Maximum number of features to show.")
    embedder: str = Field("minilm", description="The embedder that turns rows into vectors.")
    replicates: int = Field(500, ge=100, description="Number of resamples per interval.")


Encode = Callable[[str], Any]


@dataclass
class _Compared:
    """A dataset compared with the reference."""

    sides: tuple[Side, Side]
    unit: str
    features: list[Feature] = field(default_factory=list)
    tried: int = 0
    size: int = 0
    areas: dict[str, Estimate] = field(default_factory=dict)
    copies: Estimate = field(default_factory=lambda: Estimate(None))
    sharing: Estimate = field(default_factory=lambda: Estimate(None))
    pairs: list[tuple[Cell, ...]] = field(default_factory=list)
    warning: str | None = None
    notes: list[str] = field(default_factory=list)


def _measure(study: Study, options: DifferenceOptions) -> Findings:
    import sklearn  # noqa: F401 - missing before anything is counted

    reference = study.reference
    if reference is None:
        return Findings(notes=("Differences are measured against real rows: pass --against.",))
    encode, about_vectors = _embedder(options.embedder)
    unit = unit_of(reference.texts)  # of lengths, the same for all datasets
    notes: list[str] = []
    headlines: list[str] = []
    found: dict[str, _Compared] = {}
    for corpus in study.corpora:
        fields = [name for name in corpus.fields if name in reference.fields]
        if not fields:
            notes.append(f"{corpus.name} and {reference.name} have no text column in common.")
            continue
        sides = (
            side_of(study, corpus, fields, options.rows),
            side_of(study, reference, fields, options.rows),
        )
        each = found[corpus.name] = _Compared(sides, unit)
        each.features, each.tried = telltales(sides, options.shown)
        _find_copies(each)
        _classify(study, each, options.replicates, encode)
        notes += each.notes
        lines = [*_shown_examples(corpus, reference), *_sentences(each)]
        # Of several datasets the first two sentences: the rest is in the tables.
        headlines += lines if len(study.corpora) == 1 else lines[:2]
    if not found:
        return Findings(notes=tuple(notes))
    figures = {name: _figures(each) for name, each in found.items()}
    first = next(iter(found.values()))
    figures[reference.name] = _lengths(first.sides[1], unit)
    glance = {
        unit: f"mean number of {unit} per row",
        f"sd of {unit}": f"standard deviation of {unit} per row",
        "sentences": "mean number of sentences per row",
        **{
            f"AUC from {way}": "how well a classifier tells real from synthetic rows from "
            f"{way}; 0.5 is chance"
            for way in _WAYS
        },
        "near copies": "rows that are near copies of a reference row",
        "shared texts": "other rows that share a text, such as a premise, with a reference row",
    }
    known = {name for of in figures.values() for name in of}
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={name: words for name, words in glance.items() if name in known},
        tables=tuple(_tables(found, figures, reference)),
        warnings=tuple(each.warning for each in found.values() if each.warning),
        notes=(*dict.fromkeys(notes), about_vectors, *_NOTES),
    )


_NOTES = (
    (
        "AUC: given a synthetic and a real row, how often a classifier trained on other seeds "
        "recognises the synthetic one (0.5: by chance; 1: always). Logistic regression, five "
        "folds, equal numbers of rows from each side. Intervals: bootstrap over seeds. Words: "
        "words and word pairs. Form: lengths, punctuation, and the case of letters. Vectors: the "
        "rows' embeddings."
    ),
    (
        "Rows from one seed, and rows that share a text such as a premise, are in the same fold. "
        "The more alike they are, the wider the intervals. A file does not record which rows "
        "share a seed."
    ),
    (
        "A difference is not necessarily a fault; real rows also have artefacts. Train models on "
        "both to see which differences matter."
    ),
)


def _embedder(name: str) -> tuple[Encode | None, str]:
    """Return what turns a text into a vector, each text once, or None; and a note."""
    try:
        registry = load_registry()
        embedder: Embedder = registry.resolve(registry.find("embedder", name))
        return cache(embedder.open()), f"The embeddings come from {name}."
    except (TargenError, ModuleNotFoundError) as error:
        hint = getattr(error, "hint", "")
        problem = f"{error}; {anywhere(hint)}" if hint else str(error)
        return None, f"AUC based on embeddings was left out: {problem}"


def _vectors(encode: Encode, sides: tuple[Side, Side]) -> NDArray[np.float64]:
    texts = [text for side in sides for text in side.whole]
    return unit([np.asarray(encode(text), dtype=np.float64).ravel() for text in texts])


def _shown_examples(corpus: Corpus, reference: Corpus) -> Iterator[str]:
    """Yield a sentence if a run had some of the reference rows as examples."""
    shown = corpus.task and examples_among(corpus.run, corpus.task, reference.texts)
    if shown:
        yield (
            f"{shown:,} of the {len(reference):,} rows of {reference.name} were examples of "
            f"{corpus.name}, whose rows imitate them. Measure against other rows."
        )


def _classify(study: Study, found: _Compared, replicates: int, encode: Encode | None) -> None:
    """Find how well classifiers tell the sides apart, and whether one contradicts labels."""
    mine, theirs = found.sides
    rng = generator(study.rng(f"differences/{mine.name}/drawn"))
    seed = study.rng("differences/folds").getrandbits(31)
    found.size = min(len(mine), len(theirs))
    equal = (mine.drawn(found.size, rng), theirs.drawn(found.size, rng))
    if min(side.seeds for side in equal) >= MIN_GROUPS:
        texts = [*equal[0].texts, *equal[1].texts]
        ways = {"words": by_words(texts), "form": by_form(texts)}
        ways["vectors"] = None if encode is None else _vectors(encode, equal)
        found.areas = {
            way: area_under_curve(inputs, equal, seed, replicates, rng)
            for way, inputs in ways.items()
            if inputs is not None
        }
    else:
        found.notes.append(
            f"AUC needs at least {MIN_GROUPS} seeds in each dataset, but {mine.name} or "
            f"{theirs.name} has too few."
        )
    if encode is not None:
        inputs = _vectors(encode, found.sides)
    else:
        inputs = by_words([*mine.texts, *theirs.texts])
    if inputs is not None:
        found.warning = contradicted_labels(found.sides, inputs, seed)


class _RealRows:
    """Real rows, to find the one that a row repeats.

    A text that a row has in common with a real one, such as a premise, may be shared by design. So
    it is left out, and the other texts of both are compared.
    """

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        self._rows = [[(text, plain_words(text)) for text in row] for row in rows]
        self._having: dict[str, list[int]] = {}  # a text's words -> the rows that have it
        for number, row in enumerate(self._rows):
            for words in {words for _, words in row if counts_alone(words)}:
                self._having.setdefault(words, []).append(number)
        self._indexes: dict[frozenset[str], tuple[list[int], ExclusionIndex]] = {}

    def find(self, row: Sequence[str]) -> tuple[int | None, bool]:
        """Return the real row that a row repeats, or None; and whether they share a text."""
        texts = [(text, plain_words(text)) for text in row]
        shared = frozenset(words for _, words in texts if words in self._having)
        numbers, index = self._without(shared)
        rest = [text for text, words in texts if words and words not in shared]
        if shared and not rest:
            return max(numbers, key=lambda at: sum(w in shared for _, w in self._rows[at])), True
        match = index.find(rest, similarity=_NEAR)
        return (None if match is None else numbers[match.row - 1]), bool(shared)

    def _without(self, shared: frozenset[str]) -> tuple[list[int], ExclusionIndex]:
        """Return the rows that have any of these texts, and an index of their other texts."""
        if shared not in self._indexes:
            numbers = sorted({at for words in shared for at in self._having[words]})
            numbers = numbers if shared else [*range(len(self._rows))]
            index = ExclusionIndex()
            for at in numbers:
                index.add([text for text, words in self._rows[at] if words not in shared])
            self._indexes[shared] = numbers, index
        return self._indexes[shared]


def _find_copies(found: _Compared) -> None:
    """Find the rows that repeat one of the other side, and those that only share a text."""
    mine, theirs = (side.texts for side in found.sides)
    real = _RealRows(theirs)
    matches = [real.find(row) for row in mine]
    pairs = [
        (row, theirs[at]) for row, (at, _) in zip(mine, matches, strict=True) if at is not None
    ]
    found.copies = rate(len(pairs), len(mine))
    found.sharing = rate(sum(shares and at is None for at, shares in matches), len(mine))
    found.pairs = [(excerpt(row), excerpt(other)) for row, other in pairs[:_PAIRS]]


def _lengths(side: Side, unit: str) -> dict[str, Estimate]:
    words = np.array([len(split(text)) for text in side.whole], dtype=float)
    counts = np.array([len(sentences(text)) for text in side.whole], dtype=float)
    return {
        unit: mean_of(words, side.groups),
        f"sd of {unit}": Estimate(float(words.std())),
        "sentences": mean_of(counts, side.groups),
    }


def _figures(found: _Compared) -> dict[str, Estimate]:
    figures = _lengths(found.sides[0], found.unit)
    figures |= {f"AUC from {way}": area for way, area in found.areas.items()}
    figures["near copies"] = found.copies
    if len(found.sides[0].fields) > 1:
        figures["shared texts"] = found.sharing
    return figures


def _sentences(found: _Compared) -> Iterator[str]:
    mine, theirs = found.sides
    if found.areas:
        ways = ", ".join(
            f"{area.value:.2f} ({area.low:.2f} to {area.high:.2f}) from {way}"
            for way, area in found.areas.items()
        )
        yield (
            f"A classifier distinguishes rows of {mine.name} from rows of {theirs.name} with an "
            f"AUC of {ways}. 0.50 is chance, 1 is perfect; {found.size:,} rows of each."
        )
    unit = found.unit
    ours, real = _lengths(mine, unit), _lengths(theirs, unit)
    yield (
        f"On average, a row of {mine.name} has {ours[unit].value:.1f} {unit} (sd "
        f"{ours[f'sd of {unit}'].value:.1f}) in {ours['sentences'].value:.1f} sentences; a row of "
        f"{theirs.name} has {real[unit].value:.1f} (sd {real[f'sd of {unit}'].value:.1f}) in "
        f"{real['sentences'].value:.1f}."
    )
    for feature in sorted(found.features, key=lambda each: each.word)[:_LEADS]:
        away = feature.difference
        points = [round(100 * (end or 0)) for end in (away.value, away.low, away.high)]
        yield (
            f"{percent(feature.mine.value)} of the rows of {mine.name} {feature.name}, compared "
            f"with {percent(feature.theirs.value)} of {theirs.name} ({points[0]:+d} points, "
            f"{points[1]:+d} to {points[2]:+d})."
        )
    if not found.features:
        yield (
            f"None of the {found.tried:,} features is significantly more frequent in either "
            "dataset."
        )
    if found.copies.value:
        yield (
            f"{percent(found.copies.value)} of the rows of {mine.name} are near copies of rows of "
            f"{theirs.name}."
        )
    if found.sharing.value:
        yield (
            f"{percent(found.sharing.value)} of the rows of {mine.name} share a text, such as a "
            f"premise, with a row of {theirs.name}, but their other texts differ."
        )
    few = min(found.sides, key=lambda side: side.seeds)
    if few.seeds < _SMALL:
        yield (
            f"There is little evidence: {few.name} has only "
            f"{plural(few.seeds, 'independent row')} (seeds, examples or premises), so intervals "
            "are rough and only large differences are visible."
        )


def _tables(
    found: Mapping[str, _Compared],
    figures: Mapping[str, Mapping[str, Estimate]],
    reference: Corpus,
) -> Iterator[Table]:
    for name, each in found.items():
        yield Table(
            f"Features that distinguish {name} from {reference.name}",
            ("rows that", name, reference.name, "difference"),
            [(f.name, f.mine, f.theirs, f.difference) for f in each.features],
            note="Shares of rows with each feature, the most significant difference first. "
            f"{plural(len(each.features), 'feature')} of {each.tried} examined: only those that "
            "differ beyond chance, and only one of several equivalent ones.",
        )
    lengths = figures[reference.name]
    yield figure_table("Length of rows", figures, lengths)
    for name, each in found.items():
        yield Table(
            f"Rows of {name} that are near copies of rows of {reference.name}",
            (name, reference.name),
            each.pairs,
            note="A near copy has the same words, eight consecutive words that are half of the "
            f"other text, or a similarity of at least {_NEAR}%. If rows share a text of "
            f"{MIN_ALONE} words or more, only their other texts are compared. The options "
            "--exclude and --examples reject near copies.",
        )


DIFFERENCES = Metric(
    title="Differences from the real rows",
    measure=_measure,
    options=DifferenceOptions,
    extra="sklearn",
    order=0,
)
"""Differences of synthetic rows from real ones, with which a report opens."""
