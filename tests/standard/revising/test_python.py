"""`revise` as programs call it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

import targen_core
import targen_standard.revising.api
from targen_core import errors
from targen_core.api.run import Run
from targen_core.tasks.parts import Label
from targen_standard.revising.api import plan_revision, planned, revise
from targen_standard.task_files.model import Declaration

from ..answers import in_words

LABELS = {"order": "The customer asks where an order is.", "refund": "The customer wants money."}
DEFINED = {**LABELS, "refund": "The customer asks for money."}
KEYS: dict[str, Any] = {
    "name": "mail",
    "description": "E-mails to a shop.",
    "labels": LABELS,
    "contexts": "occasions",
}
MODEL = ("-b", "scripted", "--no-cache", "-q")


@pytest.fixture
def run(works):
    """A run of a file, with a model that is named."""
    Path("mail.json").write_text(json.dumps(KEYS))
    works("generate", "mail.json", "-n", 4, *MODEL, "--out", "run")


def changed() -> Declaration:
    return Declaration(**{**KEYS, "labels": DEFINED})


def test_a_plan_is_the_same_for_a_declaration_and_its_file(run):
    assert repr(plan_revision).startswith("<function plan_revision")
    plan = plan_revision("run", changed())
    assert [each.name for each in plan.changes] == ["labels.refund.definition"]
    Path("changed.json").write_text(json.dumps({**KEYS, "labels": DEFINED}))
    assert plan_revision("run", "changed.json").changes == plan.changes


class Object(FakeListChatModel):
    """A model object; `timeout` decides no reply."""

    responses: list[str] = Field(default_factory=list)
    timeout: float = 1
    kind: str = "one"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"kind": self.kind, "timeout": self.timeout}

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        reply = in_words(str(messages[-1].content))
        message = AIMessage(content=json.dumps(reply))
        return ChatResult(generations=[ChatGeneration(message=message)])


def test_a_model_object_is_passed_again_in_a_new_process(targen):
    """A path stands for a new process: nothing but its folder knows the run."""
    targen_core.generate(Declaration(**KEYS), n=4, model=Object(), out="run")
    with pytest.raises(errors.UnknownName) as caught:
        revise("run", "changed.json")
    hint = caught.value.hint
    assert hint == "targen_standard.revising.api.revise('run', 'changed.json', model=MODEL)"
    assert hint in targen("revise", "run", "--task", "changed.json").err
    names = [
        [each.name for each in plan_revision("run", changed(), model=model).changes]
        for model in (Object(), Object(timeout=9), Object(kind="two"))
    ]
    assert names[0] == names[1] == ["labels.refund.definition"]
    assert any(name.startswith("steps.") for name in names[2])
    revised = revise("run", changed(), model=Object())
    assert revised.report.complete
    assert revise(revised, n=6).report.complete  # a `Run` remembers it
    Path("changed.json").write_text(json.dumps({**KEYS, "labels": DEFINED}))
    typed = hint.replace("MODEL", "Object()")
    again: Run = eval(typed, {"targen_standard": targen_standard, "Object": Object})
    assert again.path == Path("run-revised")  # the same revision, which is complete


@pytest.mark.parametrize("appears", ["other", "same"])
def test_what_appears_while_it_asks_is_kept(run, appears):
    with planned(Path("run"), Path("new"), task=changed()) as ready:
        if appears == "same":  # another terminal finished this very revision
            revise("run", changed(), out="new")
            there = Path("new/journal").read_bytes()
            assert ready.begin()[0] == Path("new")
            assert Path("new/journal").read_bytes() == there
        else:
            Path("new").mkdir()
            Path("new/thesis.txt").write_text("years of work")
            with pytest.raises(targen_core.TargenError, match="new exists"):
                ready.begin()
            assert Path("new/thesis.txt").read_text() == "years of work"
    assert not Path(".new.part").exists()


def test_a_task_in_code_that_says_otherwise_has_changed_whatever_its_version():
    task = Declaration(**KEYS).task(name="mail")
    run = targen_core.generate(task, n=4, model="scripted", progress=False)
    words = f"{task.judging.instructions} Be strict."
    other = task.replace(judging=dataclasses.replace(task.judging, instructions=words))
    plan = plan_revision(run, other)
    assert [change.name for change in plan.changes] == ["task.instructions"]
    assert [(of.kept, of.judged) for of in plan.labels.values()] == [(0, 2), (0, 2)]
    assert revise(run, other).path != run.path
    assert revise(run, task).path == run.path
    asks = task.replace(labels=[Label("order", None, "Where is it?"), task.labels[1]])
    plan = plan_revision(run, asks)
    assert [of.written for of in plan.labels.values()] == [2, 0]
