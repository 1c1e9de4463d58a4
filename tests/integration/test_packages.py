"""What our wheels hold, and what the command says where few of ours are installed.

`scripts/check-wheels` installs them: each alone, and a plugin of `targen new` beside them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from targen_core.plugins import loader
from targen_core.plugins.loader import installed_sources

from ..tables import table

ROOT = Path(__file__).parents[2]
OURS = {
    "targen_core": "core",
    "targen_standard": "plugins/targen_standard",
    "targen_testing": "plugins/targen_testing",
    "targen_tasks_superglue": "targen_tasks_superglue",
    "targen_tasks_multirc": "plugins/targen_tasks_multirc",
}
COMMAND = "targen-core targen-standard"


@pytest.mark.parametrize("name", OURS)
def test_a_wheel_holds_each_source_file_and_nothing_else(name, tmp_path):
    """A rule of .gitignore that is too wide takes modules out of wheels, and says nothing."""
    (path,) = WheelBuilder(str(ROOT / OURS[name])).build(directory=str(tmp_path))
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
    prompts = any(part.endswith(".md") and "templates" not in part for part in held)
    assert prompts == (name not in ("targen_core", "targen_testing"))


TASKS = f"{COMMAND} targen-tasks-superglue"
ALONE = f"""
    {COMMAND} | list-tasks | no task is installed | targen plugins
    {COMMAND} | generate rte -n 4 -b scripted | no task named 'rte' is | install a plugin
    {TASKS} | generate rte -n 4 | no backend was given | -b NAME, one of agent, scripted
    {TASKS} | generate rte -n 4 -b llama | no backend named 'llama' is | targen list-backends
"""


@pytest.mark.parametrize(("installed", "line", "problem", "hint"), table(ALONE, 4))
def test_what_is_not_installed_is_said(installed, line, problem, hint, in_process, monkeypatch):
    """What a stranger sees first."""
    found = [each for each in installed_sources() if each.distribution in installed.split()]
    monkeypatch.setattr(loader, "installed_sources", lambda: found)
    done = in_process(line)
    assert done.code == (0 if line == "list-tasks" else 2)
    assert problem in done.out + done.err
    assert hint in done.out + done.err
