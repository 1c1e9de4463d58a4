"""Texts and tables as HTML, escaped: models and others wrote what they show."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from targen_core.text import printable

__all__ = ["safe", "table"]


def safe(value: object, *, lines: bool = True, max_length: int | None = None) -> str:
    """Return a value as text that is safe in an element and in a quoted attribute.

    Args:
        value: a text, or anything else by its `str`; integers get thousands separators.
        lines: whether line feeds and tabs remain.
        max_length: characters after which the text is cut.
    """
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return html.escape(printable(text, lines=lines, max_length=max_length))


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
