"""Our own plugins use what any author may: the names of docs/reference/api.md, and no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


def promised():
    """Module -> the names that the page promises of it; of modules by their own heading too."""
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    names_by_module = {"targen_core": set(), "targen_core.errors": None}
    module = "targen_core"
    for mark, name in re.findall(r"^(##|###) `([\w.]+)`$", page, re.MULTILINE):
        if mark == "##":
            module = name
            names_by_module[module] = set()
            parent, _, last = name.rpartition(".")
            names_by_module.setdefault(parent, set()).add(last)
        else:
            names_by_module[module].add(name)
    return names_by_module


def used(folder):
    """(file, module, name) of every import from the core and the command."""
    for path in sorted((ROOT / folder / "src").rglob("*.py")):
        if "testing" in (path.stem, path.parent.name):
            continue  # a conformance suite is of one release with the kit
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                ("targen_core", "targen_cli", "targen_standard")
            ):
                for alias in node.names:
                    yield path.relative_to(ROOT), node.module, alias.name
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.startswith(("targen_core.", "targen_cli.", "targen_standard.")):
                        yield path.relative_to(ROOT), alias.name, "*"


@pytest.mark.parametrize("folder", PLUGINS)
def test_a_plugin_uses_only_what_the_page_promises(folder):
    page = promised()
    odd = [
        f"{path}: {module}.{name}"
        for path, module, name in used(folder)
        if not (module in page and (page[module] is None or name in page[module]))
    ]
    assert not odd
