"""Write `docs/reference/cli.md` from the commands' own help; `--check` compares."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from targen_cli.commands import COMMANDS
from targen_core.plugins.loader import DISABLE_VARIABLE, load_registry

PAGE = Path("docs/reference/cli.md")
_HEAD = """# Command line

This page is made from the commands' own help by `scripts/cli_reference.py`.
Exit codes: 0 done, 1 a job that failed, 2 wrong usage, 130 Ctrl-C, SIGTERM or SIGHUP.
`--debug` shows tracebacks.
`--trust` runs code and follows paths that files name: read the files first.

`targen --install-completion` has bash, zsh or fish complete commands, options and the names of what
is installed: tasks, backends, correctors, exporters and other parts.
"""


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    os.environ[DISABLE_VARIABLE] = "targen-plugin-example"  # its command is nobody's reference
    registry = load_registry()
    plugged = [item.name for item in registry.all("command")]
    lists = [kind.listing for kind in registry.kinds.values() if kind.listing]
    commands = ["", *COMMANDS, *lists, *plugged]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for command, shown in zip(commands, pool.map(_help, commands), strict=True):
            text = "\n".join(line.rstrip() for line in shown.strip().splitlines())
            parts.append(f"## targen {command}".rstrip() + f"\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def _help(command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "targen_cli", *command.split(), "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"},
    ).stdout


def main() -> int:
    """Write or check."""
    text = page()
    if "--check" in sys.argv:
        if PAGE.read_text(encoding="utf-8") != text:
            print(f"{PAGE} is out of date: run python scripts/cli_reference.py")
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
