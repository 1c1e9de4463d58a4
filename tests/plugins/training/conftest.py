"""The command in this process, and rows to learn from."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core.cli import main

TASK = """
description: A sentence about a thing.
labels:
  praise: the sentence speaks well of the thing
  blame: the sentence speaks ill of the thing
"""


class Done:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def targen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("TARGEN_DEBUG", raising=False)

    def run(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["targen", *map(str, args)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        done = Done(code, *capsys.readouterr())
        assert "Traceback" not in done.err and "targen failed" not in done.err, done.err
        return done

    return run


@pytest.fixture
def mood(tmp_path: Path) -> Callable[..., Path]:
    """Write rows of a task in which one word tells the label; the file of the task is mood.yaml."""
    (tmp_path / "mood.yaml").write_text(TASK)

    def write(name: str, rows: int, seed: int = 0, labels: tuple[str, ...] = ("praise", "blame")):
        rng = random.Random(seed)
        words = {"praise": ("lovely", "bright", "kind"), "blame": ("awful", "broken", "dull")}
        lines = []
        for idx in range(rows):
            label = labels[idx % len(labels)]
            thing = rng.choice(("lamp", "boat", "garden", "letter", "bridge"))
            text = f"The {thing} number {rng.randrange(10_000)} is {rng.choice(words[label])}."
            lines.append(json.dumps({"text": text, "label": label, "idx": idx}) + "\n")
        path = tmp_path / name
        path.write_text("".join(lines))
        return path

    return write
