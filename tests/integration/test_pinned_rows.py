"""The bytes that given replies make, pinned for every task, so that no change moves them unseen.

To update the digests after an intended change:
`python tests/integration/test_pinned_rows.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from targen_core.cli import main

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).with_name("pinned_rows.json")
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
TASKS = ("boolq", "cb", "copa", "rte", "wic", "wsc", "record", "axg", "multirc")
RECORDED = {
    "tests/tasks_superglue/recorded/wic.jsonl": {"true": 14, "false": 10},
    "tests/tasks_superglue/recorded/wsc.jsonl": {"true": 45, "false": 45},
    "tests/tasks_superglue/recorded/record.jsonl": {"any": 56},
    "tests/plugins/multirc/recorded/multirc.jsonl": {"any": 51},
}
# Replies that were written for pairs as the paper has them.
OPTIONS = {"wsc": " --seeds-from paper-subject-pairs"}
COMMANDS = [
    *(f"generate {task} -n 120 --seed 7" for task in TASKS),
    *(f"generate {task} -n 48 --seed 7 --variant paper" for task in TASKS),
    "generate cb -n 48 --seed 7 --variant commitment",
    *(
        " ".join(
            [f"generate {Path(file).stem} --seed 0 -o recorded={file}"]
            + [f"--label {label}={rows}" for label, rows in labels.items()]
        )
        + OPTIONS.get(Path(file).stem, "")
        for file, labels in RECORDED.items()
    ),
]


def digests(command: str, out: Path) -> dict[str, str]:
    """Run it, from the repository's root, and sum what it wrote."""
    rest = ["-b", "scripted", "--no-cache", "-q", "--out", str(out)]
    before = sys.argv, os.getcwd()
    sys.argv = ["targen", *command.split(), *rest]
    os.chdir(ROOT)
    code = None
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before[0]
        os.chdir(before[1])
    assert not code, f"exit {code}"
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_replies_make_the_same_bytes(command, tmp_path, monkeypatch):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    actual = digests(command, tmp_path / "run")
    # Provenance has the calls' keys: where it alone differs, a prompt or a parameter changed.
    assert actual == json.loads(PINS.read_text())[command], "other bytes than pinned"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TARGEN_CACHE_DIR"] = f"{folder}/cache"
        pins = {c: digests(c, Path(folder) / str(n)) for n, c in enumerate(COMMANDS)}
    PINS.write_text(json.dumps(pins, indent=1) + "\n")
