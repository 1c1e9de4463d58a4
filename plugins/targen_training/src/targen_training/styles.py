"""Styles of reading rows."""

from __future__ import annotations

from typing import Literal

__all__ = ["Style"]

Style = Literal["plain", "instructions"]
