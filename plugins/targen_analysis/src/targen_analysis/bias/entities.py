"""The metric `entities`: named entities, compared with the reference's.

TarGEN (arXiv:2310.17876), section 5 and figures 4 and 7 to 11, compares a synthetic dataset with
the original. It shows how often entities of some types occur in each. It finds them alike by eye.
Here the distance has a number, next to the distance between two halves of the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from targen_analysis.bias.divergence import MIN_SIZE, compare
from targen_analysis.bias.entitytables import (
    DENSITY,
    NAMED,
    Compared,
    divergence_of,
    overview,
    plots,
    share_of,
    top_table,
    type_table,
)
from targen_analysis.bias.mentions import Mentions, mentions, texts_of
from targen_analysis.bias.pipeline import Recognizer
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import bootstrap, generator, rate, subsample
from targen_core.cli.findings import Estimate, Findings
from targen_core.errors import UsageError
from targen_core.text import percent


class EntityOptions(MetricOptions):
    """Options of `entities`."""

    model: str = Field(
        "en_core_web_sm", min_length=1, description="Name or folder of a spaCy pipeline."
    )
    types: tuple[str, ...] = Field(
        ("GPE", "PRODUCT", "NORP", "PERSON"),
        description="Entity types to compare and show, separated by commas.",
    )
    rows: int = Field(
        0, ge=0, description="Number of rows per dataset; 0: enough for 20,000 words."
    )
    replicates: int = Field(
        100,
        ge=0,
        description="Number of resamples per interval, and of random halvings; 0: no intervals.",
    )
    shown: int = Field(10, ge=0, description="Number of entities to show per type.")

    @field_validator("types", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


_WORDS = 20_000
"""Words of a dataset that are read. A small pipeline reads about 10,000 a second on a core."""

_LONGEST = 20_000
"""Characters of a text that are read: a row of ten megabytes would take minutes."""

_READING = (
    "0: same as the reference, 1: completely different; for the reference: between its halves"
)

_MATTERS = 0.2
"""More of a type in its ten most frequent, by so much, is worth a warning."""


def _measure(study: Study, options: EntityOptions) -> Findings:
    recognizer = Recognizer(options.model)
    asked = _asked_types(recognizer, options)
    corpora = study.everything
    size = _size(corpora, options.rows)
    mentions = _read(study, recognizer, size)
    types = _by_frequency(mentions)
    figures = {
        corpus.name: _frequencies(study, corpus, of, types, options.replicates)
        for corpus, of in zip(corpora, mentions, strict=True)
    }
    compared = {
        name: _compared(study, mentions, name, size, options.replicates)
        for name in ("", *(name for name in asked if name in types))
    }
    for each in compared.values():
        for corpus, named in zip(corpora, each.figures, strict=True):
            figures[corpus.name] |= named
    return Findings(
        headlines=tuple(_headlines(study, figures, types)),
        figures=figures,
        glance={
            DENSITY: f"named entities that {recognizer.about} finds",
            divergence_of(""): _READING,
            **{divergence_of(of): _READING for of in asked[:1]},
        },
        tables=(
            overview(study, figures, compared, size),
            type_table(study, figures, types),
            *(top_table(study, mentions, name, options.shown) for name in asked if options.shown),
        ),
        plots=tuple(plots(study, figures, compared, types)),
        warnings=tuple(_warnings(study, figures, mentions, asked)),
        notes=tuple(_notes(recognizer, options, corpora, mentions, size)),
    )


def _asked_types(recognizer: Recognizer, options: EntityOptions) -> tuple[str, ...]:
    unknown = [name for name in options.types if name not in recognizer.types]
    if unknown and "types" in options.model_fields_set:
        raise UsageError(
            f"{recognizer.about} does not find entities of type {unknown[0]!r} (entities.types)",
            hint=f"its types are: {', '.join(recognizer.types)}",
        )
    return tuple(name for name in options.types if name not in unknown)


def _size(corpora: Sequence[Corpus], asked: int) -> int:
    """Rows that each dataset gives: equally many, and of none too many words."""
    smallest = min(map(len, corpora))
    if asked:
        return min(asked, smallest)
    wordy = max(
        sum(len(text[:_LONGEST].split()) for row in corpus.texts for text in row) / len(corpus)
        for corpus in corpora
    )
    return min(smallest, max(2, int(_WORDS / max(1.0, wordy))))


def _read(study: Study, recognizer: Recognizer, size: int) -> list[Mentions]:
    samples = []
    for corpus in study.everything:
        rng = generator(study.rng(f"entities/{corpus.name}"))
        rows = subsample(size, len(corpus), rng).tolist()
        cut = ([text[:_LONGEST] for text in corpus.texts[row]] for row in rows)
        samples.append([texts_of(texts) for texts in cut])
    texts = list(dict.fromkeys(text for rows in samples for row in rows for text in row))
    known = dict(zip(texts, recognizer.entities(texts), strict=True))
    return [mentions(rows, known) for rows in samples]


def _by_frequency(mentions: Sequence[Mentions]) -> list[str]:
    """The types that occur, those first that have the most of any dataset."""
    highest: dict[str, float] = {}
    for each in mentions:
        for name, count in zip(*np.unique(each.type, return_counts=True), strict=True):
            highest[str(name)] = max(highest.get(str(name), 0.0), int(count) / len(each))
    return sorted(highest, key=lambda name: (-highest[name], name))


def _frequencies(
    study: Study, corpus: Corpus, mentions: Mentions, types: Sequence[str], replicates: int
) -> dict[str, Estimate]:
    """Return the number of entities, and the share of each type; intervals over rows."""
    counts, rows = mentions.counts(types), len(mentions.words)

    def measure(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        by_type = counts[chosen].sum(axis=0)
        total, words = by_type.sum(), mentions.words[chosen].sum()
        return np.array([100 * total / max(1, words), *(by_type / max(1, total))])

    at = measure(np.arange(rows))
    rng = generator(study.rng(f"entities/replicates/{corpus.name}"))
    density, *shares = bootstrap(measure, at, size=rows, of=rows, replicates=replicates, rng=rng)
    return {
        DENSITY: Estimate(density.value, density.low and max(0.0, density.low), density.high),
        NAMED: rate(mentions.named, rows),
        **{
            share_of(name): _no_narrower(share, rate(int(count), len(mentions)))
            for name, share, count in zip(types, shares, counts.sum(axis=0), strict=True)
        },
    }


def _no_narrower(estimate: Estimate, alone: Estimate) -> Estimate:
    """An interval over rows, but no narrower than if mentions were independent.

    Mentions of a row go together, so it is wider as a rule; if there are few of them, the resamples
    may all be alike.
    """
    if estimate.low is None or estimate.high is None or alone.low is None or alone.high is None:
        return Estimate(alone.value)
    low, high = min(estimate.low, alone.low), max(estimate.high, alone.high)
    return Estimate(estimate.value, max(0.0, low), min(1.0, high))


def _compared(
    study: Study, mentions: Sequence[Mentions], of: str, size: int, replicates: int
) -> Compared:
    """The types, or the entities of one type, in halves of equally many."""
    numbers: dict[str, int] = {}
    things, counted = compare(
        [each.kinds(numbers, of) for each in mentions],
        rows=size,
        times=replicates,
        rng=generator(study.rng(f"entities/halves/{of}")),
        referenced=study.reference is not None,
    )
    figures: list[dict[str, Estimate]] = [{} for _ in counted]
    for each, mine in zip(counted, figures, strict=True):
        if study.reference is not None:
            mine[divergence_of(of)] = each.divergence
        if of:
            mine[_top(of)] = each.top
            mine[f"entropy of {of}"] = each.entropy
    return Compared(things, figures)


def _top(of: str) -> str:
    return f"share of the ten most frequent {of}"


def _headlines(
    study: Study, figures: Mapping[str, Mapping[str, Estimate]], types: Sequence[str]
) -> Iterable[str]:
    for corpus in study.corpora:
        mine = figures[corpus.name]
        if not any(mine[share_of(name)].value for name in types):
            yield f"There are no named entities in {corpus.name}."
            continue
        reference = study.reference
        away = mine[divergence_of("")] if reference is not None else Estimate(None)
        if reference is None or away.value is None:
            shares = {name: mine[share_of(name)].value or 0.0 for name in types}
            first = max(shares, key=lambda name: shares[name])
            yield (
                f"{corpus.name} has {mine[DENSITY].value:.1f} named entities per 100 words; "
                f"{percent(shares[first])} are {first}."
            )
            continue
        other = figures[reference.name]
        within = other[divergence_of("")].value
        line = (
            f"The entity types of {corpus.name} diverge from those of {reference.name} by "
            f"{away.value:.3f} bits (between the two halves of {reference.name}: {within:.3f} bits)"
        )
        pairs = {name: (mine[share_of(name)], other[share_of(name)]) for name in types}
        apart = {
            name: (one.value or 0.0, two.value or 0.0)
            for name, (one, two) in pairs.items()
            if _above(one, two) or _above(two, one)
        }
        if apart and _above(away, other[divergence_of("")]):
            furthest = max(apart, key=lambda name: abs(apart[name][0] - apart[name][1]))
            here, there = apart[furthest]
            line += (
                f"; {percent(here)} of its entities are {furthest}, compared with {percent(there)}"
            )
        yield f"{line}."


def _above(one: Estimate, other: Estimate) -> bool:
    """Return whether one interval lies above another; False without intervals."""
    return one.low is not None and other.high is not None and one.low > other.high


def _warnings(
    study: Study,
    figures: Mapping[str, Mapping[str, Estimate]],
    mentions: Sequence[Mentions],
    asked: Sequence[str],
) -> Iterable[str]:
    reference = study.reference
    if reference is None:
        return
    for corpus, each in zip(study.corpora, mentions, strict=False):
        for of in asked:
            name = _top(of)
            mine = figures[corpus.name].get(name, Estimate(None))
            other = figures[reference.name].get(name, Estimate(None))
            if mine.value is None or other.value is None or not _above(mine, other):
                continue
            if mine.value - other.value < _MATTERS:
                continue
            first = ", ".join(shown for shown, _ in each.top(of, 3))
            yield (
                f"The ten most frequent {of} account for {percent(mine.value)} of all {of} in "
                f"{corpus.name} ({percent(other.value)} in {reference.name}): {first} and so on. A "
                "model may learn these names."
            )


def _notes(
    recognizer: Recognizer,
    options: EntityOptions,
    corpora: Sequence[Corpus],
    mentions: Sequence[Mentions],
    size: int,
) -> Iterable[str]:
    sampled = any(len(corpus) > size for corpus in corpora)
    words = max(int(each.words.sum()) for each in mentions)
    yield (
        f"{recognizer.about} reads {size:,} rows of each "
        f"dataset{', drawn at random' if sampled else ''}, up to {words:,} words. A text that "
        f"several rows of a dataset share counts once. A text contained in another text of the "
        f"same row does not count. Case, articles and 's are ignored."
    )
    lacking = [name for name in options.types if name not in recognizer.types]
    if lacking:
        yield f"{recognizer.about} does not find entities of type {', '.join(lacking)}."
    yield (
        "Divergence, entropy and the share of the ten most frequent use the same number of "
        "entities from each dataset, from random halves of its rows. A dash marks a type with "
        f"fewer than {MIN_SIZE} entities."
    )
    yield from (f"spaCy warns: {line}." for line in recognizer.warned)
    if any(len(text) > _LONGEST for corpus in corpora for row in corpus.texts for text in row):
        yield f"Only the first {_LONGEST:,} characters of longer texts are read."
    yield (
        "The pipeline makes the most errors on short texts and on types such as PRODUCT, and may "
        "make more in one dataset than in another. Look at the entities before you trust the "
        "figures. Rows that resemble the original ones can still be biased."
    )


ENTITIES = Metric(
    title="Named entities",
    measure=_measure,
    options=EntityOptions,
    extra="spacy",
    order=80,
)
