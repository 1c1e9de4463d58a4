"""The metric `differences`: traits that tell synthetic rows from real ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.data.excerpt import excerpt
from targen_analysis.differences.clusters import (
    MIN_ROWS,
    Cluster,
    Covered,
    covered,
    gaps,
    latent,
)
from targen_analysis.differences.disagreement import disagreement
from targen_analysis.differences.features import Feature, telltales
from targen_analysis.differences.sides import Side, mean_of, side_of
from targen_analysis.differences.telling import (
    MIN_GROUPS,
    aucs,
    by_form,
    by_words,
    estimated,
    scores,
)
from targen_analysis.differences.telltales import as_seen, sentences
from targen_analysis.lexical.words import split, unit_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import generator, rate
from targen_core.cli.findings import Cell, Estimate, Findings, Table
from targen_core.errors import TargenError
from targen_core.hints import anywhere, install
from targen_core.plugins.loader import load_registry
from targen_core.tasks.letters import plain_words
from targen_core.text import percent, plural
from targen_standard.checks.languages import language_of
from targen_standard.embedding import Embedder
from targen_standard.examples.shown import examples_among
from targen_standard.filters.excluded.comparing import MIN_ALONE, counts_alone
from targen_standard.filters.excluded.index import ExclusionIndex


class DifferenceOptions(MetricOptions):
    """Options of `differences`."""

    rows: int = Field(1000, ge=20, description="Maximum number of rows per dataset.")
    shown: int = Field(10, ge=0, description="Maximum number of features to show.")
    gaps: int = Field(5, ge=0, description="Maximum number of missing clusters to show.")
    near: float = Field(
        90, gt=0, le=100, description="Minimum similarity of near copies, in percent."
    )
    embedder: str = Field("minilm", description="The embedder that turns rows into vectors.")
    replicates: int = Field(1000, ge=100, description="Number of resamples per interval.")


_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SMALL = 30  # groups of the smaller side below which intervals are said to be wide
_WIDE = 0.1  # of an AUC's interval
# With few rows, the draw and the folds are repeated, to reduce the effect of chance.
_REPEATS, _ROWS = 10, 1000
_LEADS = 3  # features named in the sentences at the top
_PAIRS = 5  # near copies that are shown
_WAYS = ("words", "form", "vectors")


@dataclass
class _Found:
    """The findings on one dataset."""

    sides: tuple[Side, Side]
    areas: dict[str, Estimate] = field(default_factory=dict)
    size: int = 0
    features: list[Feature] = field(default_factory=list)
    tried: int = 0
    cover: Covered | None = None
    gaps: list[Cluster] = field(default_factory=list)
    copies: Estimate = field(default_factory=lambda: Estimate(None))
    sharing: Estimate = field(default_factory=lambda: Estimate(None))
    pairs: list[tuple[Cell, ...]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def seeds(self) -> int:
        """Groups of the side that has the fewest."""
        return min(side.seeds for side in self.sides)

    @cached_property
    def unit(self) -> str:
        """Return what lengths are counted in: that of the reference, for all datasets."""
        return unit_of(self.sides[1].texts)


def _measure(study: Study, options: DifferenceOptions) -> Findings:
    reference = study.reference
    if reference is None:
        return Findings(notes=("Differences are measured against real rows: pass --against.",))
    vectors = _Vectors(options.embedder)
    found: dict[str, _Found] = {}
    notes: list[str] = []
    for corpus in study.corpora:
        fields = [name for name in corpus.fields if name in reference.fields]
        if not fields:
            notes.append(f"{corpus.name} and {reference.name} have no text column in common.")
            continue
        found[corpus.name] = _found(study, corpus, reference, fields, options, vectors)
    if not found:
        return Findings(notes=tuple(notes))
    figures = {name: _figures(each) for name, each in found.items()}
    first = next(iter(found.values()))
    figures[reference.name] = _lengths_of(first.sides[1], first.unit)
    lines = [[*_sentences(each)] for each in found.values()]
    for of, corpus in zip(lines, (c for c in study.corpora if c.name in found), strict=True):
        of[:0] = _shown(corpus, reference)
    # Of several datasets the first two sentences: the rest is in the tables.
    headlines = [line for of in lines for line in (of if len(lines) == 1 else of[:2])]
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={
            name: words
            for name, words in _glance(first.unit).items()
            if any(name in own for own in figures.values())
        },
        tables=tuple(_tables(found, reference, options)),
        warnings=tuple(line for each in found.values() for line in each.warnings),
        notes=(
            *notes,
            *dict.fromkeys(note for each in found.values() for note in each.notes),
            *vectors.notes,
            *_NOTES,
        ),
    )


def _glance(unit: str) -> dict[str, str]:
    return {
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


_NOTES = (
    (
        "AUC: given a synthetic and a real row, how often a classifier trained on other seeds "
        "recognises the synthetic one (0.5: by chance; 1: always). Logistic regression, five "
        "folds, equal numbers of rows from each side. Intervals: bootstrap over seeds. With few "
        "rows, the AUC is a mean over up to ten random draws of the larger side and of folds."
    ),
    (
        "Words: words and word pairs. Form: lengths, punctuation, and the case of letters. "
        "Vectors: the rows' embeddings."
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


class _Vectors:
    """Texts as vectors by an embedder, each text once; or the reason for their absence.

    Attributes:
        notes: what a reader must know.
    """

    def __init__(self, name: str) -> None:
        self.notes: list[str] = []
        self._known: dict[str, NDArray[np.float64]] = {}
        self._encode: Any = None
        try:
            registry = load_registry()
            embedder: Embedder = registry.resolve(registry.find("embedder", name))
            self._encode = embedder.open()
            self.notes.append(f"The embeddings come from {name}.")
        except (TargenError, ModuleNotFoundError) as error:
            hint = getattr(error, "hint", "")
            self.notes.append(
                f"AUC based on embeddings was left out: {error}"
                + (f"; {anywhere(hint)}" if hint else "")
            )

    def of(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """A vector of length 1 for each text; None without an embedder."""
        if self._encode is None:
            return None
        for text in texts:
            if text not in self._known:
                vector = np.asarray(self._encode(text), dtype=np.float64).ravel()
                self._known[text] = vector / (np.linalg.norm(vector) or 1)
        return np.array([self._known[text] for text in texts])


def _found(
    study: Study,
    corpus: Corpus,
    reference: Corpus,
    fields: Sequence[str],
    options: DifferenceOptions,
    vectors: _Vectors,
) -> _Found:
    sides = (
        side_of(study, corpus, fields, options.rows),
        side_of(study, reference, fields, options.rows),
    )
    found = _Found(sides)
    found.features, found.tried = telltales(sides, options.shown)
    _copies(found, options.near)
    try:
        _classify(study, found, options, vectors)
    except ModuleNotFoundError:
        found.notes.append(
            "AUC and clusters were left out, because scikit-learn is not installed: "
            + anywhere(install("targen-analysis[sklearn]"))
        )
    return found


def _shown(corpus: Corpus, reference: Corpus) -> Iterator[str]:
    """Yield a sentence if a run had some of the reference rows as examples."""
    shown = corpus.task and examples_among(corpus.run, corpus.task, reference.texts)
    if shown:
        yield (
            f"{shown:,} of the {len(reference):,} rows of {reference.name} were examples of "
            f"{corpus.name}, whose rows imitate them. Measure against other rows."
        )


def _classify(study: Study, found: _Found, options: DifferenceOptions, vectors: _Vectors) -> None:
    """Find how well classifiers tell the sides apart, and what clusters lack rows."""
    import sklearn  # noqa: F401 - missing before anything is counted

    sides = found.sides
    rng = generator(study.rng(f"differences/{sides[0].name}/drawn"))
    found.size = min(map(len, sides))
    seeds = study.rng("differences/folds")
    areas: dict[str, list[NDArray[np.float64]]] = {}
    for _ in range(max(1, min(_REPEATS, _ROWS // max(1, found.size)))):
        equal = (sides[0].drawn(found.size, rng), sides[1].drawn(found.size, rng))
        seed = seeds.getrandbits(31)
        texts = [*equal[0].texts, *equal[1].texts]
        if min(side.seeds for side in equal) < MIN_GROUPS:
            found.notes.append(
                f"AUC needs at least {MIN_GROUPS} seeds in each dataset, but one of "
                f"{sides[0].name} and {sides[1].name} has only {found.seeds}."
            )
            areas.clear()
            break
        ways = {"words": by_words(texts), "form": by_form(texts)}
        ways["vectors"] = vectors.of([text for side in equal for text in side.whole])
        for way, inputs in ways.items():
            if inputs is not None:
                scored, folds = scores(inputs, equal, seed)
                own = aucs(scored, folds, equal, options.replicates, rng)
                areas.setdefault(way, []).append(own)
    found.areas = {way: estimated(several) for way, several in areas.items()}
    embedded = vectors.of([text for side in sides for text in side.whole])
    inputs = embedded
    if inputs is None:
        inputs = by_words([text for side in sides for text in side.texts])
    if inputs is not None and (warning := disagreement(sides, inputs, seed)):
        found.warnings.append(warning)
    if len(sides[1]) < MIN_ROWS or sides[1].seeds < MIN_GROUPS:
        found.notes.append(f"{sides[1].name} has too few rows to form clusters.")
        return
    if embedded is None:
        embedded = latent([*sides[0].whole, *sides[1].whole], seed)
    if embedded is None:
        return
    both = embedded[: len(sides[0])], embedded[len(sides[0]) :]
    found.cover = covered(sides, both, rng)
    found.gaps = gaps(sides, both, seed, found.cover.clusters, options.gaps)


class _Real:
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

    def find(self, row: Sequence[str], near: float) -> tuple[int | None, bool]:
        """Return the real row that a row repeats, or None; and whether they share a text."""
        texts = [(text, plain_words(text)) for text in row]
        shared = frozenset(words for _, words in texts if words in self._having)
        numbers, index = self._without(shared)
        rest = [text for text, words in texts if words and words not in shared]
        if shared and not rest:
            return max(numbers, key=lambda at: sum(w in shared for _, w in self._rows[at])), True
        match = index.find(rest, similarity=near)
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


def _copies(found: _Found, near: float) -> None:
    """Find the rows that repeat one of the other side, and those that only share a text."""
    mine, theirs = (side.texts for side in found.sides)
    real = _Real(theirs)
    copies = sharing = 0
    for row in mine:
        match, shares = real.find(row, near)
        if match is not None:
            copies += 1
            found.pairs.append((excerpt(row), excerpt(theirs[match])))
        sharing += shares and match is None
    found.copies, found.sharing = rate(copies, len(mine)), rate(sharing, len(mine))
    del found.pairs[_PAIRS:]


def _counts(side: Side, unit: str) -> dict[str, NDArray[np.float64]]:
    """Words, or characters, and sentences of each row."""
    language = language_of("\n".join(side.whole))
    seen = [as_seen(text, language) for text in side.whole]
    return {
        unit: np.array([len(split(text)) for text in side.whole], dtype=float),
        "sentences": np.array([len(sentences(text)) for text in seen], dtype=float),
    }


def _lengths_of(side: Side, unit: str) -> dict[str, Estimate]:
    counts = _counts(side, unit)
    return {
        unit: mean_of(counts[unit], side.groups),
        f"sd of {unit}": Estimate(float(counts[unit].std())),
        "sentences": mean_of(counts["sentences"], side.groups),
    }


def _figures(found: _Found) -> dict[str, Estimate]:
    figures = _lengths_of(found.sides[0], found.unit)
    figures |= {f"AUC from {way}": area for way, area in found.areas.items()}
    if found.cover is not None:
        figures["clusters with rows"] = found.cover.mine
        figures["clusters with rows, other real rows"] = found.cover.theirs
    figures["near copies"] = found.copies
    if len(found.sides[0].fields) > 1:
        figures["shared texts"] = found.sharing
    return figures


def _sentences(found: _Found) -> Iterator[str]:
    mine, theirs = found.sides
    if found.areas:
        ways = ", ".join(f"{_area(area)} from {way}" for way, area in found.areas.items())
        yield (
            f"A classifier distinguishes rows of {mine.name} from rows of {theirs.name} with an "
            f"AUC of {ways}. 0.50 is chance, 1 is perfect; {found.size:,} rows of each."
        )
    unit = found.unit
    ours, real = _lengths_of(mine, unit), _lengths_of(theirs, unit)
    yield (
        f"On average, a row of {mine.name} has {ours[unit].value:.1f} {unit} (sd "
        f"{ours[f'sd of {unit}'].value:.1f}) in {ours['sentences'].value:.1f} sentences; a row of "
        f"{theirs.name} has {real[unit].value:.1f} (sd {real[f'sd of {unit}'].value:.1f}) in "
        f"{real['sentences'].value:.1f}."
    )
    for feature in sorted(found.features, key=lambda each: each.word)[:_LEADS]:
        yield (
            f"{percent(feature.mine.value)} of the rows of {mine.name} {feature.name}, compared "
            f"with {percent(feature.theirs.value)} of {theirs.name} ({_points(feature.apart)})."
        )
    if not found.features:
        yield (
            f"None of the {found.tried:,} features is significantly more frequent in either "
            "dataset."
        )
    if found.cover is not None and found.cover.mine.value is not None:
        cover = found.cover
        lacks = "; ".join(f"“{', '.join(each.words)}”" for each in found.gaps[:_LEADS])
        yield (
            f"{mine.name} has rows in {percent(cover.mine.value)} of about {cover.clusters} "
            f"clusters of {theirs.name}; the same number of other rows of {theirs.name} covers "
            f"{percent(cover.theirs.value)}."
            + (f" {mine.name} mainly lacks rows about {lacks}." if lacks else "")
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
    if found.seeds < _SMALL:
        few = min(found.sides, key=lambda side: side.seeds)
        widths = [area.high - area.low for area in found.areas.values() if area.low and area.high]
        wide = max(widths, default=0.0)
        yield (
            f"There is little evidence: {few.name} has only "
            f"{plural(few.seeds, 'independent row')} (seeds, examples or premises), so intervals "
            "are rough and only large differences are visible"
            + (
                f"; the interval of an AUC is up to {100 * wide:.0f} points wide."
                if wide > _WIDE
                else "."
            )
        )


def _area(area: Estimate) -> str:
    if area.value is None:
        return "unknown"
    return f"{area.value:.2f} ({area.low:.2f} to {area.high:.2f})"


def _points(apart: Estimate) -> str:
    value, low, high = (round(100 * (end or 0)) for end in (apart.value, apart.low, apart.high))
    return f"{value:+d} points, {low:+d} to {high:+d}"


def _tables(
    found: dict[str, _Found], reference: Corpus, options: DifferenceOptions
) -> Iterator[Table]:
    for name, each in found.items():
        many = len(each.features)
        yield Table(
            f"Features that distinguish {name} from {reference.name}",
            ("rows that", name, reference.name, "difference"),
            [(f.name, f.mine, f.theirs, f.apart) for f in each.features],
            note="Shares of rows with each feature, the most significant difference first. "
            f"{plural(many, 'feature')} of {each.tried} examined: only those that differ beyond "
            "chance, and only one of several equivalent ones.",
        )
    sides = {name: each.sides[0] for name, each in found.items()}
    sides[reference.name] = next(iter(found.values())).sides[1]
    unit = next(iter(found.values())).unit
    yield Table(
        f"{unit.capitalize()} and sentences per row",
        ("number of", "dataset", "mean", "sd", *(f"{q:.0%}" for q in _QUANTILES)),
        [
            (what, name, mean_of(counts, side.groups), round(float(counts.std()), 2),
             *(float(q) for q in np.quantile(counts, _QUANTILES)))
            for what in (unit, "sentences")
            for name, side in sides.items()
            for counts in [_counts(side, unit)[what]]
        ],
        note="The last columns are quantiles; for example, half of the rows have at most the "
             "value under 50%.",
    )  # fmt: skip
    for name, each in found.items():
        real = each.sides[1]
        yield Table(
            f"Clusters that {reference.name} has and {name} lacks",
            ("words", reference.name, name, "difference", "example row"),
            [
                (", ".join(g.words), g.theirs, g.mine, g.apart, excerpt(real.texts[g.row]))
                for g in each.gaps
            ],
            note="Shares of rows in each k-means cluster; only clusters where they differ "
            "significantly are shown.",
        )
        yield Table(
            f"Rows of {name} that are near copies of rows of {reference.name}",
            (name, reference.name),
            each.pairs,
            note="A near copy has the same words, eight consecutive words that are half of the "
            f"other text, or a similarity of at least {options.near:g}%. If rows share a text of "
            f"{MIN_ALONE} words or more, only their other texts are compared. The options "
            "--exclude and --examples reject near copies.",
        )


DIFFERENCES = Metric(
    title="Differences from the real rows",
    measure=_measure,
    options=DifferenceOptions,
    order=0,
)
"""Differences of synthetic rows from real ones, with which a report opens."""
