r"""`DatasetReaderSuite`: the checks that every reader of datasets must pass.

from targen_testing.dataset_readers import DatasetReaderSuite as Suite

class TestLedger(Suite):
    dataset_reader = "ledger"

    def good(self, folder):
        (folder / "night.ledger").write_text("calm | Nothing to report.\n")
        return folder / "night.ledger"
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.dataset.source import DatasetReader, Source
from targen_core.errors import TargenError, UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_testing.suite import Described, fail

_OTHERS = {"rows.csv": "text,label\nLate.,no\n", "rows.jsonl": '{"text": "Late.", "label": "no"}\n'}


class DatasetReaderSuite(Described[DatasetReader]):
    """Checks of a reader; set `dataset_reader` to its registered name, and `good` to a dataset.

    Attributes:
        dataset_reader: the registered name.
    """

    dataset_reader: ClassVar[str]
    kind = "dataset-reader"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has a dataset."""
        raise UsageError("write a DatasetReaderSuite, and set `good` to write a dataset")

    def good(self, folder: Path) -> Path:
        """Write a dataset into a folder, and return its file or folder."""
        fail(f"define {type(self).__name__}.good(folder)")

    def bad(self, folder: Path) -> Path:
        """Write a dataset whose last row cannot be read, and return its file or folder."""
        pytest.skip("does not define bad(folder)")

    def open(self, path: Path) -> Source | None:
        """Open a file or a folder."""
        reader = self.target()
        return reader.folder(path) if path.is_dir() else reader.file(path, "utf-8")

    def rows(self, path: Path) -> list[Mapping[str, Any]]:
        """Return the rows; an empty list if it is not the reader's.

        Raises:
            TargenError: they cannot be read.
        """
        source = self.open(path)
        return [] if source is None else source.rows()

    # --- what must hold ---

    def test_reads(self, tmp_path: Path) -> None:
        """It reads a dataset, with the same rows each time."""
        path = self.good(tmp_path)
        source = self.open(path)
        if not isinstance(source, Source):
            fail(f"it returned {type(source).__name__} for {path.name}, not a Source")
        assert source.rows() == source.rows() == self.rows(path), "rows differ the second time"

    def test_leaves_others(self, tmp_path: Path) -> None:
        """It returns None for files and folders in another format."""
        for name, text in _OTHERS.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        for path in (*(tmp_path / name for name in _OTHERS), tmp_path):
            assert self.open(path) is None, f"it opens {path.name or path}, which is not its own"

    def test_names_the_row(self, tmp_path: Path) -> None:
        """A row that cannot be read raises an error that names its file and its place."""
        path = self.bad(tmp_path)
        with pytest.raises(TargenError) as caught:
            self.rows(path)
        said = str(caught.value)
        assert path.name in said and any(map(str.isdigit, said.replace(str(path), ""))), (
            f"the error names no file or no place: {said}"
        )

    def test_follows_no_links(self, tmp_path: Path) -> None:
        """It reads nothing through links in a folder, which may come from a stranger."""
        (inside := tmp_path / "given").mkdir()
        path = self.good(inside)
        if not path.is_dir():
            pytest.skip("its datasets are files")
        for file in [each for each in path.rglob("*") if each.is_file()]:
            shutil.move(file, elsewhere := tmp_path / "elsewhere")
            file.symlink_to(elsewhere)
            try:
                read = self.rows(path)
            except TargenError:
                read = []
            file.unlink()
            shutil.move(elsewhere, file)
            assert not read or file.stat().st_size == 0, f"it follows the link {file.name}"
