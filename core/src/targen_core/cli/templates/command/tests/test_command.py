"""(2) The conformance kit: the command's help, its errors, and a use of it."""

from collections.abc import Sequence
from pathlib import Path

from targen_testing import CommandSuite


class TestCommand(CommandSuite):
    """Its help has an example, and what cannot be is an error in words."""

    command = "my-demo"

    def good(self, folder: Path) -> Sequence[str]:
        """Return a command line that works in a folder."""
        (folder / "rows.jsonl").write_text('{"text": "It rained.", "label": "wet"}\n')
        (folder / "task.yaml").write_text("description: Weather.\nlabels: {wet: rain, dry: none}\n")
        return "my-demo", "rows.jsonl", "--task", "./task.yaml"
