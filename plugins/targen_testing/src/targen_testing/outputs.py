"""`OutputSuite`: the checks that every output of task files must pass, in a task that has it.

from targen_testing.outputs import OutputSuite as Suite

class TestGrades(Suite):
output = "grades"
file = "{description: Short reviews., output: {grades: {good: they like it, bad: they do not}}}"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.reading.typed import yaml_of
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.outputs import OutputType, output_in
from targen_testing.suite import fail
from targen_testing.tasks import TaskSuite, require_same_elsewhere
from targen_testing.trials import Trial


class OutputSuite(TaskSuite):
    """Checks of an output: those of a task that has it, and a few of its own.

    Set `output` to its registered name, `file` to a task file with it.

    Attributes:
        output: the registered name.
        file: the text of a task file, in YAML, whose key `output` declares it.
    """

    output: ClassVar[str]
    file: ClassVar[str] = ""
    task: ClassVar[str] = "kit-output"
    kind = "output"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has a file with the output."""
        raise UsageError(
            "write an OutputSuite, and set `file` to the text of a task file with this output"
        )

    def registry(self) -> Registry:
        """The plugins, and the task of the file."""

        def make() -> Registry:
            task = self.declared().task(name=self.task)
            return TaskSuite.registry(self).including(tasks={self.task: task})

        return self.kept("with-task", make)

    def declared(self) -> Declaration:
        """The file."""
        assert self.file, f"set {type(self).__name__}.file to the text of a task file"
        return Declaration.model_validate(yaml_of(self.file))

    def kind_of_output(self) -> OutputType[Any]:
        """Return the registered object."""
        found: OutputType[Any] = TaskSuite.registry(self).get("output", self.output)
        return found

    # --- what must hold ---

    def test_file_has_the_output(self) -> None:
        """The file declares the output that the suite tests."""
        name = self.output.rpartition(":")[2]
        below = self.declared().output or {}
        assert name in below, f"the file has no key {name} under output"

    def test_keys_are_described(self) -> None:
        """It is registered with a summary, and each key has a description."""
        item = TaskSuite.registry(self).find("output", self.output)
        assert item.summary.strip(), "register it with a summary"
        fields = self.kind_of_output().spec.model_fields
        bare = [name for name, field in fields.items() if not (field.description or "").strip()]
        assert not bare, f"keys without a description: {', '.join(bare)}"

    def test_refuses_misspelt_keys(self) -> None:
        """An unknown key raises an error."""
        below = {**(self.declared().output or {}), "no-such-key": 1}
        try:
            self.kind_of_output().spec.model_validate(below)
        except ValidationError:
            return
        fail('it accepts any key: set model_config = ConfigDict(extra="forbid")')

    def test_a_copy_means_the_same(self) -> None:
        """A run's copy of the file gives the same task."""
        one = self.declared()
        copied = Declaration.model_validate_json(one.as_json())
        again = copied.task(name=self.task)
        task = self.target()
        for name in ("version", "labels", "prompt_versions"):
            assert getattr(task, name) == getattr(again, name), f"{name} differs in the copy"

    def test_a_row_s_own_answers_give_its_own_output(self, good: Trial) -> None:
        """If a person does not change any answer, no column changes."""
        task = self.target()
        output = output_in(task)
        assert output is not None, "its task's rows have no output"
        for official in good.rows:
            (instance,) = task.from_rows([official])
            row = instance.model_dump(mode="json")
            answers = {asked.name: asked.value for asked in output.questions(row)}
            if answers:
                found = {**output.answered(row, answers)}
                own = {name: row[name] for name in output.columns}
                assert found == own, (
                    f"answered() changes {own} to {found}, although no answer changed"
                )

    def test_same_bytes_in_another_process(self, good: Trial, tmp_path: Path) -> None:
        """Another process generates the same rows from the file."""
        file = tmp_path / "kit.yaml"
        file.write_text(self.file, encoding="utf-8")
        require_same_elsewhere(good, str(file), self.rows, self.folder, tmp_path)
