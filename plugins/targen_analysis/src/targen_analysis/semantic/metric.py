"""The metric `semantic`: how alike rows are in what they mean (figure 3 of the paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.semantic.coverage import FIGURES
from targen_analysis.semantic.diversity import pair_mean
from targen_analysis.semantic.embedding import DEFAULT_MODEL, Embedder, load_embedder
from targen_analysis.semantic.figures import REPEATED, Figures, alone, beside
from targen_analysis.semantic.projection import UMAP_ROWS, Projection, check_umap, umap_map
from targen_analysis.semantic.similarity import unit
from targen_analysis.semantic.views import Sample, distribution, map_of, missing_and_new
from targen_analysis.statistics import Rows, generator, subsample
from targen_analysis.views import figure_table, interval_plot
from targen_core.cli.findings import Cell, Estimate, Findings, Table
from targen_core.errors import UsageError
from targen_core.text import percent, plural


class SemanticOptions(MetricOptions):
    """Options of `semantic`."""

    model: str = Field(DEFAULT_MODEL, description="Name or folder of the embedding model.")
    field: str = Field("", description="The text of a row to embed [default: all texts].")
    rows: int = Field(2000, ge=2, description="Maximum number of rows per dataset.")
    k: int = Field(5, ge=1, description="Number of nearest neighbours that a row covers.")
    map: Projection = Field("tsne", description="Projection for the map: tsne, pca, umap or none.")
    points: int = Field(500, ge=1, description="Maximum number of rows per dataset on the map.")
    shown: int = Field(5, ge=0, description="Number of missing and new rows to show.")
    umap: bool = Field(
        False, description="Also measure the mean cosine after UMAP, as in the paper."
    )
    device: str = Field(
        "", description="Device, such as cpu or cuda [default: a GPU if there is one]."
    )
    batch: int = Field(32, ge=1, description="Number of texts to embed at a time.")


_UMAP_SEEDS = range(5)

_SHOWN = {
    "mean cosine": "mean cosine of two rows (lower is more diverse)",
    "remote-clique": "remote-clique (higher is more diverse)",
    "Chamfer distance": "Chamfer distance (higher is more diverse)",
    "Vendi score": "Vendi score: as diverse as this many completely different rows",
    "near repeats": f"rows with another row at cosine {REPEATED} or above",
    "precision": "precision: rows within the reference",
    "recall": "recall: rows of the reference within this dataset",
    "density": "density: depth within the reference (1: as deep as its own rows)",
    "coverage": "coverage: rows of the reference with a row of this dataset nearby",
}


def _measure(study: Study, options: SemanticOptions) -> Findings:
    embed = load_embedder(options.model, device=options.device, batch=options.batch)
    return semantic_findings(study, options, embed)


def semantic_findings(study: Study, options: SemanticOptions, embed: Embedder) -> Findings:
    """Return the metric's findings with any model.

    Raises:
        UsageError: a dataset has no text of the name that `options.field` says.
        MissingDependency: UMAP is requested but not installed.
    """
    if options.umap or options.map == "umap":
        check_umap()
    notes = list(embed.notes)
    samples = _samples(study, options, embed, notes)
    reference = next((s for s in samples if s.corpus is study.reference), None)
    mine = [sample for sample in samples if sample is not reference]
    if not mine:
        return Findings(notes=tuple(notes))
    size = min(map(len, samples))
    figures = {sample.name: alone(study, sample, size) for sample in samples}
    title = f"Semantic diversity at {size:,} rows"
    tables = [figure_table(title, figures, tuple(_SHOWN)[:5], _SHOWN)]
    plots = [distribution(samples)]
    warnings: list[str] = []
    if reference is not None:
        half = min(size, len(reference) // 2)
        if half > options.k:
            for sample in mine:
                figures[sample.name] |= beside(study, sample, reference, half, options.k)
            halves = beside(study, reference, reference, half, options.k)
            figures[reference.name] |= halves
            tables.append(_coverage_table(reference, figures, half))
            plots.append(
                interval_plot(
                    f"Overlap with {reference.name}, and between the two halves of "
                    f"{reference.name}",
                    ((of, n, figures[of][n]) for of in figures for n in FIGURES),
                    x="value",
                    y="figure",
                )
            )
        else:
            notes.append(
                f"Coverage was not measured: it needs more than {options.k} rows (semantic.k) of "
                f"each dataset, and as many in each half of {reference.name}."
            )
        if options.shown:
            for sample in mine:
                tables += missing_and_new(sample, reference, options.shown)
        warnings += _warnings(mine, reference, figures)
    if options.umap:
        tables += _after_umap(study, samples, size, figures, warnings, notes)
    if options.map != "none":
        rng = generator(study.rng("semantic/map"))
        seed = study.rng("semantic/map/seed").getrandbits(31)
        plots.append(map_of(samples, options.map, options.points, seed, rng))
        notes.append(
            f"The map shows at most {options.points:,} random rows per dataset. Neighbours on it "
            "are similar; the sizes of groups and the distances between them mean little."
        )
    return Findings(
        headlines=tuple(_headline(sample, reference, figures) for sample in mine),
        figures=figures,
        glance=_GLANCE,
        better=_BETTER,
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(warnings),
        notes=(*notes, *_NOTES),
    )


_GLANCE = {
    "mean cosine": "mean similarity of two rows; lower is more diverse",
    "Vendi score": "as diverse as this many completely different rows",
    "near repeats": "rows whose meaning another row nearly repeats",
    "coverage": "rows of the reference with a row nearby; for the reference: between its halves",
}

_BETTER: dict[str, Literal["higher", "lower"]] = {
    "mean cosine": "lower",
    "Vendi score": "higher",
    "near repeats": "lower",
    "coverage": "higher",
}

_NOTES = (
    (
        "The embedding model decides which rows are similar, so do not compare figures from "
        "different models."
    ),
    (
        "Variety is not quality: noise is varied, and a narrow task has similar rows. Coverage "
        "does not show whether labels are right."
    ),
)


def _samples(
    study: Study, options: SemanticOptions, embed: Embedder, notes: list[str]
) -> list[Sample]:
    """At most `options.rows` random rows of each dataset, embedded; each text once."""
    chosen: list[tuple[int, Rows]] = []
    texts: list[list[str]] = []
    for at, corpus in enumerate(study.everything):
        if options.field and options.field not in corpus.fields:
            raise UsageError(
                f"{corpus.name} has no text column {options.field!r} (semantic.field)",
                hint=f"its texts are: {', '.join(corpus.fields)}",
            )
        place = corpus.fields.index(options.field) if options.field else None
        whole = [
            "\n".join(text for text in (row if place is None else (row[place],)) if text.strip())
            for row in corpus.texts
        ]
        there = np.flatnonzero([bool(text) for text in whole])
        if len(there) < len(whole):
            lost = plural(len(whole) - len(there), "row")
            notes.append(f"Left out {lost} of {corpus.name} without text.")
        if len(there) < 2:
            notes.append(f"{corpus.name} was left out, because a comparison needs two rows.")
            continue
        rng = generator(study.rng(f"semantic/{corpus.name}"))
        rows = there[subsample(options.rows, len(there), rng)]
        chosen.append((at, rows))
        texts.append([whole[row] for row in rows.tolist()])
    if not chosen:
        return []
    distinct = list(dict.fromkeys(text for of in texts for text in of))
    vectors = unit(embed.encode(distinct))
    where = {text: at for at, text in enumerate(distinct)}
    notes[:0] = _about(embed, distinct, options)
    return [
        Sample(study.everything[at], rows, vectors[[where[text] for text in of]])
        for (at, rows), of in zip(chosen, texts, strict=True)
    ]


def _about(embed: Embedder, texts: Sequence[str], options: SemanticOptions) -> list[str]:
    what = f"the text {options.field} of a row" if options.field else "all texts of a row together"
    whole = f"Embedded with {embed.name}: {what}, at most {options.rows:,} random rows per dataset."
    limit = embed.max_tokens
    # A word is at least a token, so these are cut for sure; others may be.
    cut = sum(len(text.split()) > limit for text in texts) if limit else 0
    if not cut:
        return [whole]
    return [
        whole,
        (
            f"The model reads only the first {limit:,} tokens of a row; it truncated at least "
            f"{cut:,} of {len(texts):,} distinct rows."
        ),
    ]


def _coverage_table(reference: Sample, figures: Mapping[str, Figures], size: int) -> Table:
    title = f"Compared with {reference.name}: {size:,} rows each"
    table = figure_table(title, figures, FIGURES, _SHOWN)
    half = f"one half of {reference.name} in the other"  # the reference is the last dataset
    return replace(table, columns=(*table.columns[:-1], half))


_LESS_COVERED = 0.2
"""A coverage so far below what the reference has of itself is worth a warning."""

_MORE_REPEATED = 0.05


def _warnings(
    mine: Sequence[Sample], reference: Sample, figures: Mapping[str, Figures]
) -> list[str]:
    warnings = []
    theirs = figures[reference.name]
    for sample in mine:
        ours = figures[sample.name]
        repeats = ours["near repeats"]
        if (repeats.low or 0) > (theirs["near repeats"].high or 0) + _MORE_REPEATED:
            warnings.append(
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
            warnings.append(
                f"The rows of {sample.name} cover {percent(covered.value)} of those of "
                f"{reference.name}; one half of {reference.name} covers {percent(ceiling.value)} "
                "of the other half. See the missing rows below."
            )
    return warnings


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


def _after_umap(
    study: Study,
    samples: Sequence[Sample],
    size: int,
    figures: dict[str, Figures],
    warnings: list[str],
    notes: list[str],
) -> list[Table]:
    """The mean cosine on maps by UMAP, as the authors' code took it, over a few seeds."""
    if size < UMAP_ROWS:
        notes.append(f"UMAP needs {UMAP_ROWS} rows per dataset, so its figures are missing.")
        return []
    seeds = [f"seed {seed}" for seed in _UMAP_SEEDS]
    rows: list[tuple[Cell, ...]] = []
    spans: list[str] = []
    for sample in samples:
        rng = generator(study.rng(f"semantic/umap/{sample.name}"))
        vectors = sample.vectors[subsample(size, len(sample), rng)]
        maps = [umap_map(vectors, seed) for seed in _UMAP_SEEDS]
        cosines = [pair_mean(unit(plane)) for plane in maps]
        moved = [pair_mean(unit(plane - plane.mean(axis=0))) for plane in maps]
        figures[sample.name]["mean cosine after UMAP"] = Estimate(float(np.mean(cosines)))
        rows.append((sample.name, *cosines, float(np.mean(moved))))
        spans.append(
            f"for {sample.name} it ranges from {min(cosines):.2f} to {max(cosines):.2f} depending "
            f"only on the seed, and is {np.mean(moved):.2f} once these maps are centred"
        )
    warnings.append(
        "The mean cosine after UMAP depends on where the map happens to lie and says little about "
        f"the rows: {'; '.join(spans)}."
    )
    return [
        Table(
            f"Mean cosine after UMAP ({size:,} rows of each dataset, each with its own map)",
            ("dataset", *seeds, "centred"),
            rows,
            note="Computed as in the authors' code. The origin of such a map is arbitrary.",
        )
    ]


SEMANTIC = Metric(
    title="Semantic diversity",
    measure=_measure,
    options=SemanticOptions,
    extra="minilm",
    order=60,
)
