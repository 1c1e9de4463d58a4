"""Sheets as people and programs fill them in."""

from __future__ import annotations

import re
from collections.abc import Mapping

MARKDOWN_EMPTY = "````answer\n\n````"


def filled(sheet: str, answers: Mapping[str, str]) -> str:
    """Fill in a sheet of Markdown as a person does."""
    for key, text in answers.items():
        longest = max(map(len, re.findall("`+", text)), default=0)
        ticks = "`" * max(4, longest + 1)
        head, _, tail = sheet.partition(f"## Call {key}\n")
        tail = tail.replace(MARKDOWN_EMPTY, f"{ticks}answer\n{text}\n{ticks}", 1)
        sheet = f"{head}## Call {key}\n{tail}"
    return sheet
