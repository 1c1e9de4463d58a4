"""Plugins laid out as pip would, seen by the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from targen_testing.forks import COMMAND, Forks

from .zoo import PYPROJECT

collect_ignore = ["strangers"]  # plugins


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
def author(tmp_path: Path) -> Callable[..., Path]:
    """Write a plugin as its author has it: a folder, with these files beside what all have."""

    def write(name: str, files: dict[str, str]) -> Path:
        folder = tmp_path / f"{name}-folder"
        texts = {
            "README.md": "A plugin.\n",
            "pyproject.toml": PYPROJECT.format(name=name, package=name),
            **files,
        }
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write


CHECK = """
import signal, sys
signal.alarm(300)
sys.dont_write_bytecode = True
from targen_testing import check, tasks
tasks.require_same_elsewhere = lambda *args: None  # test_zoo tries it: it takes a process
check.main()
"""
"""What `targen plugins check` runs in a process of its own."""

REPORT = f"""
import json, signal, sys
signal.alarm(300)
from targen_testing import command
found = [command.Finding(**entry) for entry in json.load(open(sys.argv.pop()))]
command._run = lambda folder: found
command.wheel_problems = lambda folder: []
{COMMAND}
"""
"""The command, with what that process found."""


@pytest.fixture
def targen(
    tmp_path: Path, in_fork: Forks, forked: Callable[..., subprocess.CompletedProcess[str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a process of its own, with folders in front of sys.path.

    The process that `plugins check` starts is a fork as well, which spares it all imports, and no
    wheel is built.
    """

    def run(
        *args: str, path: Sequence[Path] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        own = {"TARGEN_CACHE_DIR": str(tmp_path / "cache"), "COLUMNS": "200"}
        env = {**os.environ, **own, **environment}
        if args[:2] != ("plugins", "check"):
            return forked(*args, path=path, env=env)
        folders = [str(each) for each in (tmp_path, *path)]
        # The fork has imported the kit, and pytest would warn that it cannot rewrite its asserts.
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        folder, results = tmp_path / args[2], str(tmp_path / "results.json")
        done = in_fork(CHECK, [str(folder), results], cwd=folder, path=folders, env=env)
        assert done.returncode == 0, done.stderr
        return in_fork(REPORT, [*args, results], cwd=tmp_path, path=folders, env=env)

    return run
