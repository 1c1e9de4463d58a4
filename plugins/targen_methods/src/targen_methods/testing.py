"""`MethodSuite`: the checks that every method must pass.

    from targen_methods.testing import MethodSuite as Suite

    class TestEcho(Suite):
        method = "echo"

A method makes a task, and that task must pass what every task must. It has exact quotas and no
chance except the run's, and rejects bad rows from hostile replies. It gives the same bytes at any
concurrency and in another process. Beyond that it keeps the rows and labels of the task that it was
made from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from targen_core.plugins.registry import Registry
from targen_core.task_files import note_own_copy
from targen_core.tasks.model import Task
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import METHOD, MethodFile, method_task
from targen_standard.methods.model import Method
from targen_standard.task_files.model import Declaration
from targen_testing.suite import fail
from targen_testing.tasks import TaskSuite, require_same_elsewhere

_LABELS = {
    "agrees": {"definition": "the answer says the same as the question takes for granted"},
    "objects": {"definition": "the answer denies what the question takes for granted"},
    "evades": {"definition": "the answer leaves it open"},
}

BASES = MappingProxyType(
    {
        "kit-texts": Declaration.model_validate(
            {
                "name": "kit-texts",
                "description": "Each row is a note that somebody left for a neighbour.",
                "fields": {"text": {"description": "the note"}},
                "labels": {
                    "thanks": {"definition": "it thanks the neighbour"},
                    "asks": {"definition": "it asks the neighbour for something"},
                },
                "samples": [
                    {
                        "input": "Thank you for the soup, it was just what I needed.",
                        "output": "thanks",
                        "actual": "thanks",
                        "explanation": "It thanks for soup.",
                    }
                ],
            }
        ),
        "kit-pairs": Declaration.model_validate(
            {
                "name": "kit-pairs",
                "description": "Each row is a question at an inquiry and the answer to it.",
                "fields": {
                    "question": {"description": "what is asked"},
                    "answer": {"description": "what the witness says"},
                },
                "labels": _LABELS,
            }
        ),
    }
)
"""Tasks of the kit's own that methods make rows of: of one text, and of a pair."""

_GIVEN = 12  # rows of each label, for a method that starts from some


class MethodSuite(TaskSuite):
    """Checks of a method; set `method` to its registered name.

    Attributes:
        method: the registered name.
        base: the task whose rows it makes: one of `BASES`, or an installed one.
        settings: options of the method, such as sizes that suit a few rows.
        starts: whether a method that may start from given rows is given some.
    """

    method: ClassVar[str]
    base: ClassVar[str] = "kit-pairs"
    settings: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    starts: ClassVar[bool] = True
    kind = "method"
    task = "made-by-method"

    def registry(self) -> Registry:
        """The plugins, the kit's tasks, and the task that the method makes."""
        return self.kept("registry", self._made)

    def _made(self) -> Registry:
        bases = {name: declared.task(name=name) for name, declared in BASES.items()}
        registry = super().registry().including(tasks=bases)
        method: Method[Any] = registry.get("method", self.method)
        base: Task[Any, Any] = registry.get("task", self.base)
        spec = MethodFile(use=self.method, task=self.base, options=dict(self.settings))
        given = (lambda: _rows_of(base)) if self._starts(method, base) else None
        made = method_task(spec, self.task, registry=registry, given=given)
        return registry.including(tasks={self.task: made})

    # --- what a method is ---

    def test_described(self) -> None:
        """It has a summary, a version and a source, and its task has a description."""
        registry = self.registry()
        item = registry.find("method", self.method)
        method: Method[Any] = registry.resolve(item)
        assert item.summary.strip(), "register it with a summary: the listings show it"
        for name in ("summary", "version", "source"):
            assert getattr(method, name).strip(), f"Method.{name} is empty"
        assert self.target().description.strip(), "the task that it creates has no description"

    def test_options_are_described(self) -> None:
        """Each option has a description, which `targen describe METHOD` shows."""
        method: Method[Any] = self.registry().get("method", self.method)
        silent = [n for n, field in method.options.model_fields.items() if not field.description]
        assert not silent, f"describe {', '.join(silent)}: Field(..., description=...)"

    def test_presets_are_options(self) -> None:
        """Each preset consists of valid options."""
        method: Method[Any] = self.registry().get("method", self.method)
        for values in method.presets.values():
            method.options.model_validate(values)

    def test_keeps_rows_and_labels(self) -> None:
        """The rows have the base task's columns, labels and schema."""
        base: Task[Any, Any] = self.registry().get("task", self.base)
        made = self.target()
        made = made.replace(rows={"presets": base.rows.presets})  # a method may have more
        for name in ("instance", "labels", "rows", "schema"):
            if getattr(made, name) != getattr(base, name):
                fail(f"Task.{name} differs from the base task's: start from derived(base, ...)")

    def test_aims_at_every_label(self) -> None:
        """Each label has a generator."""
        made = self.target()
        missing = {*made.quota_names} - {*made.branches.values()}
        assert not missing, f"there is no generator for {', '.join(sorted(missing))}"

    def test_same_bytes_in_another_process(self, good: Any, tmp_path: Path) -> None:
        """Another process generates the same rows from the task's file."""
        method: Method[Any] = self.registry().get("method", self.method)
        if self.folder:
            pytest.skip("another process cannot read the file of a method that is not installed")
        base: Task[Any, Any] = self.registry().get("task", self.base)
        given = (str(_saved_rows(base, tmp_path)),)
        spec = MethodFile(
            use=self.method,
            task=self._saved_base(tmp_path),
            options=dict(self.settings),
            given=given if self._starts(method, base) else (),
        )
        path = tmp_path / "made.json"
        path.write_text(METHOD.text("method", METHOD.located(spec, tmp_path), "made"))
        note_own_copy(path)
        require_same_elsewhere(good, str(path), self.rows, "", tmp_path)

    def _starts(self, method: Method[Any], base: Task[Any, Any]) -> bool:
        takes = method.takes_given(Columns.of(base))
        return takes and (self.starts or method.given == "required")

    def _saved_base(self, folder: Path) -> str:
        if self.base not in BASES:
            return self.base
        path = folder / f"{self.base}.json"
        path.write_text(BASES[self.base].as_json(), encoding="utf-8")
        return str(path)


def _rows_of(base: Task[Any, Any]) -> Sequence[BaseModel]:
    """Rows for a method that starts from some."""
    columns, rng = Columns.of(base), random.Random(7)
    return [
        columns.instance(columns.made_up(rng), label.name)
        for _ in range(_GIVEN)
        for label in base.labels
    ]


def _saved_rows(base: Task[Any, Any], folder: Path) -> Path:
    path = folder / "given.jsonl"
    rows = [row for at, one in enumerate(_rows_of(base)) for row in base.to_rows(one, at)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
