"""Refuse tracked files that a command left, or that name a machine's path or a registry's host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# Spelt in parts, so that this file does not find itself.
_HOMES = "|".join(["ho" + "me", "ro" + "ot", "Us" + "ers", "wo" + "rk"])
_HOSTS = "|".join(["pythonhosted" + r"\.org", "pypi" + r"\.org/simple", "index" + "-url"])
_PATH = re.compile(rf"(?<![\w.:/])/(?:{_HOMES})/[\w.]")
_HOST = re.compile(_HOSTS)
# What a command writes here by default, or where a person told it to, must not be added unseen.
_FOLDERS = frozenset(
    ".ci .github bench core docs examples plugins scripts targen_backends "
    "skills targen_tasks_superglue tests".split()
)


def main() -> int:
    """Print each finding; 1 if there is one."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
    findings = 0
    for name in filter(None, listed.stdout.split("\0")):
        path = Path(name)
        left = len(path.parts) > 1 and path.parts[0] not in _FOLDERS
        if left or path.name == "uv.lock" or path.suffix in (".gguf", ".whl"):
            print(f"{name}: must not be tracked")
            findings += 1
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        for number, line in enumerate(lines, 1):
            if _PATH.search(line) or _HOST.search(line):
                print(f"{name}:{number}: {line.strip()[:120]}")
                findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
