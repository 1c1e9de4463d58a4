"""Runs of tasks in files: their copy, resuming, code, drafts."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core.dataset.reading import read_dataset
from targen_core.errors import JobFailed, RunConflict, UsageError
from targen_core.origin import trusting
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.runs.tasks import find_task
from targen_standard.drafting.declaration import declared, drafting

from ...runs import manifest

YAML = """\
description: Notes of a night porter.
labels:
  calm: nothing happened
  alarm: something must be done
"""
MODULE = """\
from targen_standard.task_files.model import Declaration
made = Declaration.model_validate({
    "description": "Notes.", "labels": {"a": "x", "b": "y"}, "name": "notes"
})
FIRST = made.task()
SECOND = FIRST.replace(name="second", version="2")
"""


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return f"./{name}"


def run(task: str, *labels: str, each: int = 3, out: str = "run") -> dict:
    config = RunConfig(task=task, quotas=dict.fromkeys(labels, each), backend="scripted")
    with Job.create(load_registry(), config, Path(out)) as job:
        return job.run()


def resume(out: str = "run", **quotas: int) -> dict:
    with Job.resume(load_registry(), Path(out), quotas=quotas) as job:
        return job.run()


@pytest.mark.parametrize(
    ("name", "copy", "labels"),
    [
        ("Night Notes.yaml", "task.json", ("calm", "alarm")),
        ("mine.py:FIRST", "task.py:FIRST", ("a", "b")),
    ],
)
def test_a_run_needs_its_file_no_more(name, copy, labels):
    file = name.partition(":")[0]
    write(file, MODULE if file.endswith(".py") else YAML)
    report = run(str(Path.cwd() / name), *labels)
    assert report["task"] == ("file:notes" if ".py" in name else "file:night-notes")
    assert manifest("run")["config"]["task"] == copy
    kept = b"".join(path.read_bytes() for path in Path("run").iterdir())
    assert str(Path.cwd()).encode() not in kept, "no path of the machine is kept"
    Path(file).unlink()
    before = Path("run/dataset.jsonl").read_bytes()
    assert resume()["status"] == "complete"
    grown = resume(**dict.fromkeys(labels, 5))
    assert grown["rows"] == dict.fromkeys(labels, 5)
    assert Path("run/dataset.jsonl").read_bytes().startswith(before)
    assert len(read_dataset("run").rows) == 10


def test_the_same_command_goes_on_and_another_file_conflicts():
    run(write("t.yaml", YAML), "calm", "alarm")
    run(write("t.yaml", f"# another comment\n{YAML}summary: words\n"), "calm", "alarm")
    with pytest.raises(RunConflict, match="contains a different run"):
        run(write("t.yaml", YAML.replace("nothing", "little")), "calm", "alarm")
    assert resume()["status"] == "complete"


@pytest.mark.parametrize(("name", "text"), [("t.yaml", YAML), ("t.py", MODULE)])
def test_a_changed_copy_is_a_conflict(name, text):
    labels = ("calm", "alarm") if name == "t.yaml" else ("a", "b")
    run(write(name, text) + ("" if name == "t.yaml" else ":FIRST"), *labels)
    copy = Path("run") / ("task.json" if name == "t.yaml" else "task.py")
    changed = copy.read_text(encoding="utf-8").replace("otes", "umbers", 1)
    copy.write_text(changed, encoding="utf-8")
    changed = "started with a different task"
    with trusting(copy), pytest.raises(RunConflict, match=changed):
        resume()


def test_code_that_came_with_a_run_is_not_executed(monkeypatch, tmp_path):
    write("mine.py", MODULE)
    run("./mine.py:FIRST", "a", "b")
    with open("run/task.py", "a", encoding="utf-8") as file:
        file.write("open('executed', 'w').close()\n")
    for use in (resume, lambda: read_dataset("run")):
        with pytest.raises(
            UsageError, match="contains code, but targen did not write it"
        ) as caught:
            use()
        assert "add --trust=run/task.py" in caught.value.hint
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("text", "name", "message", "hint"),
    [
        (b"# coding: latin-1\nTASK = '\xe9'\n", "t.py", "t.py is not UTF-8", ""),
        (MODULE, "t.py", "defines 2 tasks: FIRST, SECOND", "t.py:FIRST"),
        (MODULE, "t.py:THIRD", "has no task THIRD", "it defines: FIRST, SECOND"),
        ("", "t.py", "t.py does not define a task", "TASK = "),
        ("import nowhere_to_be_found", "t.py", "imports nowhere_to_be_found", "pip install"),
        ("import beside", "t.py", "imports beside", "to use several modules, write a plugin"),
        ("1 / 0", "t.py", "ZeroDivisionError: division by zero", "--debug"),
        ("raise SystemExit(3)", "t.py", "SystemExit: 3", "--debug"),
        ("def (", "t.py", "SyntaxError", "--debug"),
    ],
)
def test_a_module_that_is_no_task(text, name, message, hint):
    Path("t.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    write("beside.py", "")
    with pytest.raises(UsageError) as caught:
        find_task(load_registry(), f"./{name}")
    assert message in str(caught.value)
    assert hint in caught.value.hint


DRAFT = """\
asked = []
def reply(request):
    asked.append(request)
    value = request.dry_run()
    if len(asked) in BAD:
        value["labels"] = value["labels"][:1]
    elif len(asked) > 1:
        assert "two or more are needed" in request.messages[-1].content
    return value
"""


def test_a_bad_draft_is_sent_back_once():
    options = {"script": "script.py:reply"}
    config = RunConfig(task="", quotas={}, backend="scripted", options=options)
    write("script.py", DRAFT.replace("BAD", "[1]"))
    registry = load_registry()
    question = drafting(registry, "notes of a night porter")
    reply, usage = question.ask(registry, config)
    assert (declared(reply).draft, usage.calls) == (True, 2)
    write("script.py", DRAFT.replace("BAD", "[1, 2]"))
    with pytest.raises(JobFailed, match=r"not a valid task.*two or more are") as caught:
        question.ask(registry, config)
    assert "--blank" in caught.value.hint
