"""The report: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Corpus
from targen_analysis.report.pictures import colors_of, specification, theme
from targen_analysis.report.summary import Summary, leading, shown, summary_of, title_of
from targen_core.cli.findings import Cell, Table
from targen_core.cli.provenance import provenance_notes
from targen_core.hints import anywhere
from targen_core.pages import document, safe, scrolling

_LONG = 60  # characters from which a cell is a text to be read


def as_page(analysis: Analysis) -> str:
    """Return the analysis as a page: HTML with its style, its pictures and Vega within."""
    study, summary, lead = analysis.study, summary_of(analysis), leading(analysis)
    colors = colors_of(study)
    full = [part for part in analysis.parts if _has_figures(part)]
    ordered = sorted(full, key=lambda part: part is not lead)
    plots = [plot for part in ordered if part.findings for plot in part.findings.plots if plot.data]
    ids = {id(plot): f"plot{at}" for at, plot in enumerate(plots, 1)}
    sections = [_section(part, ids, headlines=len(study.corpora) > 1) for part in ordered]
    first = 0 if lead is None else 1
    own = files("targen_analysis.report")
    title = title_of(study)
    return document(
        title,
        [
            (
                f'<header><div><h1>{safe(title)}</h1><p class="soft">The contents of the data, '
                'measured by targen analyze.</p></div><button id="shade">Light / dark</button>'
                "</header>"
            ),
            *_verdict(summary),
            f"<nav>{''.join(map(_link, full))}</nav>",
            *sections[:first],
            *_datasets(study.everything, study.reference),
            *_summary(summary),
            *sections[first:],
            *_without_figures([part for part in analysis.parts if part not in full]),
            *(f'<p class="soft">{safe(line)}</p>' for line in provenance_notes(analysis.made)),
        ],
        style=(own / "page.css").read_text(encoding="utf-8"),
        script=f"{_libraries()}\n{(own / 'page.js').read_text(encoding='utf-8')}",
        data={
            "plots": {
                "specifications": {
                    ids[id(plot)]: specification(plot, colors, width="container") for plot in plots
                },
                "themes": {"light": theme(dark=False), "dark": theme(dark=True)},
            }
        },
        generator="targen-analysis",
    )


@cache
def _libraries() -> str:
    """Return the scripts that draw plots in a browser; bundling them takes a second."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _has_figures(part: Part) -> bool:
    found = part.findings
    return found is not None and any((found.plots, found.tables, found.headlines, found.figures))


def _anchor(part: Part) -> str:
    return safe(part.item.id.replace(":", "-"))


def _link(part: Part) -> str:
    return f'<a href="#{_anchor(part)}">{safe(part.title)}</a>'


def _datasets(corpora: Sequence[Corpus], reference: Corpus | None) -> Iterator[str]:
    rows: list[tuple[Cell, ...]] = [
        (
            corpus.name + (" (reference)" if corpus is reference else ""),
            len(corpus),
            corpus.task.name if corpus.task is not None else "-",
            ", ".join(corpus.fields),
            ", ".join(corpus.label_names[:8]) or "-",
        )
        for corpus in corpora
    ]
    yield _table(Table("", ("dataset", "rows", "task", "texts", "labels"), rows))
    for corpus in corpora:
        yield from (_doubt(f"{corpus.name}: {note}") for note in corpus.notes)


def _verdict(summary: Summary) -> Iterator[str]:
    if summary.verdict:
        first, *rest = summary.verdict
        yield f'<section class="verdict"><p>{safe(first)}</p>{_list(rest)}</section>'


def _summary(summary: Summary) -> Iterator[str]:
    yield '<section class="short"><h2>Summary</h2>'
    if summary.glance.rows:
        yield _table(summary.glance)
    yield _list(summary.headlines)
    yield from map(_doubt, summary.warnings)
    for part in summary.unmeasured:
        hint = f" Try: {anywhere(part.hint)}" if part.hint else ""
        yield _doubt(f"Not measured: {part.title}. {part.problem}.{hint}")
    yield f"<h3>Limitations</h3>{_list(summary.limits)}</section>"


def _doubt(line: str) -> str:
    return f'<p class="doubt">{safe(line)}</p>'


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{safe(line)}</li>' for line in lines)}</ul>" if lines else ""


def _without_figures(parts: Sequence[Part]) -> Iterator[str]:
    """Name the metrics without figures, with what each needs, below all others."""
    lines = [
        f"{part.title}. {note}" for part in parts if part.findings for note in part.findings.notes
    ]
    if lines:
        yield f"<section><h2>Without figures</h2>{_list(lines)}</section>"


def _section(part: Part, ids: dict[int, str], *, headlines: bool) -> str:
    findings = part.findings
    assert findings is not None
    lines = [f'<section><h2 id="{_anchor(part)}">{safe(part.title)}</h2>']
    lines += [_list(findings.headlines)] if headlines else []
    for plot in findings.plots:
        if plot.data:
            label = safe(plot.title)
            box = (
                f'<div class="plot" id="{ids[id(plot)]}" role="figure" aria-label="{label}"></div>'
            )
            lines.append(f"<h3>{label}</h3>{box}")
    lines += [_table(table) for table in findings.tables if table.rows]
    if findings.notes:
        lines.append(
            '<details class="notes" open><summary>How it was measured</summary>'
            f"{_list(findings.notes)}</details>"
        )
    return "\n".join([*lines, "</section>"])


def _table(table: Table) -> str:
    columns: list[Any] = [*zip(*table.rows, strict=True)]
    heads = "".join(
        f"<th{'' if any(isinstance(cell, str) for cell in column) else ' class=number'}>"
        f"{safe(name)}</th>"
        for name, column in zip(table.columns, columns, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    title = f"<h3>{safe(table.title)}</h3>" if table.title else ""
    note = f'<p class="soft">{safe(table.note)}</p>' if table.note else ""
    cells = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f"{title}{scrolling(cells)}{note}"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        long = " class=long" if len(cell) > _LONG else ""
        return f'<td{long} dir="auto">{safe(cell)}</td>'  # may be of a row, in any script
    return f'<td class="number">{safe(shown(cell))}</td>'
