"""A plugin's folder: what its pyproject.toml says, and how it stands beside what is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from targen_testing.folder import metadata_problems, read_folder
from targen_testing.rules import Finding

PROJECT = """
[project]
name = "Acme.Tools"
version = "2.1"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["targen-core>=0.1,<2"]

[project.entry-points."targen.v1"]
main = "acme_tools_in_a_folder"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin that registers one backend."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "README.md").write_text("A plugin.\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "acme_tools_in_a_folder.py").write_text(
        "from targen_core import hookimpl\n"
        "@hookimpl\n"
        "def register_backends(register):\n"
        "    register('tool', 'a.b:C', summary='a tool')\n"
    )
    return tmp_path


def checks(folder: Path, before: str = "", after: str = "") -> list[Finding]:
    file = folder / "pyproject.toml"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    return [*metadata_problems(read_folder(folder))]


def test_a_folder_is_read_without_being_imported(folder):
    actual = read_folder(folder)
    assert (actual.name, actual.version, actual.code) == ("acme-tools", "2.1", folder / "src")
    [source] = actual.sources
    assert (source.distribution, source.entry_point) == ("acme-tools", "main")
    assert "acme_tools_in_a_folder" not in sys.modules
    assert checks(folder) == []


NEEDS = "targen-core>=0.1,<2"
CHANGES = [
    (NEEDS, "targen-core>=0.1,<0.2", []),
    (NEEDS, "targen_core>=0.1,<=3", []),
    (NEEDS, "targen-core[parquet]~=0.1", []),
    (NEEDS, "targen-core", ["core-version-pin"]),
    (NEEDS, "targen-core>=0.1", ["core-version-pin"]),
    (NEEDS, "targen-core<2", ["core-version-pin"]),
    (NEEDS, "targen-core>=7,<8", ["core-version-pin"]),
    (NEEDS, "attrs>=20", ["core-version-pin"]),
    (NEEDS, f'{NEEDS}", "targen', ["bare-targen-dependency"]),
    (NEEDS, f"{NEEDS}\", \"targen>=1; python_version > '3'", ["bare-targen-dependency"]),
    ("targen.v1", "targen.v9", ["api-level"]),
    ("targen.v1", "targen", ["no-entry-point"]),
]


@pytest.mark.parametrize(("before", "after", "broken"), CHANGES)
def test_what_pyproject_toml_must_say(folder, before, after, broken):
    found = checks(folder, before, after)
    assert [each.check for each in found] == broken
    assert all(each.problem and each.hint for each in found)
