"""Redundancy as a compressor sees it (Shaib et al., arXiv:2403.00553)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

__all__ = ["compression_ratio"]


def compression_ratio(texts: Iterable[str]) -> float:
    """Bytes of the texts, a line each, over their bytes by DEFLATE: higher is more redundant.

    It is NaN for empty input.
    """
    plain = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(plain) / len(zlib.compress(plain)) if plain else float("nan")
