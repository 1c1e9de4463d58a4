"""What tests of revisions ask."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ...runs import adopt
from .service import Service, served


@pytest.fixture
def service() -> Iterator[tuple[object, ...]]:
    """The options that name a service which answers no two calls alike."""
    with served(Service()) as options:
        yield options


@pytest.fixture(scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def once(_kept: Path, tmp_path: Path) -> Callable[[str, Callable[[], object]], None]:
    """Make a run once for all tests of a module; later ones get it and the settings."""

    def run(name: str, make: Callable[[], object]) -> None:
        kept = _kept / name
        if not kept.exists():
            make()
        source, target = (kept, tmp_path) if kept.exists() else (tmp_path, kept)
        for each in (name, "config"):
            shutil.copytree(source / each, target / each, dirs_exist_ok=True)
        adopt(tmp_path / name)

    return run
