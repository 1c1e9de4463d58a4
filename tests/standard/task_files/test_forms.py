"""Forms of task files that plugins bring: what a run keeps of them, and who may go on with it."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel, ConfigDict, Field

from targen_core import hookimpl
from targen_core.cli.trust import leaving
from targen_core.errors import UsageError
from targen_core.plugins import loader
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.task_files import task_file
from targen_standard.task_files.forms import TaskForm
from targen_standard.task_files.model import Declaration

from ...tables import table


class Quiz(BaseModel):
    """Questions on what a file tells."""

    model_config = ConfigDict(extra="forbid")
    subject: str = Field(description="what they are about")
    levels: dict[str, str] = {"easy": "a child knows", "hard": "few people know"}
    facts: str = ""


def task(quiz, name):
    facts = Path(quiz.facts).read_text(encoding="utf-8") if quiz.facts else "none"
    about = f"Questions on {quiz.subject}. Facts: {facts}"
    return Declaration(description=about, labels=quiz.levels, version="7").task(name=name)


def _located(quiz, folder):
    return quiz.model_copy(update={"facts": quiz.facts and str(folder / quiz.facts)})


QUIZ = TaskForm(
    summary="quizzes",
    spec=Quiz,
    task=task,
    located=_located,
    reaching=lambda quiz, folder: leaving(folder, {"facts": quiz.facts} if quiz.facts else {}),
)


@pytest.fixture(autouse=True)
def _installed(_alone, monkeypatch):
    module = ModuleType("quizzes")
    module.register_task_forms = hookimpl(lambda register: register("quiz", QUIZ))
    sources = [*loader.installed_sources(), loader.Source("targen-quiz", "1.0", "main", module)]
    monkeypatch.setattr(loader, "installed_sources", lambda: sources)
    Path("facts.txt").write_text("Water is wet.", encoding="utf-8")


TEXT = "quiz:\n  subject: rivers\n  facts: facts.txt\n"


def run(text=TEXT, out="run", each=2):
    Path("rivers.yaml").write_text(text, encoding="utf-8")
    config = RunConfig(
        task="./rivers.yaml", quotas={"easy": each, "hard": each}, backend="scripted"
    )
    with Job.create(load_registry(), config, Path(out)) as job:
        return job.run()


def resume(out="run", **quotas):
    with Job.resume(load_registry(), Path(out), quotas=quotas) as job:
        return job.run()


def test_a_run_needs_its_file_no_more_and_grows():
    report = run()
    assert report["task"] == "file:rivers"
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["lock"]["task"]["version"].startswith("7+")
    kept = json.loads(Path("run/task.json").read_text())
    facts = str(Path("facts.txt").absolute())
    assert kept == {"name": "rivers", "quiz": {"subject": "rivers", "facts": facts}}
    Path("rivers.yaml").unlink()
    before = Path("run/dataset.jsonl").read_bytes()
    assert resume(easy=3, hard=3)["rows"] == {"easy": 3, "hard": 3}
    assert Path("run/dataset.jsonl").read_bytes().startswith(before)


WRONG = r"""
quiz:\n  subjekt: x\n | line 2: quiz.subjekt: unknown key | did you mean subject?
quiz: {}\n | line 1: quiz.subject: it is missing | subject: …
quiz:\n  subject: 4\n | line 2: quiz.subject: 4 is not text | put it in quotes
quizz:\n  subject: x\n | line 1: quizz: no form named 'quizz' | did you mean quiz?
name: A b\nquiz:\n  subject: x\n | line 1: name: 'A b' is not a valid name | lower
quiz: rivers\n | line 1: quiz: unknown key |
"""


@pytest.mark.parametrize(("text", "message", "hint"), table(WRONG))
def test_what_is_wrong_is_said_with_its_line(text, message, hint):
    Path("t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        task_file("./t.yaml")
    assert f"t.yaml, {message}" in str(caught.value)
    assert hint in caught.value.hint
