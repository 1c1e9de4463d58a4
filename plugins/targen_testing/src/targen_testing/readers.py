r"""`ReaderSuite`: the checks that every reader of task files must pass.

from targen_testing.readers import ReaderSuite as Suite

class TestIni(Suite):
    reader = "ini"
    file = "[task]\ndescription = Notes of a porter.\n..."
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.errors import TargenError, UsageError
from targen_core.origin import Typed
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.task_files import TaskFile, TaskReader, require_copy, task_file
from targen_core.tasks.model import Task
from targen_testing import trials
from targen_testing.suite import Described, fail

_BROKEN = (b"", b"\x00\xff\xfe", b"{", b"[" * 2000, "ключ: \u202e".encode("utf-16"))


class ReaderSuite(Described[TaskReader]):
    """Checks of a reader; set `reader` to its registered name, `file` to a file that it reads.

    Attributes:
        reader: the registered name, which is the suffix of its files without the dot.
        file: the text of a task file.
    """

    reader: ClassVar[str]
    file: ClassVar[str] = ""
    kind = "reader"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has a file."""
        raise UsageError(
            "write a ReaderSuite, and set `file` to the text of a task file with this suffix"
        )

    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The file."""
        monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
        path = tmp_path / f"sample.{self.reader.rpartition(':')[2]}"
        path.write_text(self.file, encoding="utf-8")
        return path

    def read(self, path: Path) -> TaskFile:
        """Return its task file."""
        try:
            return self.target().read(Typed(path))
        except Exception as error:
            fail(f"reading {path.name} raised {type(error).__name__}: {error}")

    # --- what must hold ---

    def test_reads(self, path: Path) -> None:
        """It creates a task from the file, always with the same version."""
        file, again = self.read(path), self.read(path)
        assert isinstance(file, TaskFile) and isinstance(file.task, Task), (
            "read() must return a TaskFile with a Task"
        )
        assert file.task.version == again.task.version, (
            "reading the same file again gives a different version"
        )

    def test_another_text_is_another_version(self, path: Path) -> None:
        """A different text gives a different version, so that no run mixes two tasks."""
        before = self.read(path).task
        words = before.description or before.summary
        if not words or words not in self.file:
            pytest.skip("the file does not contain the task's description verbatim")
        path.write_text(self.file.replace(words, f"{words} And more."), encoding="utf-8")
        assert self.read(path).task.version != before.version, (
            "the text differs, but the version is the same"
        )

    def test_its_copy_is_read_back(self, path: Path, tmp_path: Path) -> None:
        """A run keeps a copy of the file, from which it can be resumed on other machines."""
        file = self.read(path)
        run = tmp_path / "run"
        run.mkdir()
        (run / file.copy.partition(":")[0]).write_text(file.text, encoding="utf-8")
        try:
            require_copy(str(path), file, run)
            again = task_file(Typed(run / file.copy)).task
        except TargenError as error:
            fail(str(error))
        assert again.quota_names == file.task.quota_names, "the copy has different labels"

    def test_makes_rows(self, path: Path, tmp_path: Path) -> None:
        """The task generates rows from scripted replies."""
        task = self.read(path).task
        registry = self.registry().including(tasks={task.name: task})
        spec = trials.job_of(task, f"memory:{task.name}", 2)
        made = trials.generate(registry, spec, tmp_path / "run")
        if made.error is not None:
            fail(f"a run of the task ended with {made.error!r}")

    def test_refuses_in_words(self, path: Path) -> None:
        """A file that is not a task raises a `UsageError`, not another exception."""
        for content in _BROKEN:
            path.write_bytes(content)
            try:
                self.target().read(Typed(path))
            except UsageError:
                continue
            except Exception as error:
                fail(
                    f"reading {content[:20]!r} raised {type(error).__name__}: {error}; raise "
                    "UsageError"
                )
            fail(f"it accepts {content[:20]!r}, which is not a task")
