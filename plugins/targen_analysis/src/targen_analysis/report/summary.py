"""The start of a report: a verdict, a few figures side by side, doubts, and limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Study
from targen_analysis.statistics import Z
from targen_core.cli.findings import Cell, Estimate, Table
from targen_core.text import plural

KEY = (
    "▲ above the reference, ▼ below it: their intervals do not overlap. Two marks mean a factor of "
    "at least 1.25, three of at least 2. The mark = means that the intervals overlap. “Better” and "
    "“worse” appear only if one direction is better."
)

_STEPS = (1.25, 2.0)  # factors from which there are two marks, and three
_FARTHEST = 4  # figures of a verdict
_LEAD = "targen-analysis:differences"


@dataclass(frozen=True, slots=True)
class Summary:
    """The top of a report.

    Attributes:
        verdict: sentences on how the data differ from the reference. They come from the metric
            `differences` if it was measured, else they name the figures farthest from it.
        glance: the figures that each metric puts first, a dataset per column, with marks.
        headlines: sentences with numbers, for a single dataset: of several, the table is quicker.
        warnings: what makes the data or the figures doubtful.
        unmeasured: the metrics that could not be measured.
        limits: what these data cannot say.
    """

    verdict: Sequence[str]
    glance: Table
    headlines: Sequence[str]
    warnings: Sequence[str]
    unmeasured: Sequence[Part]
    limits: Sequence[str]


def number(value: float | int | None) -> str:
    """Return at most four digits, whole numbers with commas; a dash for None."""
    if value is None:
        return "-"
    if isinstance(value, int) or value.is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def shown(cell: Cell) -> str:
    """Return a cell of a table as plain text."""
    if not isinstance(cell, Estimate):
        return cell if isinstance(cell, str) else number(cell)
    if cell.low is None or cell.high is None:
        return number(cell.value)
    between = " to " if cell.low < 0 else "–"  # a dash before a minus cannot be read
    # Without the digits that a small distance from 0 brings.
    return (
        f"{number(cell.value)} ({number(round(cell.low, 4))}{between}{number(round(cell.high, 4))})"
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure compared with the reference's.

    Attributes:
        size: 0 if they may be the same, else 1 to 3 by how far they are apart.
        mark: ▲ or ▼, once to three times, or =.
        judgement: better or worse; "" if they may be the same, or no side is better.
        times: the ratio of the larger to the smaller one.
    """

    size: int
    mark: str
    judgement: str
    times: float


def compare(value: Estimate | None, reference: Estimate | None, better: str) -> Comparison | None:
    """Compare a figure with the reference's; None if one of them is unknown."""
    if value is None or reference is None or value.value is None or reference.value is None:
        return None
    smaller, larger = sorted((abs(value.value), abs(reference.value)))
    times = larger / smaller if smaller else math.inf
    low, high = _ends(value)
    other_low, other_high = _ends(reference)
    if low <= other_high and other_low <= high:
        return Comparison(0, "=", "", times)
    above = value.value > reference.value
    size = 1 + sum(times >= step for step in _STEPS)
    judgement = ("better" if above == (better == "higher") else "worse") if better else ""
    return Comparison(size, ("▲" if above else "▼") * size, judgement, times)


def _ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.value is not None
    if estimate.low is None or estimate.high is None:
        return estimate.value, estimate.value
    return estimate.low, estimate.high


def title_of(study: Study) -> str:
    """Return the title of a report: the datasets, and what they are compared with."""
    title = f"Analysis of {' and '.join(corpus.name for corpus in study.corpora)}"
    return title if study.reference is None else f"{title} against {study.reference.name}"


def leading(analysis: Analysis) -> Part | None:
    """Return the part that opens a report, if it found anything: how data differ from real rows."""
    for part in analysis.parts:
        if part.item.id == _LEAD and part.findings is not None and part.findings.headlines:
            return part
    return None


def summary_of(analysis: Analysis) -> Summary:
    """Return the top of the report of an analysis."""
    study, lead = analysis.study, leading(analysis)
    findings = [part.findings for part in analysis.parts if part.findings is not None]
    warnings = [line for each in findings for line in each.warnings]
    glance, farthest = _glance(analysis)
    if study.reference is None:
        verdict = ["To get a verdict, pass the original dataset with --against."]
    elif lead is not None and lead.findings is not None:
        verdict = [*lead.findings.headlines]
    else:
        verdict = farthest
    if warnings:
        verdict.append(f"{plural(len(warnings), 'warning')} below.")
    headlines = [
        line
        for part in analysis.parts
        if part is not lead and part.findings is not None
        for line in part.findings.headlines
    ]
    return Summary(
        verdict=verdict,
        glance=glance,
        headlines=headlines if len(study.corpora) == 1 else [],
        warnings=warnings,
        unmeasured=analysis.failed,
        limits=[*_limits(study)],
    )


def _glance(analysis: Analysis) -> tuple[Table, list[str]]:
    """Return the main figures side by side, and sentences on those farthest from the reference."""
    study = analysis.study
    names = [corpus.name for corpus in study.everything]
    reference = study.reference.name if study.reference is not None else ""
    rows: list[tuple[Cell, ...]] = []
    compared: list[tuple[Comparison, str]] = []
    for part in analysis.parts:
        if part.findings is None:
            continue
        for figure, reading in part.findings.glance.items():
            estimates = [part.findings.figures.get(name, {}).get(figure) for name in names]
            if not any(each is not None and each.value is not None for each in estimates):
                continue
            cells: list[Cell] = [*estimates]
            for at, mine in enumerate(estimates[: len(study.corpora)] if reference else []):
                original = estimates[-1]
                comparison = compare(mine, original, part.findings.better.get(figure, ""))
                if comparison is None or mine is None or original is None:
                    continue
                cells[at] = f"{shown(mine)} {comparison.mark} {comparison.judgement}".rstrip()
                of = f" of {names[at]}" if len(study.corpora) > 1 else ""
                sentence = (
                    f"{comparison.mark} {part.item.name}: {figure}{of}: {number(mine.value)} "
                    f"compared with {number(original.value)} ({reading})."
                )
                compared.append((comparison, sentence))
            rows.append((f"{part.item.name}: {figure}", *cells, reading))
    note = f"95% intervals. {KEY}" if compared else "95% intervals."
    table = Table("", ("figure", *names, "how to read it"), rows, note=note)
    return table, _farthest(compared, reference) if compared else []


def _farthest(compared: Sequence[tuple[Comparison, str]], reference: str) -> list[str]:
    differing = sorted(
        (each for each in compared if each[0].size),
        key=lambda each: (each[0].size, each[0].times),
        reverse=True,
    )
    first = (
        f"Among {plural(len(compared), 'figure')}, {len(differing)} "
        f"{'differs' if len(differing) == 1 else 'differ'} from {reference} beyond chance."
    )
    return [first, *(line for each, line in differing[:_FARTHEST] if each.size > 1)]


def _limits(study: Study) -> Iterator[str]:
    smallest = min(study.everything, key=len)
    half = Z * 0.5 / math.sqrt(len(smallest))
    yield (
        f"{smallest.name} has {len(smallest):,} rows, so a share near one half is known only to "
        f"within ±{max(1, round(100 * half))} percentage points at best."
    )
    if study.reference is not None and study.reference.fields != study.corpora[0].fields:
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
