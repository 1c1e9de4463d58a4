"""What becomes of replies: a line each in `verdicts.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables import table

VERDICTS = [
    (what, verdict, [text for text in texts if text] or [""])
    for what, verdict, *texts in table(
        (Path(__file__).parent / "verdicts.txt").read_text(encoding="utf-8"), columns=5
    )
]
"""What reads a reply, its verdict (`good`, or the reason that is counted), and its texts."""


def of(*kinds: str) -> pytest.MarkDecorator:
    """The replies of these kinds, each a test."""
    return pytest.mark.parametrize(
        ("what", "verdict", "texts"), [row for row in VERDICTS if row[0] in kinds]
    )
