"""Types of fields that rows of several tasks have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _written(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is blank")
    return text


Text = Annotated[str, AfterValidator(_written)]
"""A text with something in it."""
