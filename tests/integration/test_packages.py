"""Wheels in empty environments: what a stranger installs, and a third party's plugin beside it.

Needs the packages that ours depend on: from uv's or pip's cache, or from the index.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {
    "targen_core": "core",
    "targen_cli": "targen_cli",
    "targen_standard": "targen_standard",
    "targen_testing": "targen_testing",
    "targen_tasks_superglue": "targen_tasks_superglue",
    "targen_tasks_multirc": "plugins/targen_tasks_multirc",
}
UV = shutil.which(
    "uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)


def _run(command: Sequence[object], **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@dataclass(frozen=True)
class Environment:
    """A virtual environment, empty at first."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def install(self, *requirements: object) -> None:
        if UV:
            _run([UV, "pip", "install", "--python", self.bin / "python", *requirements])
        else:
            _run([self.bin / "python", "-m", "pip", "install", *requirements])

    def targen(self, *args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TARGEN_", "PYTHON", "VIRTUAL_ENV"))
        }
        environment = {**kept, "TARGEN_CACHE_DIR": str(cwd / "cache"), "COLUMNS": "200"}
        return subprocess.run(
            [str(self.bin / "targen"), *map(str, args)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder with a wheel of each of ours, built with this environment's hatchling."""
    dist = tmp_path_factory.mktemp("dist")
    for folder in OURS.values():
        _run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", dist],
            cwd=ROOT / folder,
        )
    return dist


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """Make an environment with this Python and nothing in it."""

    def make() -> Environment:
        folder = tmp_path_factory.mktemp("environment") / "venv"
        if UV:
            _run([UV, "venv", "--python", sys.executable, folder])
        else:
            _run([sys.executable, "-m", "venv", folder])
        return Environment(folder)

    return make


@pytest.fixture(scope="module")
def installed(wheels, new):
    """An environment with the wheel of the SuperGLUE tasks and what it brings."""
    environment = new()
    environment.install("--find-links", wheels, "targen-tasks-superglue")
    return environment


def test_wheels_hold_each_source_file_and_nothing_else(wheels):
    """A rule of .gitignore that is too wide takes modules out of wheels, and says nothing."""
    actual = {path.name.partition("-")[0]: path for path in wheels.glob("*.whl")}
    assert set(actual) == set(OURS)
    for name, path in actual.items():
        with zipfile.ZipFile(path) as wheel:
            held = {part for part in wheel.namelist() if ".dist-info/" not in part}
        source = ROOT / OURS[name] / "src"
        files = {
            path.relative_to(source).as_posix()
            for path in source.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        assert held == files
        assert f"{name}/py.typed" in held
        assert name == "targen_testing" or any(part.endswith(".md") for part in held), "the prompts"


def test_the_command_works_after_installing_the_tasks_alone(installed, tmp_path):
    listed = installed.targen("list-tasks", "--json", cwd=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [task["id"] for task in json.loads(listed.stdout)] == [
        f"targen-tasks-superglue:{name}" for name in "axg boolq cb copa record rte wic wsc".split()
    ]
    done = installed.targen("generate", "rte", "-n", "4", "-b", "scripted", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = (tmp_path / "runs" / "rte-0" / "dataset.jsonl").read_text().splitlines()
    assert len(rows) == 4
    assert installed.targen("plugins", "--strict", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("asked", "error", "package"),
    [
        ([], "no backend with a model is installed", "local"),
        (["-b", "llama"], "no backend named 'llama' is installed", "llama"),
    ],
)
def test_a_backend_that_is_not_installed_names_its_package(
    asked, error, package, installed, tmp_path
):
    """What a stranger sees first without one."""
    done = installed.targen("generate", "rte", "-n", "4", *asked, cwd=tmp_path)
    assert done.returncode == 2
    assert f"error: {error}" in done.stderr
    assert "try: pip install" in done.stderr and f"targen-backends[{package}]" in done.stderr


def test_the_core_alone_says_what_to_install(wheels, installed, new, tmp_path):
    """An environment with one of ours: the other's wheel hidden, not a second installation."""
    (packages,) = installed.folder.glob("lib/python*/site-packages")
    alone = tmp_path / "alone"
    ignored = shutil.ignore_patterns("targen_tasks_superglue*", "__pycache__")
    shutil.copytree(packages, alone, ignore=ignored, symlinks=True)
    environment = new()
    (target,) = environment.folder.glob("lib/python*/site-packages")
    (target / "alone.pth").write_text(f"{alone}\n")
    script = environment.bin / "targen"
    script.write_text(f"#!{environment.bin / 'python'}\nfrom targen_cli import main\nmain()\n")
    script.chmod(0o755)
    listed = environment.targen("list-tasks", cwd=tmp_path)
    assert listed.returncode == 0
    assert listed.stdout.startswith("no task is installed; try: pip install ")
    assert "targen-tasks-superglue" in listed.stdout
    done = environment.targen("generate", "rte", "-n", "4", "-b", "scripted", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: no task named 'rte' is installed" in done.stderr
    assert "try: pip install" in done.stderr and "targen-tasks-superglue" in done.stderr


def test_a_plugin_from_the_scaffold_from_wheels_alone(installed, wheels, tmp_path):
    """`targen new task demo && cd demo && pip install -e . && pytest && targen generate demo`."""
    assert installed.targen("new", "task", "demo", cwd=tmp_path).returncode == 0
    folder = tmp_path / "demo"
    installed.install("--find-links", wheels, "-e", f"{folder}[test]")
    _run([installed.bin / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder)
    done = installed.targen("generate", "demo", "-n", "4", "-b", "scripted", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "demo:demo 1: complete" in done.stdout
