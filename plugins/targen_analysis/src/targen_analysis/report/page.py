"""The report: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Corpus
from targen_analysis.report.apart import KEY
from targen_analysis.report.cells import interval, number, shown
from targen_analysis.report.pictures import colors_of, specification, theme
from targen_analysis.report.short import Short, in_short, leading, title_of
from targen_core.cli.findings import Cell, Estimate, Plot, Table
from targen_core.cli.provenance import provenance_notes
from targen_core.hints import anywhere
from targen_core.pages import document, safe, scrolling

_LONG = 60
"""Characters from which a cell is a text to be read."""


def as_page(analysis: Analysis) -> str:
    """The analysis as a page: HTML with its style, its pictures and Vega within."""
    study = analysis.study
    colors = colors_of(study)
    drawn: dict[str, dict[str, Any]] = {}

    def place(plot: Plot) -> str:
        name = f"plot{len(drawn) + 1}"
        drawn[name] = specification(plot, colors, width="container")
        label = safe(plot.title)
        box = f'<div class="plot" id="{name}" role="figure" aria-label="{label}"></div>'
        return f"<h3>{safe(plot.title)}</h3>{box}"

    short = in_short(analysis)
    title = title_of(study)
    several = len(study.corpora) > 1
    lead = leading(analysis)
    first = [_section(part, place, headlines=False) for part in analysis.parts if part is lead]
    full = [part for part in analysis.parts if _found(part)]
    parts = [_section(part, place, headlines=several) for part in full if part is not lead]
    data = {
        "specifications": drawn,
        "themes": {"light": theme(dark=False), "dark": theme(dark=True)},
    }
    own = files("targen_analysis.report")
    style = (own / "page.css").read_text(encoding="utf-8")
    script = (own / "page.js").read_text(encoding="utf-8")
    body = [
        (
            f'<header><div><h1>{safe(title)}</h1><p class="soft">The contents of the '
            "data, measured by targen analyze.</p></div>"
            '<button id="shade">Light / dark</button></header>'
        ),
        *_verdict(short),
        "<nav>" + "".join(_link(part) for part in full) + "</nav>",
        *first,
        *_datasets(study.everything, study.reference),
        *_in_short(short),
        *parts,
        *_empty([part for part in analysis.parts if part not in full]),
        *(f'<p class="soft">{safe(line)}</p>' for line in provenance_notes(analysis.made)),
    ]
    return document(
        title,
        body,
        style=style,
        script=f"{_libraries()}\n{script}",
        data={"plots": data},
        generator="targen-analysis",
    )


@cache
def _libraries() -> str:
    """Return the scripts that draw plots in a browser; bundling them takes a second."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _anchor(part: Part) -> str:
    return safe(part.item.id.replace(":", "-"))


def _link(part: Part) -> str:
    return f'<a href="#{_anchor(part)}">{safe(part.title)}</a>'


def _datasets(corpora: Iterable[Corpus], reference: Corpus | None) -> Iterator[str]:
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
        for note in corpus.notes:
            yield f'<p class="doubt">{safe(corpus.name)}: {safe(note)}</p>'


def _verdict(short: Short) -> Iterator[str]:
    if not short.verdict:
        return
    first, *rest = short.verdict
    lines = "".join(f"<li>{_marked(line)}</li>" for line in rest)
    yield f'<section class="verdict"><p>{safe(first)}</p>{f"<ul>{lines}</ul>" if lines else ""}'
    yield "</section>"


def _marked(line: str) -> str:
    """A sentence; the marks that it may begin with get their colour."""
    mark, _, rest = line.partition(" ")
    if mark.strip("▲▼="):
        return safe(line)
    return f"{_mark(mark)} {safe(rest)}"


def _mark(mark: str, judgement: str = "") -> str:
    way = "above" if "▲" in mark else "below" if "▼" in mark else "same"
    said = {
        "above": "above the reference",
        "below": "below the reference",
        "same": "similar to the reference",
    }
    words = f' <span class="soft judged">{safe(judgement)}</span>' if judgement else ""
    return f'<span class="mark {way}" title="{said[way]}">{safe(mark)}</span>{words}'


def _in_short(short: Short) -> Iterator[str]:
    yield '<section class="short"><h2>Summary</h2>'
    if short.glance.rows:
        yield _glance(short)
    yield from _list(short.headlines)
    yield from (f'<p class="doubt">{safe(line)}</p>' for line in short.warnings)
    yield from (_unmeasured(part, f"{part.title}. ") for part in short.unmeasured)
    yield "<h3>Limitations</h3>"
    yield from _list(short.limits)
    yield "</section>"


def _glance(short: Short) -> str:
    """The figures side by side, each with its reading below it and its mark before it."""
    names = short.glance.columns[1:-1]
    head = "".join(f"<th class=number>{safe(name)}</th>" for name in names)
    rows = []
    for figure, *cells, reading in short.glance.rows:
        assert isinstance(figure, str)
        marks = [short.apart.get((figure, name)) for name in names]
        body = "".join(
            _cell(cell, _mark(each.mark, each.judgement) if each is not None else "")
            for cell, each in zip(cells, marks, strict=True)
        )
        read = f'<div class="soft">{safe(str(reading))}</div>'
        rows.append(f"<tr><td>{safe(figure)}{read}</td>{body}</tr>")
    key = f" {KEY}" if short.apart else ""
    table = (
        f'<table class="glance"><thead><tr><th>figure</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return f'{scrolling(table)}<p class="soft">{safe(short.glance.note + key)}</p>'


def _list(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<ul>{''.join(f'<li>{safe(line)}</li>' for line in lines)}</ul>"


def _unmeasured(part: Part, name: str) -> str:
    hint = f" Try: <code>{safe(anywhere(part.hint))}</code>" if part.hint else ""
    return f'<p class="doubt">Not measured: {safe(name)}{safe(part.problem)}.{hint}</p>'


def _found(part: Part) -> bool:
    """Return whether a part has anything to show except notes."""
    findings = part.findings
    if findings is None:
        return False
    shown = [*findings.plots, *findings.tables, *findings.headlines]
    return bool(shown or findings.figures)


def _empty(parts: Sequence[Part]) -> Iterator[str]:
    """Name the metrics without figures, with what each needs, below all others."""
    notes = [(part, note) for part in parts if part.findings for note in part.findings.notes]
    if notes:
        yield "<section><h2>Without figures</h2><ul>"
        yield from (f"<li><b>{safe(part.title)}.</b> {safe(note)}</li>" for part, note in notes)
        yield "</ul></section>"


def _section(part: Part, place: Any, *, headlines: bool) -> str:
    lines = [f'<section><h2 id="{_anchor(part)}">{safe(part.title)}</h2>']
    findings = part.findings
    assert findings is not None
    if headlines:
        lines += _list(findings.headlines)
    lines += [place(plot) for plot in findings.plots if plot.data]
    lines += [_table(table) for table in findings.tables if table.rows]
    if findings.notes:
        notes = "".join(f"<li>{safe(note)}</li>" for note in findings.notes)
        lines.append(
            '<details class="notes" open><summary>How it was measured</summary>'
            f"<ul>{notes}</ul></details>"
        )
    lines.append("</section>")
    return "\n".join(lines)


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True))
    flush = [all(not isinstance(cell, str) for cell in column) for column in columns]
    head = "".join(
        f"<th{' class=number' if right else ''}>{safe(name)}</th>"
        for name, right in zip(table.columns, flush, strict=True)
    )
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    title = f"<h3>{safe(table.title)}</h3>" if table.title else ""
    note = f'<p class="soft">{safe(table.note)}</p>' if table.note else ""
    cells = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{title}{scrolling(cells)}{note}"


def _cell(cell: Cell, mark: str = "") -> str:
    if isinstance(cell, Estimate):
        ends = interval(cell)
        beside = f"<small>{safe(ends)}</small>" if ends else ""
        before = f"{mark} " if mark else ""
        return f'<td class="number">{before}{safe(number(cell.value))}{beside}</td>'
    if isinstance(cell, str):
        long = " class=long" if len(cell) > _LONG else ""
        return f'<td{long} dir="auto">{safe(cell)}</td>'  # may be of a row, in any script
    return f'<td class="number">{safe(shown(cell))}</td>'
