"""HTML: escaped texts and tables, and rules for pages: what they may load and run.

Files carry their Content-Security-Policy in a `meta` element, with the hashes of their own style
and script. Servers send `SERVED` as headers. Either way a page loads only its own parts. Text that
slips through the escaping is inert, since style attributes, inline handlers and injected scripts
have no hash.
"""

from __future__ import annotations

import hashlib
import html
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from targen_core.text import json_safe, printable

_SCROLLING = """.scroll{overflow-x:auto;background:
linear-gradient(to right,var(--ground) 40%,transparent) 0/2rem 100% no-repeat local,
linear-gradient(to left,var(--ground) 40%,transparent) 100%/2rem 100% no-repeat local,
linear-gradient(to right,var(--line),transparent) 0/.8rem 100% no-repeat,
linear-gradient(to left,var(--line),transparent) 100%/.8rem 100% no-repeat}"""
"""The style of a box that scrolls: an edge behind which there is more has a shadow."""

SERVED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every served answer: its own files only, no inline script, no copy kept."""


def safe(value: object, *, lines: bool = True, max_length: int | None = None) -> str:
    """Return a value as text that is safe in an element and in a quoted attribute.

    Args:
        value: a text, or anything else by its `str`; integers get thousands separators.
        lines: whether line feeds and tabs remain.
        max_length: characters after which the text is cut.
    """
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return html.escape(printable(text, lines=lines, max_length=max_length))


def table(caption: str, heads: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as HTML."""
    lines = ["<table>", f"<caption>{_safe(caption)}</caption>"]
    lines.append(
        "<thead><tr>" + "".join(f"<th>{_safe(head)}</th>" for head in heads) + "</tr></thead>"
    )
    lines.append("<tbody>")
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def scrolling(content: str, label: str = "Table") -> str:
    """Return HTML in a box that scrolls sideways, which the keyboard can also reach."""
    name = safe(label, lines=False)
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{name}">{content}</div>'


def _safe(value: object) -> str:
    return safe(value, lines=False)


def document(
    title: str,
    body: Iterable[str],
    *,
    style: str,
    script: str = "",
    data: Mapping[str, Any] | None = None,
    generator: str = "targen",
) -> str:
    """Return a page as one HTML file that needs no network.

    Args:
        title: plain text.
        body: HTML of its main part, without style attributes and inline handlers: its policy
            refuses them.
        style: CSS of the page, with the colors `--ground` and `--line`.
        script: JavaScript of the page, run as a module after the page is read.
        data: values for the script, by the id of the element whose text is their JSON.
        generator: the distribution that makes the page.
    """
    # Either word would end its element, wherever it stands, and a comment would hide the end.
    # Within strings and regular expressions of JavaScript the escapes change nothing.
    style = f"{style}\n{_SCROLLING}".replace("</style", "<\\/style")
    script = script.replace("</script", "<\\/script").replace("<!--", "\\x3c!--")
    may_run = f"script-src {_hash(script)}; " if script else ""
    policy = (
        f"default-src 'none'; {may_run}style-src {_hash(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="{safe(generator)}">',
        f"<title>{safe(title, lines=False)}</title><style>{style}</style></head><body><main>",
        *body,
        "</main>",
        *(
            f'<script type="application/json" id="{safe(name)}">{_embedded(value)}</script>'
            for name, value in (data or {}).items()
        ),
        *([f'<script type="module">{script}</script>'] if script else []),
        "</body></html>",
        "",
    ]
    return "\n".join(parts)


def _hash(text: str) -> str:
    """The source expression that admits exactly this inline text."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{b64encode(digest).decode()}'"


def _embedded(value: Any) -> str:
    """JSON in which no text can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return json_safe(text).replace("<", "\\u003c").replace("&", "\\u0026")
