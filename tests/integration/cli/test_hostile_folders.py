"""Folders from strangers that a command continues: nothing outside them is read or changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ...tables import table

pytestmark = [
    pytest.mark.whole,  # most of these commands are of plugins
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs there"),
]

EXPERIMENT = """
task = "rte"
test = ["test.jsonl"]
[arms]
a = ["train.jsonl"]
b = ["train.jsonl"]
"""


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def content(folder):
    """The names of all that is there, and the bytes of the files."""
    return {str(p): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.fixture
def home(tmp_path):
    """What the person who runs the command has, beside the folder from a stranger."""
    names = (".bashrc", "b/thesis.txt", "before-1/a", ".cell-x/b", ".training-x/c", "made/d")
    for name in (*names, "report.json", "NAME.of"):
        written(tmp_path / "home" / name, f"the only copy of {name}\n")
    return tmp_path / "home"


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """The folder from a stranger."""
    monkeypatch.chdir(tmp_path)
    ways = (("A dog moved.", "entailment"), ("A cat slept.", "not_entailment"))
    rows = "".join(
        json.dumps({"premise": "A dog ran.", "hypothesis": said, "label": label, "idx": at}) + "\n"
        for at, (said, label) in enumerate(ways * 24)
    )
    for name in ("strange/train.jsonl", "rows.jsonl"):
        written(Path(name), rows)
    others = (("ran.", "sang at noon."), ("moved.", "made a sound."), ("slept.", "kept silent."))
    for said, instead in others:
        rows = rows.replace(said, instead)
    written(Path("strange/test.jsonl"), rows.replace("A dog", "That bird").replace("cat", "crow"))
    return Path("strange")


def plant(kind: str, path: Path, home: Path) -> None:
    """Put a link to a file or a folder of the victim's, or a FIFO, at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to(home / ".bashrc" if kind == "file" else home)


COMMANDS = {
    "compare": "compare strange/experiment.toml --out strange",
    "plan": "compare strange/experiment.toml --out strange --plan",
    "goes-on": "compare strange/experiment.toml",
    "methods": (
        "compare-methods rte --data a=rows.jsonl --data b=rows.jsonl --out methods -n 2 -b scripted"
    ),
    "ablate": "ablate rte --test rows.jsonl --generator scripted --out c",
    "table6": "reproduce table6 --original strange --out c",
    "datatune": "reproduce datatune-table2 --original strange --out c",
    "train": "train rows.jsonl --task rte --out m",
    "analyze": "analyze rows.jsonl --task rte --metric labels --out a --force",
    "reweigh": "reweigh rows.jsonl --task rte --by influence --force --out w",
    "review": "review rows.jsonl --task rte --out rev --as me --no-open",
}
PLANTED = """
    compare plan | strange | file | .lock results.json results.html cells/0123/scores.json
    compare plan | strange | file | finished/a.of
    compare plan | strange | FIFO | .lock cells/0123/cell.json
    compare plan | strange | folder | cells cells/0123 runs finished data
    goes-on | strange | FIFO | experiment.toml
    methods | methods | file | results.json results.md analysis/report.html training/.lock
    methods | methods | file | methods/attrprompt.json
    methods | methods | FIFO | results.html judged/b/report.json asked.json
    methods | methods | folder | analysis judged judged/b methods runs finished training
    methods | methods | folder | training/cells
    ablate table6 datatune | c | folder | data cells runs
    ablate table6 datatune | c | file | .lock
    train | . | folder | .m.training .m.training/made .m.training/checkpoints
    train | . | file | .m.training/.lock .m.training/training.json
    train | . | FIFO | .m.training/training.json
    analyze | a | folder | rows pictures
    analyze | a | file | analysis.json rows/repetition-x.jsonl
    analyze | a | FIFO | report.html
    reweigh | . | folder | .w.part w
    review | rev | file | review.json grades-me.jsonl
    review | rev | FIFO | review.json grades-me.jsonl
"""
CASES = [
    (command, folder, kind, name)
    for commands, folder, kind, names in table(PLANTED, 4)
    for command in commands.split()
    for name in names.split()
]


def refused(targen, home, member, command):
    """Check that a command refuses a member by its name and leaves everything else as it is."""
    before = content(home)
    done = targen(command)
    assert content(home) == before
    assert done.code in (1, 2), done.err
    assert str(member) in done.err


@pytest.mark.parametrize(("command", "folder", "kind", "name"), CASES)
def test_a_command_stays_in_its_folder(command, folder, kind, name, targen, strange, home):
    if name != "experiment.toml":
        written(strange / "experiment.toml", EXPERIMENT)
        written(Path("c/experiment.toml"), EXPERIMENT)
    written(Path("methods/mine.txt"), "")
    if name != "asked.json":
        written(Path("methods/asked.json"), "{}")
    plant(kind, Path(folder, name), home)
    refused(targen, home, Path(folder, name), COMMANDS[command])


OF_A_MODEL = [
    ("FIFO", "model.json"),
    ("file", "seen.npy"),
    ("folder", "model"),
    ("FIFO", "model/0"),
]


@pytest.mark.parametrize(("kind", "name"), OF_A_MODEL)
def test_no_model_is_awaited_or_read_elsewhere(kind, name, targen, strange, home, works):
    works("train rows.jsonl --task rte --out m")
    there = Path("m", name)
    if there.exists():
        there.rename("moved")
    plant(kind, there, home)
    refused(targen, home, there, "evaluate m rows.jsonl --task rte")
