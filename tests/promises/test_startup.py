"""Listing and help import little: no task's own modules, no numbers, no client of a service."""

import json

from .driver import Shell

HEAVY = "numpy pandas pyarrow aiohttp openai anthropic langchain_core torch transformers"
TASKS = "targen_tasks_superglue. targen_tasks_multirc."
WATCH = """
import atexit, json, sys
atexit.register(lambda: json.dump(sorted(sys.modules), open("modules.json", "w")))
"""


def test_listing_and_help_import_little(shell: Shell) -> None:
    (shell.folder / "sitecustomize.py").write_text(WATCH)
    for args in (("list-tasks",), ("--help",), ("generate", "--help")):
        assert shell(*args, PYTHONPATH=str(shell.folder)).out
        names = json.loads((shell.folder / "modules.json").read_text())
        assert "pathlib" in names
        assert not {name.partition(".")[0] for name in names} & {*HEAVY.split()}, args
        assert not [name for name in names if name.startswith(tuple(TASKS.split()))], args
