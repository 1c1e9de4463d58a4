"""A small task in a file, for methods to make rows of."""

from __future__ import annotations

from pathlib import Path

import pytest

TASK = """
description: Each row is a message to a library.
labels:
  loan: it is about books on loan
  room: it is about rooms to book
fields:
  text: the message
"""


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """The task's file."""
    path = tmp_path / "mail.yaml"
    path.write_text(TASK, encoding="utf-8")
    return path
