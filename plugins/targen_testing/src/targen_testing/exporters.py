"""`ExporterSuite`: the checks that every exporter must pass.

from targen_testing.exporters import ExporterSuite as Suite

class TestPage(Suite):
    exporter = "page"
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.tasks.model import Task
from targen_standard.exporting.model import Exporter
from targen_standard.exporting.save import save
from targen_testing import trials
from targen_testing.sample import PAIRS
from targen_testing.suite import Described, PartSuite, fail
from targen_testing.trials import GOOD

_ODD = (
    "Two\nlines, \"quotes\", commas, 'and' more.",
    "=1+1;|\t\\ # * _ < & > [x](y) {z} $a %s",
    "Zażółć gęślą jaźń, 日本語, 🙂, \u2028 and \u00a0.",
)


class ExporterSuite(Described[Exporter], PartSuite[Exporter]):
    """Checks of an exporter; set `exporter` to its registered name.

    Attributes:
        exporter: the registered name.
        options: its options, each `"KEY=VALUE"` as after `-o NAME.`.
        task: whose rows it writes; by default those of the kit's own small
            task, a text and a label.
        rows: how many rows of each label it writes.
    """

    exporter: ClassVar[str]
    task: ClassVar[str] = "sample"
    rows: ClassVar[int] = 4
    kind = "exporter"

    # --- how the tests run it ---

    def whose(self) -> Task[Any, Any]:
        """The task whose rows are written."""
        task: Task[Any, Any] = self.everything().get("task", self.task)
        return task

    @pytest.fixture
    def dataset(self, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        """Rows to write: the task's own and, of the kit's task, odd ones."""
        return self.kept("dataset", lambda: self._made(tmp_path_factory.mktemp("dataset") / "run"))

    def _made(self, folder: Path) -> Dataset:
        task = self.whose()
        spec = trials.job_of(task, self.task, self.rows, options=GOOD, corrector=None)
        made = trials.generate(self.everything(), spec, folder)
        if made.error is not None:
            fail(f"task {self.task} generates no rows to write: {made.error}")
        rows = made.rows
        if self.task == "sample":
            rows += [
                {"text": text, "label": "good", "idx": len(rows) + number}
                for number, text in enumerate(_ODD)
            ]
        return Dataset("mine", task, rows, "# A card\n")

    def write(self, dataset: Dataset, folder: Path) -> list[Path]:
        """Write a dataset into `folder` as `targen export` does; the files."""
        folder.mkdir(parents=True, exist_ok=True)
        exporter = self.target()
        try:
            return save(dataset, exporter, folder / f"made{exporter.suffix}")
        except Exception as error:
            fail(
                f"writing {len(dataset.rows)} rows of {self.task} raised {type(error).__name__}: "
                f"{error}"
            )

    # --- what must hold ---

    def test_writes(self, dataset: Dataset, tmp_path: Path) -> None:
        """It writes a non-empty file or folder, whichever its suffix indicates."""
        files = self.write(dataset, tmp_path)
        assert files, "the folder does not contain any files"
        assert any(path.stat().st_size for path in files), "the files that it wrote are empty"

    def test_same_bytes_again(
        self, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same rows give the same bytes, without dates, randomness or folder names."""
        first = self._written(dataset, tmp_path / "first")
        again = self._written(dataset, tmp_path / "again")
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 1.5 * 86_400)
        later = self._written(dataset, tmp_path / "later")
        for when, other in (("again", again), ("a day later", later)):
            said = f"writing the same rows {when} gives"
            assert first.keys() == other.keys(), f"{said} different files"
            for name, content in first.items():
                assert content == other[name], (
                    f"{said} a different {name}; files in a zip, such as .xlsx and .docx, also "
                    "hold times, which must always be the same"
                )

    def _written(self, dataset: Dataset, folder: Path) -> dict[Path, bytes]:
        files = self.write(dataset, folder)
        return {path.relative_to(folder): path.read_bytes() for path in files}

    def test_keeps_pairs_together(self, tmp_path: Path) -> None:
        """It keeps two rows of one instance together, or raises an error that explains why not."""
        rows = [
            {"text": f"A {word} {thing}.", "label": label, "idx": 2 * at + side}
            for at, (thing, label) in enumerate([("lamp", "good"), ("boat", "bad")])
            for side, word in enumerate(("warm", "light"))
        ]
        exporter = self.target()
        try:
            save(Dataset("pairs", PAIRS, rows), exporter, tmp_path / f"made{exporter.suffix}")
        except UsageError:
            pass
        except Exception as error:
            fail(
                "some tasks have several rows per instance: iterate over dataset.instances or "
                f"dataset.units(), not row by row; {type(error).__name__}: {error}"
            )

    def test_changes_no_row(self, dataset: Dataset, tmp_path: Path) -> None:
        """It does not change the rows."""
        before = copy.deepcopy(dataset.rows)
        self.write(dataset, tmp_path)
        assert dataset.rows == before

    def test_writes_nowhere_else(
        self, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It leaves no file outside the given path."""
        folder, current = tmp_path / "out", tmp_path / "current"
        folder.mkdir()
        current.mkdir()
        monkeypatch.chdir(current)
        made = folder / f"made{self.target().suffix}"
        self.target().write(dataset, made)
        outside = [path for path in (*folder.iterdir(), *current.iterdir()) if path != made]
        assert not outside, f"it writes outside its target: {', '.join(map(str, outside))}"

    def test_leaves_nothing_half_done(self, dataset: Dataset, tmp_path: Path) -> None:
        """It does not hide failures, so an incomplete dataset cannot look complete."""
        exporter = self.target()
        out = tmp_path / f"made{exporter.suffix}"
        rows = _Torn(dataset.rows)
        try:
            save(Dataset(dataset.name, dataset.task, rows, dataset.card), exporter, out)
        except _TornRow:
            assert not list(tmp_path.iterdir()), "parts of the incomplete export are left behind"
        else:
            fail(
                "reading a row failed, but the exporter wrote half of the rows as if they were "
                "complete"
            )

    def test_refuses_in_words(self, dataset: Dataset, tmp_path: Path) -> None:
        """If it cannot write a dataset, such as one without rows, it raises a UsageError."""
        exporter = self.target()
        empty = Dataset(dataset.name, dataset.task, (), dataset.card)
        try:
            save(empty, exporter, tmp_path / f"made{exporter.suffix}")
        except UsageError:
            pass
        except Exception as error:
            fail(f"writing a dataset without rows raised {type(error).__name__}: {error}")


class _TornRow(Exception):
    """The kit's own failure."""


class _Torn(list[Mapping[str, Any]]):
    """Rows that cannot be read beyond the middle."""

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        yield from islice(super().__iter__(), len(self) // 2)
        raise _TornRow

    def __getitem__(self, index: Any) -> Any:
        raise _TornRow
