"""`targen review report`: what raters found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core.cli.findings import Findings

_SHOWN = 10
_WIDEST = 60


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER",
            help="Folders of reviews: of several datasets, or of one dataset on several machines.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the report as a page (.html) or as Markdown (.md)."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Show the paper's Table 16 next to the grades.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Report a review: grades, agreement, confirmed labels, rows to discuss.

    Shows grades by dataset, before and after correction. Agreement is Cohen's κ and Spearman's r
    for each pair of raters who graded the same rows, and Krippendorff's α for all. Models are shown
    separately.

    Examples:
    - targen review report runs/rte-0.review
    - targen review report runs/*.review --paper --out review.html
    """
    from targen_core.outputs import write_file
    from targen_review.plan import review_of
    from targen_review.report.figures import figures_of
    from targen_review.report.pages import as_html, as_json, as_markdown, findings_of
    from targen_review.report.reading import read_reviews

    forms = {".html": as_html, ".md": as_markdown}
    if out is not None and out.suffix not in forms:
        raise UsageError(f"--out {out}: the name must end in .html or .md")
    if out is not None and out.exists() and not force:
        raise UsageError(f"{out} already exists", hint="choose a different --out, or pass --force")
    material = read_reviews(list(map(review_of, folders)))
    if not material.given:
        said = "; ".join(material.warnings)
        raise UsageError(
            "no rows have been graded so far" + (f" ({said})" if said else ""),
            hint="targen review DATA opens a page for grading rows",
        )
    figures = figures_of(material)
    findings = findings_of(figures, paper=paper)
    if out is not None:
        write_file(out, forms[out.suffix](findings))
    if json:
        print_json(as_json(figures))
        return
    _print(findings)
    if out is not None:
        print(f"\n{out}")


def _print(findings: Findings) -> None:
    from targen_core.text import plural
    from targen_review.report.pages import DIFFER, shown

    for line in findings.headlines:
        print(f"* {line}")
    for line in findings.warnings:
        print(f"warning: {line}")
    for table in findings.tables:
        print(f"\n{table.title}")
        rows = table.rows[:_SHOWN] if table.title == DIFFER else table.rows
        print_table(table.columns, [[_cut(shown(cell)) for cell in row] for row in rows])
        if len(rows) < len(table.rows):
            more = plural(len(table.rows) - len(rows), "row")
            print(f"({more} more; --out FILE.html and --json include them)")
        if table.note:
            print(table.note)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
