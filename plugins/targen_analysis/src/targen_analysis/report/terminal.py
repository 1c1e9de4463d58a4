"""An analysis on standard output."""

from __future__ import annotations

from targen_analysis.analysis import Analysis, Part
from targen_analysis.report.cells import shown
from targen_core.cli.tables import print_table
from targen_core.metrics.model import Corpus

__all__ = ["print_analysis"]

_WIDEST = 60
"""Characters of a cell: pairs of rows are read in the report."""


def print_analysis(analysis: Analysis) -> None:
    """Print the tables, what is doubtful, and what could not be measured."""
    study = analysis.study
    for corpus in study.everything:
        role = "reference: " if corpus is study.reference else ""
        print(f"{role}{_about(corpus)}")
        for note in corpus.notes:
            print(f"  note: {note}")
    for part in analysis.parts:
        _print_part(part)


def _about(corpus: Corpus) -> str:
    task = f", {corpus.task.name}" if corpus.task is not None else ""
    return f"{corpus.name}: {len(corpus):,} rows{task}, texts: {', '.join(corpus.fields)}"


def _print_part(part: Part) -> None:
    print(f"\n== {part.title}")
    if part.findings is None:
        print(f"not measured: {part.problem}")
        print(f"  try: {part.hint}")
        return
    for line in part.findings.headlines:
        print(f"* {line}")
    for line in part.findings.warnings:
        print(f"warning: {line}")
    for table in part.findings.tables:
        if not table.rows:
            continue
        print(f"\n{table.title}")
        print_table(table.columns, [[_cut(shown(cell)) for cell in row] for row in table.rows])


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
