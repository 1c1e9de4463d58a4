"""Plugins laid out as pip would, seen by the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ...forks import Forks

collect_ignore = ["frozen_v1", "zoo"]  # plugins, with tests of their own


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., Path]:
    """Lay a distribution out as pip would: its modules and a dist-info folder."""

    def lay_out(
        distribution: str,
        entry_points: str,
        modules: dict[str, str],
        *,
        version: str = "1.0",
        folder: str = "site",
        metadata: bool = True,
    ) -> Path:
        site = tmp_path / folder
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        if metadata:
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
            )
        (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))
        for name, text in modules.items():
            (site / f"{name}.py").write_text(textwrap.dedent(text))
        return site

    return lay_out


@pytest.fixture
def targen(tmp_path: Path, forks: Forks) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a process of its own, with folders in front of sys.path."""

    def run(
        *args: str, path: Sequence[Path] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        own = {"TARGEN_CACHE_DIR": str(tmp_path / "cache"), "COLUMNS": "200"}
        return forks(args, cwd=tmp_path, path=path, env={**os.environ, **own, **environment})

    return run


@pytest.fixture(autouse=True)
def _nothing_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TARGEN_DISABLE_PLUGINS", raising=False)
    monkeypatch.delenv("TARGEN_DEBUG", raising=False)
