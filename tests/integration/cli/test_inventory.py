"""Lists and descriptions of every kind of thing that plugins register."""

from __future__ import annotations

import subprocess
import sys

import pytest

from targen_core.plugins.loader import load_registry

TABLE = load_registry().kinds
LISTS = {kind.name: kind.listing for kind in TABLE.values() if kind.listing}
WITHOUT = {"adapter", "command", "dataset-reader", "function", "reader", "reporter"}
"""Commands stand in `targen --help`, and only code calls the others."""


def test_no_list_imports_anything_heavy():
    heavy = (
        "langchain_core pydantic typer rich click numpy pyarrow aiohttp diskcache difflib http "
        "targen_core.tasks.model targen_standard.exporting targen_tasks_superglue.rte"
    ).split()
    code = (
        "import sys; from targen_core.cli import main\n"
        f"for command in {list(LISTS.values())}:\n"
        "    sys.argv = ['targen', command]; main()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_kind_has_its_list():
    assert set(LISTS) == set(TABLE) - WITHOUT


@pytest.mark.parametrize("kind", LISTS)
def test_everything_that_is_registered_is_listed_and_can_be_described(kind, targen, works):
    listed = works(LISTS[kind]).out
    assert listed.startswith(kind)
    items = targen(LISTS[kind], "--json").json
    names = [item["name"] for item in items]
    assert names and names == sorted(names)
    assert {line.split()[0] for line in listed.splitlines()} >= {*names}
    for item in items:
        one = ("describe", item["id"], "--kind", kind.split()[-1])
        facts = targen(*one, "--json").json
        assert (facts["id"], facts["kind"]) == (item["id"], kind)
        assert works(*one).out.startswith(item["id"])
