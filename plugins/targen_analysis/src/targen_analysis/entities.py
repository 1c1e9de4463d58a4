"""The metric `entities`: named entities by type and by name, compared with the reference's.

TarGEN (arXiv:2310.17876, section 5, figures 4 and 7 to 11) compares the entities of a synthetic
dataset with those of the original by eye. Here the distance has a number, next to the distance
between two halves of the original.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from targen_analysis.lexical.words import split
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.statistics import apart, generator, over_draws, rate, subsample
from targen_analysis.texts import break_runs, excerpt
from targen_analysis.views import figure_table, interval_plot
from targen_core.cli.findings import Cell, Estimate, Findings, Plot, Table
from targen_core.errors import UsageError
from targen_core.text import percent
from targen_standard.pretrained import spacy_pipeline

_LONGEST = 20_000  # characters of a text to read
_HALVINGS = 100
_TOP = 10
_MATTERS = 0.2  # a share of the most frequent names so far above the reference's is a warning
_LEAVE_OUT = "--without entities omits this metric"
_ENCODERS = frozenset({"tok2vec", "transformer", "curated_transformer"})
_DENSITY = "entities per 100 words"
_NAMED = "rows with an entity"
_DIVERGENCE = "divergence of types"


class EntityOptions(MetricOptions):
    """Options of `entities`."""

    model: str = Field(
        "en_core_web_sm", min_length=1, description="Name or folder of a spaCy pipeline."
    )
    types: tuple[str, ...] = Field(
        ("GPE", "PRODUCT", "NORP", "PERSON"),
        description="Entity types whose entities to show, separated by commas.",
    )
    rows: int = Field(500, ge=1, description="Maximum number of rows per dataset.")
    shown: int = Field(10, ge=0, description="Number of entities to show per type.")

    @field_validator("types", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity in a row: its type, and its name without an article and 's."""

    row: int
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Mentions:
    """The entities in a sample of rows. A text that several rows share counts only once."""

    rows: int
    words: int
    named: int
    mentions: Sequence[Mention]

    def by_row(self, types: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of mentions by row and type, shape (rows, types)."""
        counts = np.zeros((self.rows, len(types)), dtype=np.int64)
        for each in self.mentions:
            counts[each.row, types.index(each.type)] += 1
        return counts

    def names(self, type: str) -> Counter[str]:
        """Return how often each entity of a type is mentioned, in its most frequent spelling."""
        spellings: dict[str, Counter[str]] = {}
        for each in self.mentions:
            if each.type == type:
                spellings.setdefault(each.name.casefold(), Counter())[each.name] += 1
        return Counter(
            {max(sorted(of), key=of.__getitem__): of.total() for of in spellings.values()}
        )


def _measure(study: Study, options: EntityOptions) -> Findings:
    recognizer = _Recognizer(options.model)
    unknown = [name for name in options.types if name not in recognizer.types]
    if unknown and "types" in options.model_fields_set:
        raise UsageError(
            f"{recognizer.name} does not find entities of type {unknown[0]!r} (entities.types)",
            hint=f"its types are: {', '.join(recognizer.types)}",
        )
    requested = [name for name in options.types if name not in unknown]
    size = min(options.rows, *map(len, study.everything))
    found = _read(study, recognizer, size)
    types = [
        of
        for of, _ in Counter(m.type for each in found.values() for m in each.mentions).most_common()
    ]
    names = {name: {of: each.names(of) for of in requested} for name, each in found.items()}
    figures = {name: _figures(each, types, names[name]) for name, each in found.items()}
    if study.reference is not None:
        for name, estimate in _divergences(study, found, types).items():
            figures[name][_DIVERGENCE] = estimate
    shares = {f"share of {of}": of for of in types}
    return Findings(
        headlines=tuple(_headlines(study, figures, types)),
        figures=figures,
        glance={
            _DENSITY: f"named entities that {recognizer.name} finds",
            _DIVERGENCE: "0: same as the reference, 1: completely different; for the reference: "
            "between its halves",
        },
        tables=(
            figure_table(
                f"Named entities, {size:,} rows each",
                figures,
                [_DENSITY, _NAMED, _DIVERGENCE, *map(_top, requested)],
            ),
            figure_table("Entity types as shares of all entities", figures, shares, shares),
            *(_names_table(of, names, options.shown) for of in requested if options.shown),
        ),
        plots=(
            interval_plot(
                "Entity types",
                (
                    (name, of, figures[name][share])
                    for share, of in shares.items()
                    for name in figures
                ),
                "share",
                "type",
            ),
            *(_names_plot(of, names, options.shown) for of in requested if options.shown),
        ),
        warnings=tuple(_warnings(study, figures, names, requested)),
        notes=(
            (
                f"{recognizer.name} reads {size:,} random rows of each dataset, and of each text "
                f"the first {_LONGEST:,} characters. A text that several rows share counts once, "
                "and a text contained in another text of its row does not count. Case, articles "
                "and 's are ignored."
            ),
            *(
                [f"{recognizer.name} does not find entities of type {', '.join(unknown)}."]
                if unknown
                else []
            ),
            (
                "The pipeline makes the most errors on short texts and on types such as PRODUCT. "
                "Look at the entities before you trust the figures. Rows that resemble the "
                "original ones can still be biased."
            ),
        ),
    )


class _Recognizer:
    """The entity recogniser of a trained spaCy pipeline; its other parts do not run."""

    def __init__(self, model: str) -> None:
        with warnings.catch_warnings():  # such as of a pipeline that another version trained
            warnings.simplefilter("ignore")
            self._pipeline = _load(model)
        finders = [
            part
            for part in self._pipeline.pipe_names
            if "doc.ents" in self._pipeline.get_pipe_meta(part).assigns
        ]
        if not finders:
            raise UsageError(
                f"the spaCy pipeline {model} does not have a component that finds entities",
                hint=f"-o entities.model=en_core_web_sm; {_LEAVE_OUT}",
            )
        self._pipeline.select_pipes(
            enable=[
                part
                for part in self._pipeline.pipe_names
                if part in finders or self._pipeline.get_pipe_meta(part).factory in _ENCODERS
            ]
        )
        meta = self._pipeline.meta
        self.name = f"{meta['lang']}_{meta['name']} {meta['version']}"
        self.types = sorted({of for part in finders for of in self._pipeline.get_pipe(part).labels})

    def entities(self, texts: Iterable[str]) -> Iterator[list[tuple[str, str]]]:
        """Yield the entities of each text: type, and words as written."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for doc in self._pipeline.pipe(map(break_runs, texts), batch_size=64):
                yield [(entity.label_, entity.text) for entity in doc.ents]


def _load(model: str) -> Any:
    try:
        return spacy_pipeline(model)
    except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "spacy":
            raise
        message = str(error).partition("\n")[0]
        if "[E050]" in message:
            raise UsageError(
                f"the spaCy pipeline {model} is not installed",
                hint=f"python -m spacy download {model}, or -o entities.model=./FOLDER; "
                + _LEAVE_OUT,
            ) from error
        raise UsageError(
            f"the spaCy pipeline {model} cannot be loaded: {message}",
            hint=f"python -m spacy validate; {_LEAVE_OUT}",
        ) from error


def _read(study: Study, recognizer: _Recognizer, size: int) -> dict[str, Mentions]:
    samples = {}
    for corpus in study.everything:
        rng = generator(study.rng(f"entities/{corpus.name}"))
        rows = subsample(size, len(corpus), rng).tolist()
        samples[corpus.name] = [_texts([t[:_LONGEST] for t in corpus.texts[row]]) for row in rows]
    texts = list(dict.fromkeys(text for rows in samples.values() for row in rows for text in row))
    known = dict(zip(texts, recognizer.entities(texts), strict=True))
    return {name: _mentions(rows, known) for name, rows in samples.items()}


def _texts(row: Sequence[str]) -> list[str]:
    """Return the different texts of a row, without those inside another, such as spans."""
    texts = [text for text in dict.fromkeys(row) if text.strip()]
    return [text for text in texts if not any(text in other for other in texts if other != text)]


def _mentions(
    rows: Sequence[Sequence[str]], known: Mapping[str, Sequence[tuple[str, str]]]
) -> Mentions:
    mentions: list[Mention] = []
    seen: set[str] = set()
    for at, texts in enumerate(rows):
        for text in texts:
            if text not in seen:
                seen.add(text)
                mentions += [Mention(at, of, _bare(spelled)) for of, spelled in known[text]]
    words = sum(len(split(text)) for text in seen)
    named = sum(any(known[text] for text in texts) for texts in rows)
    return Mentions(len(rows), words, named, mentions)


def _bare(spelled: str) -> str:
    """Return an entity on one line, without its article and without 's."""
    line = " ".join(spelled.split()).removesuffix("'s").removesuffix("’s")
    for article in ("the ", "a ", "an "):
        if line.lower().startswith(article):
            return line[len(article) :]
    return line


def _top(of: str) -> str:
    return f"share of the ten most frequent {of}"


def _figures(
    found: Mentions, types: Sequence[str], names: Mapping[str, Counter[str]]
) -> dict[str, Estimate]:
    by_type = Counter(each.type for each in found.mentions)
    figures = {
        _DENSITY: Estimate(100 * len(found.mentions) / max(1, found.words)),
        _NAMED: rate(found.named, found.rows),
    }
    figures |= {f"share of {of}": rate(by_type[of], by_type.total()) for of in types}
    for of, counts in names.items():
        most = sum(count for _, count in counts.most_common(_TOP))
        figures[_top(of)] = rate(most, counts.total())
    return figures


def _divergences(
    study: Study, found: Mapping[str, Mentions], types: Sequence[str]
) -> dict[str, Estimate]:
    """Return the divergence of the types between random halves of each dataset and the reference.

    For the reference itself, the divergence between its two halves. Halves have equally many rows,
    so all figures have about the same bias.
    """
    assert study.reference is not None
    counts = {name: each.by_row(types) for name, each in found.items()}
    rng = generator(study.rng("entities/halves"))
    drawn: dict[str, list[float]] = {name: [] for name in counts}
    for _ in range(_HALVINGS):
        halves = {name: _halves(of, rng) for name, of in counts.items()}
        reference, rest = halves[study.reference.name]
        for name, (half, _) in halves.items():
            other = rest if name == study.reference.name else half
            if reference.any() and other.any():
                drawn[name].append(jensen_shannon(reference, other))
    return {name: over_draws(values) for name, values in drawn.items()}


def _halves(
    counts: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = rng.permutation(len(counts))
    middle = len(order) // 2
    return counts[order[:middle]].sum(axis=0), counts[order[middle:]].sum(axis=0)


def jensen_shannon(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the Jensen-Shannon divergence of counts in bits: 0 if all shares are equal, at most 1.

    Lin, IEEE Transactions on Information Theory 37, 1991.
    """
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2
    bits = sum(float((x[x > 0] * np.log2(x[x > 0] / middle[x > 0])).sum()) for x in (p, q))
    return min(1.0, max(0.0, bits / 2))


def _names_table(of: str, names: Mapping[str, Mapping[str, Counter[str]]], limit: int) -> Table:
    """Return the most frequent entities of a type, datasets side by side."""
    counts = {name: each[of] for name, each in names.items()}
    ranked = [_ranked(each, limit) for each in counts.values()]
    rows: list[tuple[Cell, ...]] = [
        (at + 1, *(_cell(top[at], each) if at < len(top) else None
                   for top, each in zip(ranked, counts.values(), strict=True)))
        for at in range(max(map(len, ranked)))
    ]  # fmt: skip
    columns = [f"{name} ({each.total():,})" for name, each in counts.items()]
    return Table(f"The most frequent entities of type {of}", ("", *columns), rows)


def _names_plot(of: str, names: Mapping[str, Mapping[str, Counter[str]]], limit: int) -> Plot:
    """Plot the shares of the names of a type that a dataset mentions most (figures 4, 7 to 11)."""
    counts = {name: each[of] for name, each in names.items()}
    top = dict.fromkeys(name for each in counts.values() for name in _ranked(each, limit))
    marks = [
        {"dataset": dataset, "name": name, "share": each[name] / max(1, each.total())}
        for dataset, each in counts.items()
        for name in top
    ]
    return Plot("bars", f"Names of type {of}", marks, "name", "share", "dataset")


def _ranked(counts: Counter[str], limit: int) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))[:limit]


def _cell(name: str, counts: Counter[str]) -> str:
    return f"{excerpt([name], 60)} {counts[name] / counts.total():.1%}"


def _headlines(
    study: Study, figures: Mapping[str, Mapping[str, Estimate]], types: Sequence[str]
) -> Iterator[str]:
    for corpus in study.corpora:
        mine = figures[corpus.name]
        shares = {of: mine[f"share of {of}"].value or 0.0 for of in types}
        if not any(shares.values()):
            yield f"There are no named entities in {corpus.name}."
            continue
        first = max(shares, key=shares.__getitem__)
        line = (
            f"{corpus.name} has {mine[_DENSITY].value:.1f} named entities per 100 words; "
            f"{percent(shares[first])} are {first}."
        )
        if study.reference is not None:
            away, within = (figures[c.name][_DIVERGENCE] for c in (corpus, study.reference))
            if away.value is not None and within.value is not None:
                line += (
                    f" Its entity types diverge from those of {study.reference.name} by "
                    f"{away.value:.3f} bits (between the two halves of {study.reference.name}: "
                    f"{within.value:.3f} bits)."
                )
        yield line


def _warnings(
    study: Study,
    figures: Mapping[str, Mapping[str, Estimate]],
    names: Mapping[str, Mapping[str, Counter[str]]],
    requested: Sequence[str],
) -> Iterator[str]:
    """Warn of types whose ten most frequent entities are more of all than in the reference."""
    if study.reference is None:
        return
    for corpus in study.corpora:
        for of in requested:
            mine, other = (figures[c.name][_top(of)] for c in (corpus, study.reference))
            if mine.value is None or other.value is None or not apart(mine, other):
                continue
            if mine.value > other.value + _MATTERS:
                first = ", ".join(_ranked(names[corpus.name][of], 3))
                yield (
                    f"The ten most frequent {of} account for {percent(mine.value)} of all {of} in "
                    f"{corpus.name} ({percent(other.value)} in {study.reference.name}): {first} "
                    "and so on. A model may learn these names."
                )


ENTITIES = Metric(
    title="Named entities",
    measure=_measure,
    options=EntityOptions,
    extra="spacy",
    order=80,
)
