"""The command in processes of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from targen_testing.forks import COMMAND, Forks


@pytest.fixture(scope="session")
def in_fork() -> Iterator[Forks]:
    """Code in forks of one process."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def forked(tmp_path: Path, in_fork: Forks) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in forks, with folders in front of sys.path."""

    def run(
        *args: object, env: Mapping[str, str], path: Sequence[Path] = ()
    ) -> subprocess.CompletedProcess[str]:
        guarded = f"import signal; signal.alarm(300); {COMMAND}"  # `plugins check` runs many tests
        folders = [str(each) for each in (tmp_path, *path)]
        return in_fork(guarded, [*map(str, args)], cwd=tmp_path, path=folders, env=env)

    return run
