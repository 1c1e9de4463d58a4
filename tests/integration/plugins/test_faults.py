"""Faults of a stranger's package: each is named as that package's, and ends no other command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRY = "[targen.v1]\nodd = odd\n"
TASK = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
seeds: none
"""
PARTS = """
from pydantic import BaseModel
from pathlib import Path

from targen_core import Correction, Exporter, ListStep, Prompt, TaskForm, UsageError, hookimpl
from targen_core.calls.executor import ModelExecutor

ASK = Prompt("odd-ask", "--- user\\nIs this right?\\n$text")

class Reply(BaseModel):
    right: bool

class Judge:
    prompts = (ASK,)

    async def __call__(self, llm, instance, /):
        await llm.ask(ASK, reply=Reply, text=llm.task.render(instance))
        return Correction(llm.task.label_of(instance), "")

    @staticmethod
    def dry_run(call):
        return {"right": {1, 2}}

async def nothing(llm, parent, existing):
    return None

async def broken(llm, parent, existing):
    return [existing[99]]

async def none(llm, parent, existing):
    return []

async def refuse(llm, parent, existing):
    raise UsageError("places.csv has no column town", hint="-o table.column=place")

async def place(sources, workers):
    return 3

class Spec(BaseModel):
    word: str = ""

@hookimpl
def register_correctors(register):
    register.register("odd-judge", Judge())

@hookimpl
def register_contexts(register):
    register.register("nothing", ListStep(item=str, propose=nothing, batch=2, asks=False))
    register.register("broken", ListStep(item=str, propose=broken, batch=2, asks=False))
    register.register("none", ListStep(item=str, propose=none, batch=2, asks=False))
    register.register("refuse", ListStep(item=str, propose=refuse, batch=2, asks=False))

def write(dataset: object, out: Path) -> None:
    import nowhere

@hookimpl
def register_exporters(register):
    register.register("sheet", Exporter(write=write, suffix=".x", summary="x", extra="sheets"))

@hookimpl
def register_executors(register):
    register.register("far", ModelExecutor(summary="far away", place=place))

@hookimpl
def register_task_forms(register):
    register.register("odd-form", TaskForm(summary="", spec=Spec, task=lambda spec, name: 3))
"""


@pytest.fixture
def odd(install, tmp_path):
    (tmp_path / "mail.yaml").write_text(TASK)
    (tmp_path / "form.yaml").write_text("odd-form:\n  word: late\n")
    return [install("odd", ENTRY, {"odd": PARTS})]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            ("--corrector", "odd-judge"),
            "corrector odd-judge: the reply of dry_run to the prompt odd-",
        ),
        (("--contexts-from", "nothing"), "nothing (line 24 of "),
        (("--contexts-from", "broken"), "IndexError: list index out of range in broken (line 28 "),
        (("--executor", "far"), "executor odd:far: place() returned 3, not a model for each"),
    ],
)
def test_a_run_names_the_package_whose_part_it_is(odd, targen, typed, words):
    made = targen("generate", "mail.yaml", "-n", "2", "-b", "scripted", *typed, path=odd)
    assert made.returncode == 1
    assert words in made.stderr
    assert "report it to the authors of odd" in made.stderr


def test_an_exporter_names_the_extra_that_it_needs(odd, targen, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "It is late.", "label": "complaint"}\n')
    asked = ("export", "rows.jsonl", "--task", "mail.yaml", "--as", "sheet")
    assert "pip install 'odd[sheets]'" in targen(*asked, path=odd).stderr


def test_a_list_that_gives_nothing_is_named(odd, targen):
    asked = ("generate", "mail.yaml", "-n", "2", "-b", "scripted", "--contexts-from", "none")
    made = targen(*asked, path=odd)
    assert made.returncode == 1
    assert "the list of contexts (odd:none) is empty" in made.stderr


def test_a_run_that_a_list_refuses_leaves_nothing_behind(odd, targen, tmp_path):
    asked = ("generate", "mail.yaml", "-n", "2", "-b", "scripted", "--out", "run")
    made = targen(*asked, "--contexts-from", "refuse", path=odd)
    assert made.returncode == 2
    assert "no column town" in made.stderr
    assert not (tmp_path / "run").exists()


def test_so_does_a_file_in_its_form(odd, targen):
    made = targen("describe", "form.yaml", "--trust", path=odd)
    assert made.returncode == 1
    assert "form odd:odd-form: its task() returned a int, not a targen_core.Task" in made.stderr


def test_an_import_that_takes_long_or_ends_the_process_is_named(install, targen):
    slow = "import time\nfrom targen_core import hookimpl\ntime.sleep(2.1)\n"
    site = [
        install("slow", "[targen.v1]\nslow = slow\n", {"slow": slow}),
        install("gone", "[targen.v1]\ngone = gone\n", {"gone": "import os\nos._exit(0)\n"}),
    ]
    shown = targen("plugins", "--json", path=site[:1])
    problems = {each["distribution"]: each["problems"] for each in json.loads(shown.stdout)}
    assert "slow-import" in {problem["check"] for problem in problems["slow"]}
    assert "exit-at-import" in {problem["check"] for problem in problems["gone"]}


def test_a_plugin_of_a_newer_core_is_incompatible(install, targen):
    site = install("newer", "[targen.v1]\nnewer = nowhere\n", {})
    metadata = site / "newer-1.0.dist-info/METADATA"
    metadata.write_text(f"{metadata.read_text()}Requires-Dist: targen-core<10,>=9.1\n")
    shown = json.loads(targen("plugins", "--json", path=[site]).stdout)
    (mine,) = (each for each in shown if each["distribution"] == "newer")
    assert mine["state"] == "incompatible"
    assert "requires targen-core 9.1 or newer" in mine["problems"][0]["problem"]


def test_a_flag_that_is_taken_is_named_and_the_others_stay(install, targen, tmp_path):
    member = Path(__file__).parent / "zoo/members/flag_taken.py"
    text = member.read_text().replace(
        "\n\nclass Sizes",
        '\n    longest_row: Annotated[int, Flag("Letters.")] = 900\n\n\nclass Sizes',
    )
    site = [install("flags", "[targen.v1]\nflags = flags_\n", {"flags_": text})]
    shown = json.loads(targen("plugins", "--json", path=site).stdout)
    (mine,) = (each for each in shown if each["distribution"] == "flags")
    assert mine["state"] == "ok"
    assert [(each["check"], each["problem"]) for each in mine["problems"]] == [
        ("flag-taken", "filter creature: its option out is no flag: targen has that name")
    ]
    # In a process that has imported nothing: flags are made where a command is.
    own = {"PYTHONPATH": str(site[0]), "COLUMNS": "200", "TARGEN_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from targen_cli import main; main()", "generate", "--help"]
    shown = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True)
    assert "--longest-row" in shown.stdout, shown.stderr
