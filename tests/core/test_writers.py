"""Few modules write, replace or remove files: a stranger's links are refused in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ..tables import table

ROOT = Path(__file__).parents[2]
OWNERS = (
    "core/src/targen_core/plain.py",
    "core/src/targen_core/outputs.py",
    "core/src/targen_core/cli/outputs.py",
)
STANDARD = "plugins/targen_standard/src/targen_standard"
ALLOWED = {
    "core/src/targen_core/display/terminal.py": "writes to the null device",
    "core/src/targen_core/signing.py": "links its secret into place",
    f"{STANDARD}/exporting/lines.py": "streams into the new folder of save",
    f"{STANDARD}/exporting/save.py": "swaps an export with the one before",
    f"{STANDARD}/exporting/table.py": "streams into the new folder of save",
    f"{STANDARD}/merging/folder.py": "swaps a run with the one before",
    f"{STANDARD}/unfinished.py": "removes its own folders of the cache",
    "plugins/targen_outputs/src/targen_outputs/exporting/rows.py": "writes into the new folder of "
    "save",
    "plugins/targen_plugin_example/src/targen_plugin_example/exporter.py": "shows what others do",
    "plugins/targen_plugin_example/src/targen_plugin_example/retriever.py": "shows what others do",
    "plugins/targen_plugin_example/src/targen_plugin_example/trainer.py": "shows what others do",
    "plugins/targen_ray/src/targen_ray/cluster.py": "removes its own temporary folder",
    "targen_backends/src/targen_backends/local/weights.py": "fills the user's cache",
}
SOURCES = sorted(
    path
    for pattern in ("core/src", "plugins/*/src", "targen_[!t]*/src", "targen_tasks_*/src")
    for folder in ROOT.glob(pattern)
    for path in folder.rglob("*.py")
    if not {"templates", "targen_testing"} & {*path.parts}  # what authors of plugins begin with
    and "testing" not in (path.stem, path.parent.name)  # suites, which write what they then read
)


WRITERS = re.compile("(?:write_text|write_bytes|rmtree|unlink|truncate|open|rename|replace)[(]")


def writes(tree: ast.AST) -> Iterator[str]:
    """Find calls that write, replace or remove files by their names."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        module = ""
        if isinstance(called, ast.Attribute):
            name = called.attr
            module = called.value.id if isinstance(called.value, ast.Name) else ""
        else:
            name = called.id if isinstance(called, ast.Name) else ""
        said = f"line {node.lineno}: {name}"
        if name in ("write_text", "write_bytes", "rmtree", "unlink") or (
            name == "truncate" and module == "os"
        ):
            yield said
        elif name == "open" and module != "os":
            at = 0 if isinstance(called, ast.Attribute) and module != "io" else 1
            modes = [each.value for each in node.keywords if each.arg == "mode"]
            modes += node.args[at : at + 1]
            if any(isinstance(m, ast.Constant) and set(str(m.value)) & set("wax+") for m in modes):
                yield said
        elif name in ("rename", "replace"):
            # A text's has two arguments, a dataclass's and a date's have keywords.
            own = isinstance(called, ast.Attribute) and len(node.args) == 1 and not node.keywords
            if module == "os" or own:
                yield said


WRITING = """
    open(path, 'w') | open(path, mode='ab') | path.open('x') | path.open('r+')
    path.write_text(text) | path.write_bytes(data) | shutil.rmtree(folder) | path.unlink()
    os.unlink(path) | os.truncate(path, 0) | path.rename(other) | path.replace(other)
    os.replace(one, other)
"""
OTHERS = """
    open(path) | open(path, 'rb') | path.open('rb') | t.replace('a', 'b') | replace(x, y=1)
"""


def test_each_way_to_write_is_found_and_nothing_else():
    for text, count in ((WRITING, 13), (OTHERS, 0)):
        calls = "\n".join(call for line in table(text, 4 + 1) for call in line if call)
        assert len([*writes(ast.parse(calls))]) == count


def test_files_are_written_and_removed_by_few_modules():
    assert len(SOURCES) > 300
    found = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if WRITERS.search(text) and (calls := list(writes(ast.parse(text)))):
            found[path.relative_to(ROOT).as_posix()] = calls
    others = {name: calls for name, calls in found.items() if name not in {*OWNERS, *ALLOWED}}
    assert not others, "use targen_core.outputs or targen_core.cli.outputs, or say here why not"
    assert {*OWNERS, *ALLOWED} <= found.keys(), "a module is listed that writes nothing"
