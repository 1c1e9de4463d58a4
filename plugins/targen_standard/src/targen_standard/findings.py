"""Findings as Markdown and as a page of their own, for the reports that plugins write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType

from targen_core.cli.findings import Cell, Estimate, Excerpt, Findings, Table
from targen_core.cli.markup import markdown
from targen_core.pages import document, safe

_HOW = "How it was measured"
_LONG = 40
"""Characters from which a cell's text is wrapped."""

_STYLE = """
:root{color-scheme:light dark;--ink:#24292f;--ground:#fff;--soft:#59636e;--line:#d5d9de;
--mark:#2f6db5}
@media (prefers-color-scheme:dark){:root{--ink:#e4e6eb;--ground:#16181d;--soft:#a3acb6;
--line:#454a54;--mark:#7fb2ee}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:2rem auto;
max-width:72rem;padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}
h1,h2,li,p{overflow-wrap:anywhere}table{border-collapse:collapse;font-size:.92rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th,td:not(.text){white-space:nowrap}td.number{text-align:right;font-variant-numeric:tabular-nums}
td.text{min-width:16rem}.soft{color:var(--soft)}
.doubt{border-left:3px solid #d9822b;padding-left:.7rem}svg{max-width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .grid{stroke:var(--line)}
svg .mark{stroke:var(--mark);fill:var(--mark);stroke-width:2}
svg.narrow{display:none}
@media (max-width:36rem){svg.wide{display:none}svg.narrow{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block}
tr{padding:.4rem 0;border-bottom:1px solid var(--line)}td.same{display:none}
td,td.number{display:grid;grid-template-columns:9rem 1fr;gap:.7rem;padding:.1rem 0;border:0;
text-align:left;overflow-wrap:anywhere;min-width:0}td:not(.text){white-space:normal}
td::before{content:attr(data-title);color:var(--soft)}}
"""


def findings_as_markdown(
    title: str,
    findings: Findings,
    shown: Callable[[Cell], str],
    *,
    lists: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """Findings as Markdown: headlines, warnings, tables, and how it was measured.

    Args:
        title: the report's, as plain text.
        findings: what was found; its plots are left out.
        shown: a cell as text, in the digits that suit these figures.
        lists: further sentences, by their heading.
    """
    lines = [f"# {markdown(title)}", "", *(f"- {markdown(line)}" for line in findings.headlines)]
    lines += ["", *(f"- Note: {markdown(line)}." for line in findings.warnings)]
    for table in findings.tables:
        lines += ["", f"## {markdown(table.title)}", ""]
        lines.append("| " + " | ".join(map(markdown, table.columns)) + " |")
        lines.append("|" + "---|" * len(table.columns))
        lines += ["| " + " | ".join(markdown(shown(c)) for c in row) + " |" for row in table.rows]
        lines += ["", markdown(table.note)] if table.note else []
    for heading, sentences in {**lists, _HOW: findings.notes}.items():
        lines += ["", f"## {markdown(heading)}", "", *(f"- {markdown(one)}" for one in sentences)]
    return "\n".join(lines) + "\n"


def findings_as_html(
    title: str,
    findings: Findings,
    shown: Callable[[Cell], str],
    *,
    generator: str,
    about: str = "",
    pictures: Iterable[tuple[str, str]] = (),
    lists: Mapping[str, Sequence[str]] = MappingProxyType({}),
    links: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Findings as one page that needs no network and no script.

    Args:
        title: the page's, as plain text.
        findings: what was found.
        shown: a cell as text, in the digits that suit these figures.
        generator: the distribution that makes the page.
        about: a line below the title.
        pictures: titles and SVG of its plots.
        lists: further sentences, by their heading.
        links: pages next to it, and what they show.
    """
    parts = [f"<h1>{safe(title)}</h1>"]
    parts += [f'<p class="soft">{safe(about)}</p>'] if about else []
    parts += ["<ul>", *(f"<li>{safe(line)}</li>" for line in findings.headlines)]
    parts += [f'<li><a href="{safe(path)}">{safe(text)}</a></li>' for path, text in links.items()]
    parts += ["</ul>"]
    parts += [f'<p class="doubt">{safe(line)}.</p>' for line in findings.warnings]
    parts += [f"<h2>{safe(name)}</h2>{picture}" for name, picture in pictures]
    parts += [_table(table, shown) for table in findings.tables]
    for heading, sentences in {**lists, _HOW: findings.notes}.items():
        parts += [f"<h2>{safe(heading)}</h2><ul>"]
        parts += [f"<li>{safe(sentence)}</li>" for sentence in sentences]
        parts += ["</ul>"]
    return document(title, parts, style=_STYLE, generator=generator)


def _table(table: Table, shown: Callable[[Cell], str]) -> str:
    """Return a table; a narrow page shows each row as lines, without what the row above says."""

    def line(row: Sequence[Cell], above: Sequence[Cell]) -> Iterator[str]:
        is_same = bool(above)
        for name, value, before in zip_longest(table.columns, row, above):
            text = shown(value)
            is_same = is_same and value == before and not isinstance(value, float | Estimate)
            kinds = ["same"] if is_same else []
            kinds += ["text"] if isinstance(value, Excerpt) or len(text) > _LONG else []
            kinds += ["number"] if isinstance(value, int | float | Estimate) else []
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            yield f'<td role="cell"{kind} data-title="{safe(name)}">{safe(text)}</td>'

    heads = (f'<th role="columnheader" scope="col">{safe(name)}</th>' for name in table.columns)
    rows = zip(table.rows, [(), *table.rows], strict=False)
    body = "".join(f'<tr role="row">{"".join(line(row, above))}</tr>' for row, above in rows)
    note = f'<p class="soft">{safe(table.note)}</p>' if table.note else ""
    # What scrolls must be reachable by keyboard. Roles: a narrow page takes them from its elements.
    return (
        f'<h2>{safe(table.title)}</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{safe(table.title)}"><table role="table"><thead role="rowgroup">'
        f'<tr role="row">{"".join(heads)}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
        f"</div>{note}"
    )
