"""A place of its own for every test: runs go to the folder that one stands in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
