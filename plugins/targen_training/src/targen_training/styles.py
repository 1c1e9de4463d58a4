"""Styles of reading rows."""

from __future__ import annotations

from typing import Literal

__all__ = ["STYLES", "Style"]

Style = Literal["plain", "instructions"]
STYLES: tuple[Style, ...] = ("plain", "instructions")
