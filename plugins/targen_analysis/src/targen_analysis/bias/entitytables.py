"""Tables and pictures of the metric `entities`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from targen_analysis.bias.mentions import Mentions
from targen_analysis.data.excerpt import excerpt
from targen_analysis.metrics import Study
from targen_analysis.views import interval_plot
from targen_core.cli.findings import Cell, Estimate, Plot, Table

DENSITY = "entities per 100 words"
NAMED = "rows with an entity"

_RARE = 0.005
"""A type with less of the entities in each dataset is not drawn."""

Figures = Mapping[str, Mapping[str, Estimate]]
"""Dataset -> figure -> estimate."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The distribution of the types, or of the entities of one type.

    Attributes:
        things: how many of each dataset were compared.
        figures: what was found of each, in the order of the datasets.
    """

    things: int
    figures: Sequence[Mapping[str, Estimate]]


def share_of(type: str) -> str:
    """The name of the figure: what a type has of all entities."""
    return f"share of {type}"


def divergence_of(type: str) -> str:
    """The name of the figure: from the reference, of a type's entities or, with "", of types."""
    return f"divergence of {type or 'types'}"


def overview(study: Study, figures: Figures, compared: Mapping[str, Compared], size: int) -> Table:
    """Return a table of the number and the distribution of entities."""
    columns = [corpus.name for corpus in study.everything]
    rows: list[tuple[Cell, ...]] = [
        (name, *(figures[column][name] for column in columns)) for name in (DENSITY, NAMED)
    ]
    for each in compared.values():
        for name in each.figures[0]:
            cells = [mine[name] for mine in each.figures]
            if any(cell.value is not None for cell in cells):
                rows.append((f"{name} ({each.things:,} entities)", *cells))
    note = "95% intervals; entropy in bits."
    if study.reference is not None:
        note += (
            " Divergence: Jensen-Shannon, from 0 to 1 bit; the column "
            f"{study.reference.name} compares its two halves."
        )
    return Table(f"Named entities, {size:,} rows each", ("figure", *columns), rows, note=note)


def type_table(study: Study, figures: Figures, types: Sequence[str]) -> Table:
    """Return a table of each type's share of all entities."""
    columns = [corpus.name for corpus in study.everything]
    return Table(
        "Entity types",
        ("type", *columns),
        [(name, *(figures[column][share_of(name)] for column in columns)) for name in types],
        note="Shares of all entities of a dataset; 95% intervals over rows.",
    )


def top_table(study: Study, mentions: Sequence[Mentions], of: str, limit: int) -> Table:
    """The most frequent entities of a type, datasets side by side."""
    columns = [
        f"{corpus.name} ({np.count_nonzero(each.type == of):,})"
        for corpus, each in zip(study.everything, mentions, strict=True)
    ]
    ranked = [each.top(of, limit) for each in mentions]
    rows: list[tuple[Cell, ...]] = [
        (at + 1, *(_entity(top[at]) if at < len(top) else None for top in ranked))
        for at in range(max(map(len, ranked)))
    ]
    return Table(f"The most frequent entities of type {of}", ("", *columns), rows)


def _entity(top: tuple[str, float]) -> str:
    name, share = top
    return f"{excerpt([name], 60)} {share:.1%}"


def plots(
    study: Study, figures: Figures, compared: Mapping[str, Compared], types: Sequence[str]
) -> Iterable[Plot]:
    """Return plots of the types' shares, and of the divergences next to the reference's."""
    drawn = {
        share_of(name): name
        for name in types
        if any((mine[share_of(name)].value or 0.0) >= _RARE for mine in figures.values())
    }
    yield interval_plot("Entity types", _named(figures, drawn), "share", "type")
    if study.reference is not None:
        yield interval_plot(
            f"Divergence from {study.reference.name}, and between its halves (1: completely "
            "different)",
            _named(figures, {divergence_of(of): of or "types" for of in compared}),
            "divergence",
            "of",
        )


def _named(figures: Figures, names: Mapping[str, str]) -> Iterable[tuple[str, str, Estimate]]:
    return ((of, shown, mine[n]) for n, shown in names.items() for of, mine in figures.items())
