"""What a reader is told first: a few figures side by side, doubts, and limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from targen_analysis.analysis import Analysis, Part
from targen_analysis.statistics import Z
from targen_core.metrics.model import Cell, Study, Table

__all__ = ["Short", "in_short"]


@dataclass(frozen=True, slots=True)
class Short:
    """The top of a report.

    Attributes:
        glance: the figures that each metric puts first, a dataset a column.
        headlines: sentences with numbers. None over several datasets, where the
            table is quicker to read and they stand with their metrics.
        warnings: what makes the data or the figures doubtful.
        unmeasured: the metrics that could not be measured.
        limits: what these data cannot say.
    """

    glance: Table
    headlines: tuple[str, ...]
    warnings: tuple[str, ...]
    unmeasured: Sequence[Part]
    limits: tuple[str, ...]


def in_short(analysis: Analysis) -> Short:
    """The top of the report of an analysis."""
    study = analysis.study
    findings = [part.findings for part in analysis.parts if part.findings is not None]
    alone = len(study.corpora) == 1
    return Short(
        glance=_glance(analysis),
        headlines=tuple(line for each in findings for line in each.headlines) if alone else (),
        warnings=tuple(line for each in findings for line in each.warnings),
        unmeasured=analysis.failed,
        limits=tuple(_limits(study)),
    )


def _glance(analysis: Analysis) -> Table:
    names = [corpus.name for corpus in analysis.study.everything]
    rows: list[tuple[Cell, ...]] = []
    for part in analysis.parts:
        if part.findings is None:
            continue
        for figure, reading in part.findings.glance.items():
            cells = [part.findings.figures.get(name, {}).get(figure) for name in names]
            if any(cell is not None and cell.value is not None for cell in cells):
                rows.append((f"{part.item.name}: {figure}", *cells, reading))
    return Table("", ("figure", *names, "how to read it"), rows, note="95 % intervals.")


def _limits(study: Study) -> Iterator[str]:
    smallest = min(study.everything, key=len)
    half = Z * 0.5 / math.sqrt(len(smallest))
    yield (
        f"{smallest.name} has {len(smallest):,} rows: a share near one half is known to "
        f"±{max(1, round(100 * half))} points at best."
    )
    if study.reference is None:
        yield "Nothing is compared with: without --against, figures say little of quality."
    elif study.reference.fields != study.corpora[0].fields:
        yield (
            f"{study.reference.name} has other texts ({', '.join(study.reference.fields)}) than "
            f"{study.corpora[0].name} ({', '.join(study.corpora[0].fields)}): what is counted over "
            "all texts compares different things."
        )
    if any(corpus.run is not None for corpus in study.corpora):
        yield (
            "Intervals take rows for independent draws. Rows of a run share contexts and seeds, so "
            "true intervals are wider."
        )
    yield (
        "No figure here reads a row and says whether its label is right, or what a model learns "
        "from it: read twenty rows of each label, and train."
    )
