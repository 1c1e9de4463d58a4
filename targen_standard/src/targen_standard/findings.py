"""Findings as Markdown and as a page of their own, for the reports that plugins write."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from targen_cli.findings import Cell, Estimate, Excerpt, Findings, Table
from targen_cli.markup import markdown
from targen_cli.pages import document, safe

__all__ = ["findings_as_html", "findings_as_markdown"]

_STYLE = """
:root{color-scheme:light dark;--ink:#24292f;--ground:#fff;--soft:#59636e;--line:#d5d9de}
@media (prefers-color-scheme:dark){:root{--ink:#e4e6eb;--ground:#16181d;--soft:#a3acb6;
--line:#454a54}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:2rem auto;
max-width:72rem;padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}
h1,h2,li,p{overflow-wrap:anywhere}.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th,td:not(.text){white-space:nowrap}td.number{text-align:right;font-variant-numeric:tabular-nums}
td.text{min-width:16rem}.soft{color:var(--soft)}
.doubt{border-left:3px solid #d9822b;padding-left:.7rem}svg{max-width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .grid{stroke:var(--line)}
svg.narrow{display:none}
@media (max-width:36rem){svg.wide{display:none}svg.narrow{display:block}}
"""


def findings_as_markdown(title: str, findings: Findings, shown: Callable[[Cell], str]) -> str:
    """Findings as Markdown: headlines, warnings, tables, and how it was measured.

    Args:
        title: the report's, as plain text.
        findings: what was found; its plots are left out.
        shown: a cell as text, in the digits that suit these figures.
    """
    lines = [f"# {markdown(title)}", "", *(f"- {markdown(line)}" for line in findings.headlines)]
    lines += ["", *(f"- Note: {markdown(line)}." for line in findings.warnings)]
    for table in findings.tables:
        lines += ["", f"## {markdown(table.title)}", ""]
        lines.append("| " + " | ".join(map(markdown, table.columns)) + " |")
        lines.append("|" + "---|" * len(table.columns))
        lines += ["| " + " | ".join(markdown(shown(c)) for c in row) + " |" for row in table.rows]
        lines += ["", markdown(table.note)] if table.note else []
    lines += ["", "## How it was measured", "", *(f"- {markdown(note)}" for note in findings.notes)]
    return "\n".join(lines) + "\n"


def findings_as_html(
    title: str,
    findings: Findings,
    shown: Callable[[Cell], str],
    *,
    generator: str,
    about: str = "",
    pictures: Iterable[tuple[str, str]] = (),
) -> str:
    """Findings as one page that needs no network and no script.

    Args:
        title: the page's, as plain text.
        findings: what was found.
        shown: a cell as text, in the digits that suit these figures.
        generator: the distribution that makes the page.
        about: a line below the title.
        pictures: titles and SVG of its plots.
    """
    parts = [f"<main><h1>{safe(title)}</h1>"]
    parts += [f'<p class="soft">{safe(about)}</p>'] if about else []
    parts += ["<ul>", *(f"<li>{safe(line)}</li>" for line in findings.headlines), "</ul>"]
    parts += [f'<p class="doubt">{safe(line)}.</p>' for line in findings.warnings]
    parts += [f"<h2>{safe(name)}</h2>{picture}" for name, picture in pictures]
    parts += [_table(table, shown) for table in findings.tables]
    parts += ["<h2>How it was measured</h2><ul>"]
    parts += [f"<li>{safe(note)}</li>" for note in findings.notes]
    parts += ["</ul></main>"]
    return document(title, parts, style=_STYLE, generator=generator)


def _table(table: Table, shown: Callable[[Cell], str]) -> str:
    def cell(value: Cell) -> str:
        kind = ' class="text"' if isinstance(value, Excerpt) else ""
        kind = ' class="number"' if isinstance(value, int | float | Estimate) else kind
        return f"<td{kind}>{safe(shown(value))}</td>"

    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in table.columns)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in table.rows)
    note = f'<p class="soft">{safe(table.note)}</p>' if table.note else ""
    # Scrolling areas must be reachable by keyboard.
    return (
        f'<h2>{safe(table.title)}</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{safe(table.title)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )
