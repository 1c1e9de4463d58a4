"""Files are read by the readers of `reading` and `plain` of the core, and no other way.

A file may come from a stranger. What reads one by itself has no bound on its size, follows links
and waits for FIFOs, so every other way is refused here, except where a line below says why not.

One module executes code by a name that no plugin registered: `targen_core.origin`. It takes a
`Typed` alone. Each place that makes one decides that a text is a person's, so they are listed.
"""

from __future__ import annotations

import ast
import gc
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from ..tables import table

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT / "core/src",
    *sorted(ROOT.glob("targen_*/src")),
    *sorted(path for path in ROOT.glob("plugins/*/src") if path.parent.name != "targen_testing"),
    *sorted(ROOT.glob("plugins/examples/*/src")),
]
GATES = tomllib.loads(Path(__file__).with_name("gates.toml").read_text(encoding="utf-8"))
RAW, READERS, ALLOWED = GATES["raw"], GATES["readers"], GATES["allowed"]
EXECUTORS, ORDERS, PLUGINS = GATES["executors"], GATES["orders"], GATES["plugins"]
LOADING = GATES["loading"]
_KIT = re.compile(r"/(tests|testing|templates)/|/testing\.py$")
"""Tests, and conformance suites, which read what they wrote."""
CONTENT = {"read_text", "read_bytes"}  # of a path, or of a resource of a package
NAMES = CONTENT.union(*RAW.values())
RESOURCES = ("files(", "(files(", "distribution.read_text(")


MODULES = {
    path.relative_to(ROOT).as_posix(): (folder, path)
    for folder in SOURCES
    for path in sorted(folder.rglob("*.py"))
}


def uses(code: str) -> list[ast.AST]:
    """What code calls, imports and takes of something."""
    kinds = ast.Call, ast.Attribute, ast.Import, ast.ImportFrom
    return [node for node in ast.walk(ast.parse(code)) if isinstance(node, kinds)]


@cache
def uses_of(name: str) -> list[ast.AST]:
    """The same of a module of ours, found once for all that look at it."""
    return uses(MODULES[name][1].read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def _forgotten():
    yield
    uses_of.cache_clear()  # millions of objects, which the collector of garbage goes through


def raw_reads(nodes: list[ast.AST]) -> list[tuple[int, str]]:
    """The calls and imports of a module that read a file by themselves, with their lines."""
    modules: dict[str, str] = {}
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                modules[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                if alias.name in RAW.get(node.module, ()):
                    found.append((node.lineno, f"{node.module}.{alias.name}"))
    for node in nodes:
        if not isinstance(node, ast.Attribute) or node.attr not in NAMES:
            continue
        owner = ast.unparse(node.value)
        head, _, rest = owner.partition(".")
        module = modules.get(owner) or ".".join(filter(None, (modules.get(head, head), rest)))
        if node.attr in RAW.get(module, ()):
            found.append((node.lineno, f"{module}.{node.attr}"))
        elif node.attr in CONTENT and not f"{owner}.{node.attr}(".startswith(RESOURCES):
            found.append((node.lineno, node.attr))
    return found


def test_files_are_read_by_the_readers_alone():
    # Python before 3.11.8 cannot parse while a task that another test left behind is collected and
    # its traceback parsed (python/cpython#106905).
    gc.collect()
    odd, used = [], set()
    for name in MODULES:
        if any(name.startswith(each) for each in READERS) or _KIT.search(name):
            continue
        found = raw_reads(uses_of(name))
        if name in ALLOWED:
            used |= {name} if found else set()
        else:
            odd += [f"{name}:{line}: {what}" for line, what in found]
    assert not odd, "read it with targen_core.reading, or with content_of"
    assert used == set(ALLOWED)


READING = """
    import yaml\\nyaml.safe_load(x)
    from yaml import safe_load
    def f():\\n    import numpy as np\\n    np.load(x)
    import pyarrow.parquet as pq\\npq.ParquetFile(x)
    import pyarrow.parquet\\npyarrow.parquet.read_table(x)
    from pyarrow import parquet\\nparquet.read_table(x)
    import json\\njson.load(file)
    json.loads(path.read_text())
    import csv\\nmap(csv.reader, x)
    path.read_bytes()
    import zipfile\\nwith zipfile.ZipFile(x) as y: pass
"""
NOT_READING = """
    import yaml\\nyaml.safe_dump(x)
    import json\\njson.loads(reply)
    (files('a') / 'b').read_text()
    files('a').joinpath('b').read_text()
    import csv\\ncsv.writer(x)
"""


@pytest.mark.parametrize(("given", "is_found"), [(READING, True), (NOT_READING, False)])
def test_other_ways_to_read_are_found(given, is_found):
    wrong = [code for (code,) in table(given, 1) if bool(raw_reads(uses(code))) != is_found]
    assert wrong == []


# --- code ---

EXECUTING = {"exec", "eval", "compile", "__import__"}
IMPORTING = {"import_module", "spec_from_file_location", "SourceFileLoader", "run_path"}


def called(node: ast.AST) -> str:
    """The last name of what a node calls, or ""."""
    func = node.func if isinstance(node, ast.Call) else None
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def calls(nodes: list[ast.AST], names: set[str]) -> list[int]:
    """The lines on which one of these functions is called."""
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Call)
        and called(node) in (names if isinstance(node.func, ast.Name) else names & IMPORTING)
    ]


def found(names: set[str]) -> set[str]:
    """The modules that call one of these functions."""
    ours = (name for name in MODULES if "cli/templates" not in name)
    return {name for name in ours if calls(uses_of(name), names)}


def test_one_module_executes_what_a_person_names():
    assert found(EXECUTING | IMPORTING) == set(EXECUTORS)
    assert len(calls(uses_of("core/src/targen_core/origin.py"), {"exec"})) == 1


def test_orders_are_made_in_the_places_that_are_listed():
    made = {name for name in found({"Typed"}) if not name.startswith(tuple(PLUGINS))}
    assert made == set(ORDERS)


def test_other_ways_to_execute_are_found_and_methods_of_such_names_are_not():
    for code in ("exec(x)", "importlib.import_module(x)", "a.run_path(x)"):
        assert calls(uses(code), EXECUTING | IMPORTING), code
    assert not calls(uses("model.eval(); re.compile(x)"), EXECUTING | IMPORTING)


# --- models ---


@pytest.mark.parametrize("loader", LOADING)
def test_models_are_loaded_behind_a_gate(loader):
    made = set()
    for name in MODULES:
        for node in uses_of(name):
            if called(node) != loader:
                continue
            owner = ast.unparse(node.func)
            if loader != "load" or owner == "spacy.load":
                made.add(name)
            if loader == "from_pretrained" and "Peft" not in owner:
                assert any(each.arg is None for each in node.keywords), (
                    f"{name}: pass what says `trust_remote_code: False`"
                )
    assert made == set(LOADING[loader])


# --- the list of what is read ---


def dotted(name: str) -> str:
    """The name of a module by which it is imported."""
    folder, path = MODULES[name]
    return ".".join(path.relative_to(folder).with_suffix("").parts)


def reads(name: str) -> bool:
    """Whether a module calls a reader by its name, which it imports from `reading` or `plain`."""
    plain = {"content_of", "read_plain", "open_plain"}
    imported = {
        alias.name
        for node in uses_of(name)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (
            (node.module or "").startswith("targen_core.reading.")
            and node.module != "targen_core.reading.encodings"
        )
        or (node.module == "targen_core.plain" and alias.name in plain)
    }
    calls = (node for node in uses_of(name) if isinstance(node, ast.Call))
    return not imported.isdisjoint(
        {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    )


READ_BY = tomllib.loads(Path(__file__).with_name("readers.toml").read_text(encoding="utf-8"))
"""Kind of file -> the modules that read it."""


def test_the_page_says_what_each_kind_of_file_can_do():
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    assert [kind for kind in READ_BY if f"\n| {kind} | " not in page] == []


def test_each_module_that_reads_a_file_is_in_the_list():
    spared = re.compile(
        r"/(reading|templates)/|/plain\.py$|^plugins/(examples|targen_plugin_example)/"
    )
    modules = {dotted(name) for name in MODULES if not spared.search(name) and reads(name)}
    listed = {name for names in READ_BY.values() for name in names}
    assert modules - listed == set(), "say in docs/security.md what its file can and cannot do"
    assert listed - {dotted(name) for name in MODULES} == set()
