"""Styles of reading rows."""

from __future__ import annotations

from typing import Literal

Style = Literal["plain", "instructions"]
