"""Our own plugins use what any author may: names of scripts/python_reference.py, no others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import python_reference

ROOT = Path(__file__).parents[2]
OURS = ("targen_core", "targen_standard")
PLUGINS = [
    "targen_tasks_superglue",
    "targen_backends",
    "plugins/targen_plugin_example",
    "plugins/targen_tasks_multirc",
    "plugins/targen_analysis",
    "plugins/targen_training",
    "plugins/targen_datatune",
    "plugins/targen_ray",
    "plugins/targen_review",
    "plugins/targen_methods",
    *sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("plugins/examples/*/src")),
]


@pytest.fixture(scope="module")
def promised():
    """Module -> the names that it promises; of modules too, and all of the errors."""
    names_by_module = {**python_reference.promised(), "targen_core.errors": None}
    for name in [*names_by_module]:
        parent, _, last = name.rpartition(".")
        if names_by_module.setdefault(parent, set()) is not None:
            names_by_module[parent].add(last)
    return names_by_module


def used(folder):
    """(file, module, name) of every import from the core and the command."""
    for path in sorted((ROOT / folder / "src").rglob("*.py")):
        if "testing" in (path.stem, path.parent.name):
            continue  # a conformance suite is of one release with the kit
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
                for alias in node.names:
                    yield path.relative_to(ROOT), node.module, alias.name
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.startswith(tuple(f"{name}." for name in OURS)):
                        yield path.relative_to(ROOT), alias.name, "*"


@pytest.mark.parametrize("folder", PLUGINS)
def test_a_plugin_uses_only_what_is_promised(promised, folder):
    for path, module, name in used(folder):
        names = promised.get(module, ())
        assert names is None or name in names, path
