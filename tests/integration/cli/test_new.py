"""`targen new`: what it writes works, lints and types clean before anything is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from targen_core import hints
from targen_core.cli import main
from targen_core.cli.scaffold.writing import has_template
from targen_core.plugins import loader
from targen_core.plugins.loader import installed_sources, load_registry

KINDS = [kind.name for kind in load_registry().kinds.values() if has_template(kind)]
NAMES = ("a", "class", "my-plugin-of-thirty-two-letters1")  # the shortest, a keyword, the longest


def lay_out(folder: Path) -> None:
    """What `pip install -e` leaves behind for a distribution, as a folder to put on the path."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    info = folder / "site" / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entries = project["entry-points"]["targen.v1"].items()
    lines = ["[targen.v1]", *(f"{name} = {module}" for name, module in entries)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory, pytestconfig):
    """Run a module of this Python beside new distributions, which are as good as installed.

    mypy keeps what it knows of pydantic and the core where pytest keeps its own cache.
    """
    cache = tmp_path_factory.mktemp("cache")
    kept = getattr(pytestconfig, "cache", None)
    known = kept.mkdir("mypy-of-new-plugins") if kept is not None else cache / "mypy"

    environment = {k: v for k, v in os.environ.items() if not k.startswith("TARGEN_")}
    environment |= {"TARGEN_CACHE_DIR": str(cache), "MYPY_CACHE_DIR": str(known), "COLUMNS": "200"}

    def module(folder: Path, *args: str) -> str:
        there = sorted([*folder.glob("*/src"), *folder.glob("*/site")])
        done = subprocess.run(
            [sys.executable, "-m", *args],
            cwd=folder,
            env={**environment, "PYTHONPATH": os.pathsep.join(map(str, there))},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{args}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return module


def new(*args: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["targen", "new", *args])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A new distribution of each kind, side by side: each process would import the same."""
    folder = tmp_path_factory.mktemp("made")
    for kind in KINDS:
        new(kind, f"my-{kind}", "--out", str(folder / kind))
        lay_out(folder / kind)
    return folder


def test_their_tests_pass_unchanged(made, run):
    settings = ("-q", "-rA", "-p", "no:cacheprovider", "-c", "task/pyproject.toml")
    output = run(made, "pytest", *settings, "--rootdir=.", *KINDS)
    assert "failed" not in output
    for kind in KINDS:
        assert f"PASSED {kind}/tests/test_{kind}.py::" in output
    said = [line for line in output.splitlines() if "targen conformance:" in line]
    # What a template need not have: processes of its own, a file that it writes.
    absent = ("does not set own_processes", "its example does not use --out")
    said = [line for line in said if not any(each in line for each in absent)]
    assert not said, "nothing of the kit is switched off"


def test_all_kinds_type_clean(made, run):
    """In one run, which reads pydantic once; a distribution's own settings are the same."""
    sources = [f"{kind}/src" for kind in KINDS]
    assert "Success" in run(made, "mypy", "--config-file", "task/pyproject.toml", *sources)


def test_all_lint_and_are_formatted_whatever_their_names(run, tmp_path, capsys):
    for kind in KINDS:
        for name in NAMES:
            new(kind, name, "--out", str(tmp_path / f"{kind}-{name}"))
    run(tmp_path, "ruff", "check", "--no-cache", ".")
    run(tmp_path, "ruff", "format", "--check", "--no-cache", ".")
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in texts if "my-demo" in text or "my_demo" in text.lower()]


def test_it_says_what_to_type_next(works, tmp_path, monkeypatch):
    shown = works("new task Good.Task_1").out
    assert shown.startswith("wrote good-task-1/: ")
    for line in ("cd good-task-1", "pip install -e '.[test]'", "pytest"):
        assert f"\n  {line}\n" in shown
    assert "targen generate good-task-1 -n 4 --backend local" in shown
    for file in ("src/good_task_1/py.typed", ".github/workflows/ci.yml", ".gitignore"):
        assert (tmp_path / "good-task-1" / file).exists()
    # What it needs comes from where the core is from.
    monkeypatch.setattr(hints, "_source", lambda: {"url": "file:///clone/core", "dir_info": {}})
    monkeypatch.setattr(hints, "_in_a_clone", lambda root, name: f"{root}/{name}")
    there = [each for each in installed_sources() if each.distribution != "targen-testing"]
    monkeypatch.setattr(loader, "installed_sources", lambda: there)
    assert "\n  pip install -e '.[test]'\n" in works("new task a").out


def test_a_part_is_added_to_a_plugin_that_exists_and_overwrites_nothing(
    tmp_path, works, refuses, monkeypatch
):
    works("new corrector demo")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    refuses("describe demo/src/demo", "demo/src/demo is a folder that does not contain a task")
    monkeypatch.chdir("demo")
    shown = "note: this folder is a plugin; targen new contexts shops --into . adds the part to it"
    assert shown in works("new contexts shops").err
    shutil.rmtree("shops")
    monkeypatch.chdir(tmp_path)
    added = works("new contexts shops --into demo").out
    assert '  shops = "demo.shops"\n' in added
    needs = "to its dependencies: targen-backends[http]>=0.1,<0.2\n"
    assert needs in works("new backend house --into demo").out
    assert {path: path.read_bytes() for path in before} == before
    Path("demo/src/demo/ports").mkdir()
    Path("demo/src/demo/ports/contexts.py").write_text("mine")
    said = "contexts.py already exists, so no files were written"
    refuses("new contexts ports --into demo", said)
    said = "pyproject.toml already has an entry point named demo"
    refuses("new contexts demo --into demo", said)


def test_a_plugin_with_an_added_part_is_checked(run, tmp_path, works, refuses):
    works("new corrector demo")
    works("new contexts shops --into demo")
    forgotten = refuses("plugins check demo", "", code=1, keeps=False).out
    assert "module-not-loaded: module demo.shops: it has hooks, but no entry point" in forgotten
    assert "is installed" not in forgotten
    project = tmp_path / "demo/pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace('demo = "demo"', 'demo = "demo"\nshops = "demo.shops"'))
    run(tmp_path, "ruff", "check", "--no-cache", "demo")
    output = works("plugins check demo --json").out
    assert '"contexts shops"' in output and '"corrector demo"' in output
