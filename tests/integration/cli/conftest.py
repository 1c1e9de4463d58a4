"""The command, run in this process: quick, and through the same `main` as the script."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from targen_core.cli import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a cache and an environment of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("TARGEN_DEBUG", "TARGEN_DISABLE_PLUGINS", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def targen(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Result]:
    """Run the command with arguments; a traceback without --debug fails the test."""

    def run(*args: object) -> Result:
        words = [str(arg) for arg in args]
        monkeypatch.setattr(sys, "argv", ["targen", *words])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "targen failed" not in err, err
        return Result(code, out, err)

    return run


@pytest.fixture
def rte(targen: Callable[..., Result]) -> Callable[..., Result]:
    """`targen generate rte` on the scripted backend, without a progress display."""

    def run(*args: object) -> Result:
        return targen("generate", "rte", "-b", "scripted", "-q", *args)

    return run


def rows(run: Path | str) -> list[dict[str, Any]]:
    """The rows of a run."""
    return [json.loads(line) for line in (Path(run) / "dataset.jsonl").read_text().splitlines()]


@pytest.fixture(name="rows")
def _rows() -> Callable[..., list[dict[str, Any]]]:
    return rows
