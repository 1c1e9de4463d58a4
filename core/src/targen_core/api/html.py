"""Tables for notebooks; whatever they show is escaped, since models and others wrote it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from targen_core.text import printable

__all__ = ["table"]


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as HTML."""
    lines = ["<table>", f"<caption>{_safe(caption)}</caption>"]
    lines.append(
        "<thead><tr>" + "".join(f"<th>{_safe(head)}</th>" for head in heads) + "</tr></thead>"
    )
    lines.append("<tbody>")
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def _safe(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return html.escape(printable(text, lines=False))
