"""A row's texts as one short line, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

from targen_core.cli.findings import Excerpt

_LONGEST = 400


def excerpt(texts: Sequence[str], longest: int = _LONGEST) -> Excerpt:
    """The texts on one line with slashes between them, cut if they are long."""
    share = max(20, longest // max(1, len(texts)))
    return Excerpt(" / ".join(_cut(text, share) for text in texts))


def _cut(text: str, longest: int) -> str:
    line = " ".join(text[: 4 * longest].split())
    return f"{line[: longest - 1]}…" if len(line) > longest or len(text) > 4 * longest else line
