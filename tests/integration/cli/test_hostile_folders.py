"""Folders from strangers that a command continues: nothing outside them is read or changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.whole,  # most of these commands are of plugins
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs there"),
]

Targen = Callable[..., Any]
EXPERIMENT = """
task = "rte"
test = ["test.jsonl"]
[arms]
a = ["train.jsonl"]
b = ["train.jsonl"]
"""


def written(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What the person who runs the command has, beside the folder from a stranger."""
    names = (".bashrc", "b/thesis.txt", "before-1/a", ".cell-x/b", ".training-x/c", "made/d")
    for name in (*names, "report.json", "NAME.of"):
        written(tmp_path / "home" / name, f"the only copy of {name}\n")
    return tmp_path / "home"


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder from a stranger."""
    monkeypatch.chdir(tmp_path)
    ways = (("A dog moved.", "entailment"), ("A cat slept.", "not_entailment"))
    rows = "".join(
        json.dumps({"premise": "A dog ran.", "hypothesis": said, "label": label, "idx": at}) + "\n"
        for at, (said, label) in enumerate(ways * 24)
    )
    for name in ("strange/train.jsonl", "strange/test.jsonl", "rows.jsonl"):
        written(Path(name), rows)
    return Path("strange")


def plant(kind: str, path: Path, home: Path) -> None:
    """Put a link to a file or a folder of the victim's, or a FIFO, at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to(home / ".bashrc" if kind == "file" else home)


def refused(targen: Targen, home: Path, member: Path, *args: object) -> None:
    """Check that a command refuses a member by its name and leaves everything else as it is."""
    before = content(home)
    names = sorted(str(path) for path in home.rglob("*"))
    done = targen(*args)
    assert content(home) == before
    assert sorted(str(path) for path in home.rglob("*")) == names
    assert done.code in (1, 2), done.err
    assert str(member) in done.err


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("file", ".lock"),
        ("FIFO", ".lock"),
        ("folder", "cells"),
        ("folder", "cells/before-1"),
        ("folder", "cells/0123"),
        ("FIFO", "cells/0123/cell.json"),
        ("file", "cells/0123/scores.npy"),
        ("folder", "runs"),
        ("folder", "finished"),
        ("file", "finished/a.of"),
        ("folder", "data"),
        ("file", "results.json"),
        ("file", "results.html"),
    ],
)
def test_a_comparison_stays_in_its_folder(kind, name, targen, strange, home):
    written(strange / "experiment.toml", EXPERIMENT)
    plant(kind, strange / name, home)
    args = ("compare", strange / "experiment.toml", "--out", strange)
    refused(targen, home, strange / name, *args)
    refused(targen, home, strange / name, *args, "--plan")


def test_a_comparison_goes_on_in_a_plain_folder_alone(targen, strange, home):
    """Without `--out` a folder with `cells` is the one that a comparison goes on in."""
    written(strange / "experiment.toml", EXPERIMENT)
    plant("folder", strange / "cells", home)
    refused(targen, home, strange / "cells", "compare", f"{strange}/experiment.toml")


def test_no_declaration_is_awaited(targen, strange, home):
    plant("FIFO", strange / "experiment.toml", home)
    member = strange / "experiment.toml"
    refused(targen, home, member, "compare", member)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("file", "results.json"),
        ("file", "results.md"),
        ("FIFO", "results.html"),
        ("folder", "analysis"),
        ("file", "analysis/report.html"),
        ("folder", "judged"),
        ("folder", "judged/b"),
        ("FIFO", "judged/b/report.json"),
        ("folder", "methods"),
        ("file", "methods/attrprompt.json"),
        ("folder", "runs"),
        ("folder", "finished"),
        ("folder", "training"),
        ("file", "training/.lock"),
        ("folder", "training/cells"),
        ("FIFO", "asked.json"),
    ],
)
def test_a_comparison_of_methods_stays_in_its_folder(kind, name, targen, strange, home):
    folder = Path("methods")
    written(folder / "mine.txt", "")
    if name != "asked.json":
        written(folder / "asked.json", "{}")
    plant(kind, folder / name, home)
    args = ("compare-methods", "rte", "--data", "a=rows.jsonl", "--data", "b=rows.jsonl")
    refused(targen, home, folder / name, *args, "--out", folder, "-n", 2, "-b", "scripted")


@pytest.mark.parametrize("name", ["data", "cells", ".lock", "runs"])
@pytest.mark.parametrize(
    "command",
    [
        ("ablate", "rte", "--test", "rows.jsonl", "--generator", "scripted"),
        ("reproduce", "table6", "--original", "strange"),
        ("reproduce", "datatune-table2", "--original", "strange"),
    ],
    ids=lambda command: command[1],
)
def test_experiments_that_are_made_stay_in_their_folder(command, name, targen, strange, home):
    written(Path("c/experiment.toml"), EXPERIMENT)
    plant("file" if name == ".lock" else "folder", Path("c", name), home)
    refused(targen, home, Path("c", name), *command, "--out", "c")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("folder", ".m.training"),
        ("file", ".m.training/.lock"),
        ("FIFO", ".m.training/training.json"),
        ("file", ".m.training/training.json"),
        ("folder", ".m.training/made"),
        ("folder", ".m.training/checkpoints"),
    ],
)
def test_a_training_stays_in_its_folder(kind, name, targen, strange, home):
    plant(kind, Path(name), home)
    refused(targen, home, Path(name), "train", "rows.jsonl", "--task", "rte", "--out", "m")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("FIFO", "model.json"),
        ("file", "seen.npy"),
        ("folder", "model"),
        ("FIFO", "model/0"),
    ],
)
def test_no_model_is_awaited_or_read_elsewhere(kind, name, targen, strange, home):
    assert targen("train", "rows.jsonl", "--task", "rte", "--out", "m").code == 0
    there = Path("m", name)
    if there.exists():
        there.rename("moved")
    plant(kind, there, home)
    refused(targen, home, there, "evaluate", "m", "rows.jsonl", "--task", "rte")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("folder", "rows"),
        ("folder", "pictures"),
        ("file", "analysis.json"),
        ("FIFO", "report.html"),
        ("file", "rows/repetition-x.jsonl"),
    ],
)
def test_an_analysis_stays_in_its_folder(kind, name, targen, strange, home):
    plant(kind, Path("a", name), home)
    args = ("analyze", "rows.jsonl", "--task", "rte", "--metric", "labels")
    refused(targen, home, Path("a", name), *args, "--out", "a", "--force")


@pytest.mark.parametrize("name", [".w.part", "w"])
def test_weighed_rows_replace_no_link(name, targen, strange, home):
    plant("folder", Path(name), home)
    args = ("reweigh", "rows.jsonl", "--task", "rte", "--by", "influence", "--force")
    refused(targen, home, Path(name), *args, "--out", "w")


@pytest.mark.parametrize("kind", ["file", "FIFO"])
@pytest.mark.parametrize("name", ["review.json", "grades-me.jsonl"])
def test_a_review_stays_in_its_folder(kind, name, targen, strange, home):
    begun = ("review", "rows.jsonl", "--task", "rte", "--out", "rev", "--as", "me")
    plant(kind, Path("rev", name), home)
    refused(targen, home, Path("rev", name), *begun, "--no-open")
