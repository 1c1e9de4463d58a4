"""The metric `semantic`: how alike rows are in what they mean (figure 3 of the paper)."""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.semantic.embedding import DEFAULT_MODEL, Embedder, load_embedder
from targen_analysis.semantic.vectors import (
    OVERLAPS,
    Vectors,
    mean_cosine,
    nearest,
    overlaps,
    pair_mean,
    pair_shares,
    unit,
    vendi,
)
from targen_analysis.statistics import (
    generator,
    half_samples,
    random_state,
    rate,
    subsample,
)
from targen_analysis.texts import excerpt
from targen_analysis.views import figure_table
from targen_core.cli.findings import Cell, Estimate, Excerpt, Findings, Plot, Table
from targen_core.errors import MissingDependency
from targen_core.hints import install
from targen_core.text import percent

_REPEATED = 0.95  # the cosine from which two rows say the same
_DRAWS = 10  # subsamples whose mean is the figure of a larger dataset
_REPLICATES = 40  # subsamples for an interval
_MAX_ROWS = 500  # rows of such a subsample
_UMAP_SEEDS = range(5)
_UMAP_ROWS = 16  # rows that UMAP needs: its neighbourhoods are of 15
_LESS_COVERED = 0.2  # a coverage so far below the reference's of itself is a warning
_MORE_REPEATED = 0.05
_BINS = np.linspace(-1, 1, 41)  # of cosines
_POINTS = 500  # rows of a dataset on the map
_SHOWN = {
    "mean cosine": "mean cosine of two rows (lower is more diverse)",
    "Vendi score": "Vendi score: as diverse as this many completely different rows",
    "near repeats": f"rows with another row at cosine {_REPEATED} or above",
    "precision": "precision: rows within the reference",
    "recall": "recall: rows of the reference within this dataset",
    "density": "density: depth within the reference (1: as deep as its own rows)",
    "coverage": "coverage: rows of the reference with a row of this dataset nearby",
}

Figures = dict[str, Estimate]
Projection = Literal["tsne", "pca", "none"]


class SemanticOptions(MetricOptions):
    """Options of `semantic`."""

    model: str = Field(DEFAULT_MODEL, description="Name or folder of the embedding model.")
    rows: int = Field(2000, ge=2, description="Maximum number of rows per dataset.")
    k: int = Field(5, ge=1, description="Number of nearest neighbours that a row covers.")
    map: Projection = Field("tsne", description="Projection for the map: tsne, pca or none.")
    shown: int = Field(5, ge=0, description="Number of missing and new rows to show.")
    umap: bool = Field(
        False, description="Also measure the mean cosine after UMAP, as in the paper."
    )
    device: str = Field(
        "", description="Device, such as cpu or cuda [default: a GPU if there is one]."
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a dataset with their embeddings.

    Attributes:
        corpus: the dataset.
        rows: indexes of its rows, shape (n,).
        vectors: their embeddings, shape (n, d).
    """

    corpus: Corpus
    rows: NDArray[np.int64]
    vectors: Vectors

    @property
    def name(self) -> str:
        """Return the dataset's name."""
        return self.corpus.name

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, at: int, longest: int = 400) -> Excerpt:
        """Return the excerpt of a row, by its place in the sample."""
        return excerpt(self.corpus.texts[int(self.rows[at])], longest)


def _measure(study: Study, options: SemanticOptions) -> Findings:
    return semantic_findings(study, options, load_embedder(options.model, device=options.device))


def semantic_findings(study: Study, options: SemanticOptions, embed: Embedder) -> Findings:
    """Return the metric's findings with any model.

    Raises:
        MissingDependency: UMAP is requested but not installed.
    """
    if options.umap and importlib.util.find_spec("umap") is None:
        raise MissingDependency(
            "UMAP needs the package 'umap', which is not installed",
            distribution="targen-analysis",
            hint=install("targen-analysis[umap]"),
        )
    notes: list[str] = []
    samples = _samples(study, options, embed, notes)
    reference = next((s for s in samples if s.corpus is study.reference), None)
    mine = [sample for sample in samples if sample is not reference]
    if not mine:
        return Findings(notes=tuple(notes))
    size = min(map(len, samples))
    figures = {sample.name: _diversity(study, sample, size) for sample in samples}
    title = f"Semantic diversity at {size:,} rows"
    tables = [figure_table(title, figures, tuple(_SHOWN)[:3], _SHOWN)]
    messages: list[str] = []
    if reference is not None:
        half = min(size, len(reference) // 2)
        if half > options.k:
            for sample in samples:
                figures[sample.name] |= _overlap(study, sample, reference, half, options.k)
            title = f"Compared with {reference.name}: {half:,} rows each"
            table = figure_table(title, figures, OVERLAPS, _SHOWN)
            last = f"one half of {reference.name} in the other"  # the reference is the last dataset
            tables.append(replace(table, columns=(*table.columns[:-1], last)))
        else:
            notes.append(
                f"Coverage was not measured: it needs more than {options.k} rows (semantic.k) of "
                f"each dataset, and as many in each half of {reference.name}."
            )
        if options.shown:
            for sample in mine:
                tables += _missing_and_new(sample, reference, options.shown)
        messages += _warnings(mine, reference, figures)
    if options.umap:
        table, message = _after_umap(study, samples, size, figures)
        tables.append(table)
        messages.append(message)
    plots = [_distribution(samples)]
    if options.map != "none":
        plots.append(_map(study, samples, options.map))
        notes.append(
            f"The map shows at most {_POINTS:,} random rows per dataset. Neighbours on it are "
            "similar; the sizes of groups and the distances between them mean little."
        )
    return Findings(
        headlines=tuple(_headline(sample, reference, figures) for sample in mine),
        figures=figures,
        glance={
            "mean cosine": "mean similarity of two rows; lower is more diverse",
            "Vendi score": "as diverse as this many completely different rows",
            "near repeats": "rows whose meaning another row nearly repeats",
            "coverage": "rows of the reference with a row nearby; for the reference: between its "
            "halves",
        },
        better={
            "mean cosine": "lower",
            "Vendi score": "higher",
            "near repeats": "lower",
            "coverage": "higher",
        },
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(messages),
        notes=(
            *notes,
            (
                "The embedding model decides which rows are similar, so do not compare figures "
                "from different models."
            ),
            (
                "Variety is not quality: noise is varied, and a narrow task has similar rows. "
                "Coverage does not show whether labels are right."
            ),
        ),
    )


def _samples(
    study: Study, options: SemanticOptions, embed: Embedder, notes: list[str]
) -> list[Sample]:
    """Return at most `options.rows` random rows of each dataset, embedded; each text once."""
    samples = []
    texts: list[list[str]] = []
    for corpus in study.everything:
        if len(corpus) < 2:
            notes.append(f"{corpus.name} was left out, because a comparison needs two rows.")
            continue
        rng = generator(study.rng(f"semantic/{corpus.name}"))
        rows = subsample(options.rows, len(corpus), rng)
        samples.append((corpus, rows))
        texts.append(["\n".join(filter(str.strip, corpus.texts[row])) for row in rows.tolist()])
    distinct = list(dict.fromkeys(text for of in texts for text in of))
    if not distinct:
        return []
    vectors = unit(embed.encode(distinct))
    where = {text: at for at, text in enumerate(distinct)}
    limit = embed.max_tokens
    # A word is at least a token, so these are cut for sure; others may be.
    cut = sum(len(text.split()) > limit for text in distinct) if limit else 0
    notes.append(f"Embedded with {embed.name}, at most {options.rows:,} random rows per dataset.")
    if cut:
        notes.append(
            f"The model reads only the first {limit:,} tokens of a row; it truncated at least "
            f"{cut:,} of {len(distinct):,} distinct rows."
        )
    return [
        Sample(corpus, rows, vectors[[where[text] for text in of]])
        for (corpus, rows), of in zip(samples, texts, strict=True)
    ]


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Return a figure and its interval without what rounding or the normal law put outside."""
    return estimate.mapped(lambda value: min(max(value, low), high))


def _diversity(study: Study, sample: Sample, size: int) -> Figures:
    """Measure how varied one dataset is, at `size` rows."""
    rng = generator(study.rng(f"semantic/alone/{sample.name}"))
    vectors, of = sample.vectors, len(sample)
    draws = [subsample(size, of, rng) for _ in range(_DRAWS if size < of else 1)]
    # A score's error grows with it: the interval is that of its logarithm.
    (score,) = half_samples(
        lambda rows: np.array([math.log(vendi(vectors[rows]))]),
        np.array([np.mean([math.log(vendi(vectors[rows])) for rows in draws])]),
        size=size,
        of=of,
        max_size=_MAX_ROWS,
        replicates=_REPLICATES,
        rng=rng,
    )
    repeats = np.mean([(nearest(vectors[rows])[0] >= _REPEATED).mean() for rows in draws])
    return {
        "mean cosine": mean_cosine(vectors),
        "Vendi score": _within(score.mapped(math.exp), 1, size),
        "near repeats": rate(round(float(repeats) * size), size),
    }


def _overlap(study: Study, sample: Sample, reference: Sample, size: int, k: int) -> Figures:
    """Return precision, recall, density and coverage of `size` rows in as many of the reference.

    For the reference itself, they compare its two halves.
    """
    rng = generator(study.rng(f"semantic/beside/{sample.name}"))
    own = sample is reference

    def measured(size: int) -> NDArray[np.float64]:
        order = rng.permutation(len(reference))
        rows = order[size : 2 * size] if own else subsample(size, len(sample), rng)
        return overlaps(reference.vectors[order[:size]], sample.vectors[rows], k)

    estimates = half_samples(
        lambda rows: measured(len(rows)),
        np.mean([measured(size) for _ in range(_DRAWS)], axis=0),
        size=size,
        of=min(len(sample), len(reference)),
        max_size=_MAX_ROWS,
        replicates=_REPLICATES if min(size // 2, _MAX_ROWS) > k else 0,
        rng=rng,
    )
    return {
        name: _within(estimate, 0, math.inf if name == "density" else 1)
        for name, estimate in zip(OVERLAPS, estimates, strict=True)
    }


def _warnings(
    mine: Sequence[Sample], reference: Sample, figures: Mapping[str, Figures]
) -> Iterator[str]:
    theirs = figures[reference.name]
    for sample in mine:
        ours = figures[sample.name]
        repeats = ours["near repeats"]
        if (repeats.low or 0) > (theirs["near repeats"].high or 0) + _MORE_REPEATED:
            yield (
                f"{percent(repeats.value)} of the rows of {sample.name} say nearly the same "
                f"thing as another row, compared with {percent(theirs['near repeats'].value)} in "
                f"{reference.name}."
            )
        if "coverage" not in ours:
            continue
        covered, ceiling = ours["coverage"], theirs["coverage"]
        if covered.high is None or ceiling.low is None:
            continue
        if covered.high < ceiling.low - _LESS_COVERED:
            yield (
                f"The rows of {sample.name} cover {percent(covered.value)} of those of "
                f"{reference.name}; one half of {reference.name} covers {percent(ceiling.value)} "
                "of the other half. See the missing rows below."
            )


def _headline(sample: Sample, reference: Sample | None, figures: Mapping[str, Figures]) -> str:
    ours = figures[sample.name]
    line = f"{sample.name}: the mean cosine of two rows is {ours['mean cosine'].value:.2f}"
    if reference is None:
        return (
            f"{line}; the dataset is as diverse as {ours['Vendi score'].value:,.0f} completely "
            "different rows (Vendi score)."
        )
    theirs = figures[reference.name]
    line += (
        f", compared with {theirs['mean cosine'].value:.2f} in {reference.name} (lower is more "
        "diverse)."
    )
    if "coverage" in ours:
        line += (
            f" The rows of {sample.name} cover {percent(ours['coverage'].value)} of those of "
            f"{reference.name}; one half of {reference.name} covers "
            f"{percent(theirs['coverage'].value)} of the other half."
        )
    return line


def _missing_and_new(sample: Sample, reference: Sample, shown: int) -> list[Table]:
    """Return the reference's rows that no row is near, and the rows that lie farthest from it."""
    titles = (
        f"Missing: rows of {reference.name} far from all rows of {sample.name}",
        f"New or off-topic: rows of {sample.name} farthest from {reference.name}",
    )
    tables = []
    for title, some, others in zip(titles, (reference, sample), (sample, reference), strict=True):
        best, which = nearest(some.vectors, others.vectors)
        rows: list[tuple[Cell, ...]] = [
            # Adding 0 makes a 0 of what was rounded to -0.
            (round(float(best[at]), 2) + 0.0, some.text(at), others.text(int(which[at])))
            for at in np.argsort(best, kind="stable")[:shown].tolist()
        ]
        columns = ("cosine", f"row of {some.name}", f"nearest row of {others.name}")
        tables.append(Table(title, columns, rows))
    return tables


def _after_umap(
    study: Study, samples: Sequence[Sample], size: int, figures: dict[str, Figures]
) -> tuple[Table, str]:
    """Add the mean cosine on maps by UMAP, as the authors' code took it, over a few seeds."""
    rows: list[tuple[Cell, ...]] = []
    spans: list[str] = []
    for sample in samples:
        rng = generator(study.rng(f"semantic/umap/{sample.name}"))
        vectors = sample.vectors[subsample(size, len(sample), rng)]
        if size < _UMAP_ROWS:
            spans.append(f"{sample.name} has too few rows for it")
            continue
        cosines = [pair_mean(unit(_umap(vectors, seed))) for seed in _UMAP_SEEDS]
        figures[sample.name]["mean cosine after UMAP"] = Estimate(float(np.mean(cosines)))
        rows.append((sample.name, *cosines))
        spans.append(
            f"for {sample.name} it ranges from {min(cosines):.2f} to {max(cosines):.2f} depending "
            "only on the seed"
        )
    table = Table(
        f"Mean cosine after UMAP ({size:,} rows of each dataset, each with its own map)",
        ("dataset", *(f"seed {seed}" for seed in _UMAP_SEEDS)),
        rows,
        note="Computed as in the authors' code. The origin of such a map is arbitrary.",
    )
    return table, (
        "The mean cosine after UMAP depends on where the map happens to lie and says little about "
        f"the rows: {'; '.join(spans)}."
    )


def _umap(vectors: Vectors, seed: int) -> NDArray[np.float64]:
    """Return UMAP's plane with its own defaults. Shape (n, 2)."""
    # Its import and its use warn of things between it and numba.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        plane = UMAP(n_neighbors=15, random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(plane, dtype=np.float64)


def _distribution(samples: Sequence[Sample]) -> Plot:
    """Plot the cosines of two rows of one dataset: figure 3's counterpart."""
    shares = [pair_shares(sample.vectors, _BINS) for sample in samples]
    used = np.flatnonzero(np.sum(shares, axis=0))
    marks = [
        {
            "dataset": sample.name,
            "cosine": round(float(_BINS[at]), 2),
            "share of pairs": float(share[at]),
        }
        for sample, share in zip(samples, shares, strict=True)
        for at in range(int(used[0]), int(used[-1]) + 1)
    ]
    title = "Cosine of two rows of a dataset (bins of 0.05, labelled by their lower end)"
    return Plot("bars", title, marks, x="cosine", y="share of pairs", color="dataset")


def _map(study: Study, samples: Sequence[Sample], how: Projection) -> Plot:
    """Plot all datasets on one plane."""
    rng = generator(study.rng("semantic/map"))
    chosen = [subsample(_POINTS, len(sample), rng) for sample in samples]
    vectors = np.vstack([s.vectors[rows] for s, rows in zip(samples, chosen, strict=True)])
    seed = study.rng("semantic/map/seed").getrandbits(31)
    how = how if len(vectors) > 3 else "pca"
    points = iter(project(vectors, how, seed).round(2).tolist())
    labeled = any(any(sample.corpus.labels) for sample in samples)
    marks = []
    for sample, places in zip(samples, chosen, strict=True):
        for at in places.tolist():
            across, up = next(points)
            label = {"label": sample.corpus.labels[int(sample.rows[at])]} if labeled else {}
            row = {"dataset": sample.name, "row": sample.text(at, 160)}
            marks.append({**row, **label, "across": across, "up": up})
    name = "t-SNE" if how == "tsne" else "two principal components"
    return Plot("map", f"Map of the rows ({name})", marks, x="across", y="up", color="dataset")


def project(vectors: Vectors, how: Projection, seed: int) -> NDArray[np.float64]:
    """Return the rows as points of a plane, shape (n, 2)."""
    centered = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    points = centered @ axes[:2].T
    plane = np.zeros((len(vectors), 2))
    # The sign of an axis is chance: most of its weight counts as positive.
    signs = [1 if axis[np.abs(axis).argmax()] > 0 else -1 for axis in axes[:2]]
    plane[:, : points.shape[1]] = points * signs
    if how != "tsne":
        return plane
    from sklearn.manifold import TSNE

    # As scikit-learn's own start from principal components, which fails where all are 0.
    start = plane / max(plane[:, 0].std(), 1e-12) * 1e-4
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    tsne = TSNE(
        init=start.astype(np.float32), perplexity=perplexity, random_state=random_state(seed)
    )
    return np.asarray(tsne.fit_transform(vectors), dtype=np.float64)


SEMANTIC = Metric(
    title="Semantic diversity",
    measure=_measure,
    options=SemanticOptions,
    extra="minilm",
    order=60,
)
