"""What `pip install` brings, from wheels alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .driver import Shell

WHEELS = os.environ.get("TARGEN_WHEELS", "")
EIGHT = {"axg", "boolq", "cb", "copa", "record", "rte", "wic", "wsc"}
LISTED = """
import importlib.metadata as installed
print(*sorted(point.dist.name for point in installed.entry_points(group="targen.v1")))
"""

pytestmark = pytest.mark.skipif(not WHEELS, reason="TARGEN_WHEELS names no folder of wheels")


def test_wheels_bring_eight_tasks_then_nine_and_three_kinds_of_backend(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    shell = Shell(tmp_path, tmp_path / "env" / "bin")

    def installing(*names: str) -> set[str]:
        line = [shell.bin / "pip", "install", "-q", "--find-links", Path(WHEELS).resolve(), *names]
        subprocess.run(line, check=True, timeout=600)
        return {task["name"] for task in json.loads(shell("list-tasks", "--json").out)}

    assert installing("targen-tasks-superglue") == EIGHT
    shell("generate", "rte", "-n", 4, "-b", "scripted", "-y", "--out", "run")
    assert shell.run("run").counts() == {"entailment": 2, "not_entailment": 2}
    assert installing("targen-tasks-multirc", "targen-backends") == {*EIGHT, "multirc"}
    backends = {backend["name"] for backend in json.loads(shell("list-backends", "--json").out)}
    assert backends >= {"chatgpt", "claude", "llama"}
    found = {*shell.python(LISTED).out.split()}
    assert found >= {"targen-tasks-superglue", "targen-tasks-multirc", "targen-backends"}
    shell("plugins", "--strict")
