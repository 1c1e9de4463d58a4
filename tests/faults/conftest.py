"""What the tests of faults share: a process that forks, and how long they look.

`sh scripts/soak` sets TARGEN_SOAK: every moment then, where the suite takes some of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from saboteur import Saboteur

SOAK = int(os.environ.get("TARGEN_SOAK", "0"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def targen(folder: Path) -> Iterator[Saboteur]:
    """The command, each time in a fork of one process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TARGEN_")}
    own = {f"TARGEN_{name.upper()}_DIR": str(folder / name) for name in ("cache", "config")}
    saboteur = Saboteur(folder, {**kept, **own, "COLUMNS": "200", "NO_COLOR": "1"})
    yield saboteur
    saboteur.close()


@pytest.fixture(scope="session")
def step() -> int:
    """Of how many moments one is tried."""
    return 1 if SOAK else 45
