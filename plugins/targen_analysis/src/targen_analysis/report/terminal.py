"""An analysis on standard output."""

from __future__ import annotations

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Corpus
from targen_analysis.report.summary import leading, shown, summary_of
from targen_core.cli.findings import Table
from targen_core.cli.tables import print_table

_WIDEST = 60
"""Characters of a cell: pairs of rows are read in the report."""


def print_analysis(analysis: Analysis, *, tables: bool) -> None:
    """Print what matters in summary; with `tables`, each metric's tables below it."""
    study, summary = analysis.study, summary_of(analysis)
    for corpus in study.everything:
        role = "reference: " if corpus is study.reference else ""
        print(f"{role}{_about(corpus)}")
        for note in corpus.notes:
            print(f"  note: {note}")
    print()
    for line in summary.warnings:
        print(f"warning: {line}")
    for line in summary.verdict:
        print(line)
    lead = leading(analysis)
    if lead is not None:
        _print_part(lead, headlines=False)
    if summary.glance.rows:
        print()
        _print_table(summary.glance)
    if summary.headlines:
        print()
    for line in summary.headlines:
        print(f"* {line}")
    for part in summary.unmeasured:
        print(f"not measured: {part.item.name}: {part.problem}")
        if part.hint:
            print(f"  try: {part.hint}")
    notes = [
        (part.item.name, line)
        for part in analysis.parts
        if part.findings is not None and not part.findings.tables
        for line in part.findings.notes
    ]
    for name, line in notes if tables else ():  # asked for by name
        print(f"note: {name}: {line}")
    if notes and not tables:
        names = ", ".join(dict.fromkeys(name for name, _ in notes))
        print(
            f"note: {names}: not measured, because some input is missing; report.html shows "
            "what each metric needs"
        )
    for line in summary.limits:
        print(f"limit: {line}")
    if tables:
        for part in analysis.parts:
            if part is not lead:
                _print_part(part, headlines=not summary.headlines)


def _about(corpus: Corpus) -> str:
    task = f" of {corpus.task.name}" if corpus.task is not None else ""
    return f"{corpus.name}: {len(corpus):,} rows{task}, text columns: {', '.join(corpus.fields)}"


def _print_part(part: Part, *, headlines: bool) -> None:
    if part.findings is None:
        return
    print(f"\n== {part.title}")
    for line in part.findings.headlines if headlines else ():
        print(f"* {line}")
    for table in part.findings.tables:
        if table.rows:
            print(f"\n{table.title}")
            _print_table(table)


def _print_table(table: Table) -> None:
    print_table(table.columns, [[_cut(shown(cell)) for cell in row] for row in table.rows])


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
