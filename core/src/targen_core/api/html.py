"""Tables for notebooks; whatever they show is escaped, since models and others wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from targen_core.pages import safe

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
    return safe(value, lines=False)
