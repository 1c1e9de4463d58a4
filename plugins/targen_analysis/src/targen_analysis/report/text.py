"""The report as Markdown: what it opens with, and a few sentences of each metric."""

from __future__ import annotations

from dataclasses import replace

from targen_analysis.analysis import Analysis
from targen_analysis.metrics import Findings
from targen_analysis.report.cells import shown
from targen_analysis.report.short import in_short, leading, title_of
from targen_cli.provenance import provenance_notes
from targen_standard.findings import findings_as_markdown


def as_markdown(analysis: Analysis) -> str:
    """The verdict, what tells the data from real rows, the figures side by side, and limits."""
    study, short, lead = analysis.study, in_short(analysis), leading(analysis)
    tables = lead.findings.tables if lead is not None and lead.findings is not None else ()
    glance = (replace(short.glance, title="Figures side by side"),) if short.glance.rows else ()
    return findings_as_markdown(
        title_of(study),
        Findings(
            headlines=(*short.verdict, *short.headlines),
            tables=tuple(table for table in (*tables, *glance) if table.rows),
            warnings=tuple(line.removesuffix(".") for line in short.warnings),
            notes=(
                *(lead.findings.notes if lead and lead.findings else ()),
                *short.limits,
                *provenance_notes(analysis.made),
            ),
        ),
        shown,
    )
