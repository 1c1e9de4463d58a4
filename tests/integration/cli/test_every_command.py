"""The checks of the kit's `CommandSuite`, for every command of every distribution."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import typer

from targen_core.cli import main
from targen_core.cli.app import _LazyGroup, build
from targen_testing.commands import CommandSuite as Commands

GOOD = {
    "generate": "generate rte -n 2 -b scripted --out new",
    "estimate": "estimate rte -n 20 -b scripted",
    "resume": "resume runs/rte-0",
    "method": "method zerogen rte -n 4 -b scripted --out zerogen.yaml",
    "merge": "merge runs/rte-0 runs/rte-1 --out merged",
    "preview": "preview rte -b scripted",
    "replay": "replay runs/rte-0 --out again",
    "show": "show runs/rte-0",
    "report": "report runs/rte-0",
    "runs": "runs",
    "diff": "diff runs/rte-0 runs/rte-1",
    "trace": "trace runs/rte-0 0",
    "analyze": "analyze runs/rte-0 --metric labels --out analysis",
    "catalogue": "catalogue build train.jsonl",
    "compare": "compare train.jsonl --test test.jsonl --task mood.yaml --out compared",
    "correct": "correct runs/rte-0 -b scripted --out corrected",
    "desk": "desk runs/tickets-0",
    "evaluate": "evaluate model test.jsonl --task mood.yaml",
    "predict": "predict model test.jsonl --task mood.yaml --out said.csv",
    "export": "export runs/rte-0 --as csv --out rows.csv",
    "rate": "rate runs/rte-0 -b scripted --out rated.jsonl",
    "retrieve": "retrieve moods --catalogue train.jsonl",
    "reweigh": "reweigh train.jsonl --task mood.yaml --out weights.jsonl",
    "sample": "sample runs/rte-0 -n 2 --out few.jsonl",
    "train": "train train.jsonl --task mood.yaml --out trained",
    "validate": "validate runs/rte-0",
    "check": "check scripted",
    "config": "config",
    "describe": "describe rte",
    "new": "new task demo",
    "plugins": "plugins",
}
"""A use of each command on what `kitchen` holds."""

MISSING = {
    "method": ["method zerogen no-such-task.yaml -n 2 -b scripted"],
    "merge": ["merge no-such-run no-such-other --out merged"],
    "diff": ["diff no-such-run no-such-other"],
    "ablate": ["ablate no-such-task.yaml --test no-such-rows.jsonl --generator scripted"],
    "compare": ["compare no-such-rows.jsonl --test no-such-rows.jsonl --task rte"],
    "compare-methods": ["compare-methods no-such-task.yaml --methods zerogen -n 2"],
    "evaluate": ["evaluate no-such-model no-such-rows.jsonl"],
    "predict": ["predict no-such-model no-such-rows.jsonl --out said.csv"],
    "import-rows": ["import-rows zerogen no-such-rows.jsonl --task rte"],
    "reproduce": ["reproduce table5 --original no-such-folder"],
    "retrieve": ["retrieve no-such-task.yaml --catalogue no-such-folder"],
    "sample": ["sample no-such-run --out few.jsonl"],
    "transform": ["transform no-such-task.yaml --catalogue no-such-folder"],
    "new": ["new no-such-kind demo"],
    "init-task": [],
}
"""Where a command needs more than one file to get as far as that."""

TASK = """\
description: a sentence about a thing
labels:
  praise: the sentence speaks well of the thing
  blame: the sentence speaks ill of the thing
"""


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory):
    """Runs, a task file with labelled rows, and a model that was trained on them."""
    folder = tmp_path_factory.mktemp("kitchen")
    (folder / "mood.yaml").write_text(TASK)
    for name, things in (("train", "a lamp, two boats"), ("test", "that garden of ours, a letter")):
        texts = (
            {"text": f"Number {n}: {thing} that I found {word}.", "label": label}
            for n in range(15)
            for thing in things.split(", ")
            for word, label in (("lovely", "praise"), ("awful", "blame"))
        )
        rows = [json.dumps({**row, "idx": idx}) + "\n" for idx, row in enumerate(texts)]
        (folder / f"{name}.jsonl").write_text("".join(rows))
    for line in (
        "generate rte -n 8 -b scripted -q",
        "generate rte -n 8 -b scripted -q --seed 1",
        "generate tickets -n 2 -b scripted -q",
        "train train.jsonl --task mood.yaml --out model",
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["targen", *line.split()])
            with pytest.raises(SystemExit) as ended:
                main()
        assert not ended.value.code
    return folder


class Every(Commands):
    kitchen: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def _kitchen(self, kitchen, monkeypatch, _built):
        type(self).kitchen = kitchen
        monkeypatch.setattr(_LazyGroup, "get_command", _built)

    def good(self, folder):
        if self.command not in GOOD:
            return super().good(folder)
        shutil.copytree(self.kitchen, folder, dirs_exist_ok=True)
        return (*GOOD[self.command].split(),)


PIPED = ("generate", "describe", "show", "analyze", "list-tasks")
"""Commands that are tried with a closed pipe: each takes a process, and all print in these ways."""


_APP = build()

for _name in _APP.list_commands(typer.Context(_APP)):
    if " " in _name:
        continue
    _class = "Test" + _name.title().replace("-", "")
    _values = {"command": _name, "missing": MISSING.get(_name), "__module__": __name__}
    if _name not in PIPED:
        _values["test_a_pipe_may_close"] = None
    globals()[_class] = type(_class, (Every,), _values)


def test_every_command_prints_json_except_those_that_serve_or_scaffold():
    def commands(group, path=()):
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            if hasattr(found, "list_commands"):
                yield from commands(found, (*path, name))
            elif not any("--json" in option.opts for option in found.params):
                yield " ".join((*path, name))

    context = typer.Context(_APP)
    assert {*commands(_APP)} <= {"desk", "mcp", "new", "view"}
