"""The report as Markdown: what it opens with, and a few sentences of each metric."""

from __future__ import annotations

from dataclasses import replace

from targen_analysis.analysis import Analysis
from targen_analysis.report.cells import shown
from targen_analysis.report.short import in_short, leading, title_of
from targen_core.cli.findings import Findings
from targen_core.cli.provenance import provenance_notes
from targen_core.hints import anywhere
from targen_standard.findings import findings_as_markdown


def as_markdown(analysis: Analysis) -> str:
    """The verdict, what tells the data from real rows, the figures side by side, and limits.

    A metric without main figures or headlines shows its tables: otherwise it would not appear.
    """
    study, short, lead = analysis.study, in_short(analysis), leading(analysis)
    tables = lead.findings.tables if lead is not None and lead.findings is not None else ()
    unseen = [
        table
        for part in analysis.parts
        if part.findings is not None and not (part.findings.glance or part.findings.headlines)
        for table in part.findings.tables
    ]
    unmeasured = [
        f"{part.title}: {part.problem}{f' (try: {anywhere(part.hint)})' if part.hint else ''}"
        for part in short.unmeasured
    ]
    glance = (replace(short.glance, title="Figures side by side"),) if short.glance.rows else ()
    return findings_as_markdown(
        title_of(study),
        Findings(
            headlines=(*short.verdict, *short.headlines),
            tables=tuple(table for table in (*tables, *glance, *unseen) if table.rows),
            warnings=tuple(line.removesuffix(".") for line in short.warnings),
            notes=(
                *(lead.findings.notes if lead and lead.findings else ()),
                *short.limits,
                *provenance_notes(analysis.made),
            ),
        ),
        shown,
        lists={"Not measured": unmeasured} if unmeasured else {},
    )
