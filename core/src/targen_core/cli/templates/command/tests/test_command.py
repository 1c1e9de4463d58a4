"""(2) The conformance kit: the command's help, its errors, and a use of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from targen_testing.commands import CommandSuite as Suite


class TestCommand(Suite):
    """Its help has an example, and what cannot be is an error in words."""

    command = "my-demo"

    def good(self, folder: Path) -> Sequence[str]:
        (folder / "rows.jsonl").write_text('{"text": "It rained.", "label": "wet"}\n')
        (folder / "task.yaml").write_text("description: Weather.\nlabels: {wet: rain, dry: none}\n")
        return "my-demo", "rows.jsonl", "--task", "./task.yaml"
