"""A start that is refused before anything was answered leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables import table

STARTS = """
    -b chatgpt/gpt-6-luna               | has no API key        | 2
    -b chatgpt/gpt-6-luna --out a/b/c   | has no API key        | 2
    -b chatgpt/gpt-6-luna --out mine    | has no API key        | 2
    -b scripted --executor beside --workers 2 | has one worker  | 2
"""


@pytest.mark.parametrize(("words", "error", "code"), table(STARTS))
def test_it_leaves_no_folder(refuses, words, error, code, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Path("mine").mkdir()
    refuses(f"generate rte -n 4 --yes {words}", error, code=int(code))
