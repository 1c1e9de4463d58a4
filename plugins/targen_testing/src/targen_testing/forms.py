"""`FormSuite`: the checks that every form of task files must pass.

from targen_testing.forms import FormSuite as Suite

class TestQueues(Suite):
form = "queues"
file = "queues: {shop: bicycles, queues: {repairs: broken, orders: late}}"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.reading.typed import yaml_of
from targen_core.tasks.model import Task
from targen_core.text import with_article
from targen_standard.task_files.forms import TaskForm
from targen_testing.suite import Described, fail


class FormSuite(Described[TaskForm[Any]]):
    """Checks of a form; set `form` to its registered name, `file` to a task file of this form.

    Attributes:
        form: the registered name.
        file: the text of a file: YAML with the form's name as its only key.
        place: the folder that paths in the file are relative to.
    """

    form: ClassVar[str]
    file: ClassVar[str] = ""
    place: ClassVar[str | Path] = "."
    kind = "form"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has a file of the form."""
        raise UsageError(
            "write a FormSuite, and set `file` to the text of a task file in this form"
        )

    def below(self) -> dict[str, Any]:
        """Return the part of the file below the form's key."""
        assert self.file, f"set {type(self).__name__}.file to the text of a task file"
        name = self.form.rpartition(":")[2]
        text = yaml_of(self.file)
        if not isinstance(text, dict) or not isinstance(text.get(name), dict):
            fail(f"the file needs the key {name}, with keys under it")
        below: dict[str, Any] = text[name]
        return below

    def read(self) -> BaseModel:
        """The file, as the form's model reads it."""
        form = self.target()
        spec: BaseModel = form.located(form.spec.model_validate(self.below()), Path(self.place))
        return spec

    def made(self) -> Task[Any, Any]:
        """The task that the file means."""
        return self.target().task(self.read(), "kit-file")

    # --- what must hold ---

    def test_described(self) -> None:
        """It is registered with a summary, and each key has a description."""
        super().test_described()
        bare = [
            name
            for name, field in self.target().spec.model_fields.items()
            if not (field.description or "").strip()
        ]
        assert not bare, f"keys without a description: {', '.join(bare)}"

    def test_makes_a_task_of_that_name(self) -> None:
        """A file gives a task with the requested name."""
        task = self.made()
        if not isinstance(task, Task):
            fail(f"task() must return a targen_core.Task, not {with_article(type(task).__name__)}")
        assert task.name == "kit-file", (
            f"the task is called {task.name!r}, not kit-file as requested"
        )

    def test_means_the_same_again(self) -> None:
        """The same file gives the same task: version, labels, columns and prompts."""
        one, two = self.made(), self.made()
        for name in ("version", "labels", "branches"):
            assert getattr(one, name) == getattr(two, name), (
                f"the same file gives a different {name} the second time"
            )
        versions = [task.prompt_versions for task in (one, two)]
        assert versions[0] == versions[1], "the same file gives different prompts the second time"

    def test_refuses_misspelt_keys(self) -> None:
        """An unknown key raises an error that gives its line."""
        form = self.target()
        try:
            form.spec.model_validate({**self.below(), "no-such-key": 1})
        except ValidationError:
            return
        fail('it accepts any key: set model_config = ConfigDict(extra="forbid")')

    def test_a_copy_means_the_same(self) -> None:
        """A run's copy of the file gives the same task, in any folder."""
        form, spec = self.target(), self.read()
        kept = {**spec.model_dump(mode="json", exclude_defaults=True), **form.keeps(spec)}
        copied = form.task(form.spec.model_validate(kept), "kit-file")
        assert copied.version == self.made().version, (
            "the copy gives a different version of the task"
        )

    def test_says_what_it_reaches_for(self) -> None:
        """`reaching` returns a mapping whose keys are places in the file."""
        form = self.target()
        if form.reaching is None:
            pytest.skip("does not define reaching(), so the whole file needs the user's trust")
        reached = form.reaching(form.spec.model_validate(self.below()), Path(self.place))
        try:
            dict(reached)
        except (TypeError, ValueError):
            fail(f"reaching() must return a mapping, not {with_article(type(reached).__name__)}")
