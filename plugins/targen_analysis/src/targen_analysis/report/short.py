"""The start of a report: a few figures side by side, doubts, and limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Study
from targen_analysis.report.apart import Apart, apart
from targen_analysis.statistics import Z
from targen_core.cli.findings import Cell, Table
from targen_core.text import plural

_FARTHEST = 3  # marks of a figure that is far off
_LINES = 5  # of a verdict
_LEAD = "targen-analysis:differences"


@dataclass(frozen=True, slots=True)
class Short:
    """The top of a report.

    Attributes:
        verdict: sentences on how the data differ from the reference. They come from the metric
            `differences` if it was measured, else they name the figures farthest from it. Empty if
            the metrics have neither main figures nor warnings.
        glance: the figures that each metric puts first, a dataset a column.
        apart: of a row of `glance` and a dataset, how far it is from the reference.
        headlines: sentences with numbers. With several datasets they are empty: the table is
            quicker to read, and they appear with their metrics.
        warnings: what makes the data or the figures doubtful.
        unmeasured: the metrics that could not be measured.
        limits: what these data cannot say.
    """

    verdict: tuple[str, ...]
    glance: Table
    apart: Mapping[tuple[str, str], Apart]
    headlines: tuple[str, ...]
    warnings: tuple[str, ...]
    unmeasured: Sequence[Part]
    limits: tuple[str, ...]


def title_of(study: Study) -> str:
    """The title of a report: the datasets, and what they are compared with."""
    *most, last = (corpus.name for corpus in study.corpora)
    title = f"Analysis of {' and '.join([', '.join(most), last] if most else [last])}"
    return title if study.reference is None else f"{title} against {study.reference.name}"


def in_short(analysis: Analysis) -> Short:
    """The top of the report of an analysis."""
    study = analysis.study
    findings = [part.findings for part in analysis.parts if part.findings is not None]
    first = leading(analysis)
    lead = first.findings if first is not None else None
    alone = len(study.corpora) == 1
    marks = dict(_apart(analysis))
    return Short(
        verdict=tuple(_verdict(analysis, marks)),
        glance=_glance(analysis),
        apart=marks,
        headlines=tuple(line for each in findings if each is not lead for line in each.headlines)
        if alone
        else (),
        warnings=tuple(line for each in findings for line in each.warnings),
        unmeasured=analysis.failed,
        limits=tuple(_limits(study)),
    )


def leading(analysis: Analysis) -> Part | None:
    """The part that opens a report, if it found anything: how the data differ from real rows."""
    for part in analysis.parts:
        if part.item.id == _LEAD and part.findings is not None and part.findings.headlines:
            return part
    return None


def _apart(analysis: Analysis) -> Iterator[tuple[tuple[str, str], Apart]]:
    reference = analysis.study.reference
    for part in analysis.parts:
        if part.findings is None or reference is None:
            continue
        figures = part.findings.figures
        for figure in part.findings.glance:
            original = figures.get(reference.name, {}).get(figure)
            for corpus in analysis.study.corpora:
                mine = figures.get(corpus.name, {}).get(figure)
                mark = apart(mine, original, part.findings.better.get(figure, ""))
                if mark is not None:
                    yield (f"{part.item.name}: {figure}", corpus.name), mark


def _verdict(analysis: Analysis, marks: Mapping[tuple[str, str], Apart]) -> Iterator[str]:
    study = analysis.study
    warned = sum(len(p.findings.warnings) for p in analysis.parts if p.findings is not None)
    doubts = f" {plural(warned, 'warning')} below." if warned else ""
    if study.reference is None:
        yield f"To get a verdict, pass the original dataset with --against.{doubts}"
        return
    lead = leading(analysis)
    if lead is not None and lead.findings is not None:
        yield from lead.findings.headlines
        if doubts:
            yield doubts.strip()
        return
    name = study.reference.name
    if not marks:
        if _glance(analysis).rows:
            yield f"None of the main figures can be compared with those of {name}.{doubts}"
        elif doubts:  # these metrics have no main figures
            yield doubts.strip()
        return
    far = [mark for mark in marks.values() if mark.size == _FARTHEST]
    off = [mark for mark in marks.values() if 0 < mark.size < _FARTHEST]
    judged = [mark.judgement for mark in far]
    sides = ", ".join(f"{judged.count(w)} {w}" for w in ("better", "worse") if w in judged)
    yield (
        f"Among {plural(len(marks), 'figure')}, {len(far)} {_differs(len(far))} greatly from {name}"
        f"{f' ({sides})' if sides else ''}, "
        f"{len(off)} {_differs(len(off))} slightly, and {len(marks) - len(far) - len(off)} may "
        f"be the same."
        f"{doubts}"
    )
    several = len(study.corpora) > 1
    readings = {row[0]: row[-1] for row in _glance(analysis).rows}
    ranked = sorted(marks.items(), key=lambda item: (item[1].size, item[1].times), reverse=True)
    for (figure, corpus), mark in ranked[: _LINES - 1]:
        if mark.size > 1:
            of = f" of {corpus}" if several else ""
            yield f"{mark.mark} {figure}{of}: {mark.words} ({readings[figure]})."


def _differs(number: int) -> str:
    return "differs" if number == 1 else "differ"


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
    return Table("", ("figure", *names, "how to read it"), rows, note="95% intervals.")


def _limits(study: Study) -> Iterator[str]:
    smallest = min(study.everything, key=len)
    half = Z * 0.5 / math.sqrt(len(smallest))
    yield (
        f"{smallest.name} has {len(smallest):,} rows, so a share near one half is known only to "
        f"within ±{max(1, round(100 * half))} percentage points at best."
    )
    if study.reference is None:
        against = "--against"
        yield f"Without {against}, the figures say little about quality."
    elif study.reference.fields != study.corpora[0].fields:
        yield (
            f"{study.reference.name} does not have the same texts "
            f"({', '.join(study.reference.fields)}) as {study.corpora[0].name} "
            f"({', '.join(study.corpora[0].fields)}), so figures over all texts are not directly "
            "comparable."
        )
    if any(corpus.run is not None for corpus in study.corpora):
        yield (
            "Intervals, except those of differences, treat rows as independent. Rows of a run "
            "share contexts and seeds, so the true intervals are wider."
        )
    yield (
        "None of these figures show whether a label is right or what a model learns from a row. "
        "Read twenty rows per label, and train a model."
    )
