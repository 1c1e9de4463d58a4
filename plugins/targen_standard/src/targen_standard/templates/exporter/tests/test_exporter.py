"""(2) The conformance kit, and a test of what is in the file."""

from __future__ import annotations

from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_testing.exporters import ExporterSuite as Suite

from my_demo.exporter import EXPORTER


class TestExporter(Suite):
    """The same rows, the same bytes; odd rows; failures on the way."""

    exporter = "my-demo"


def test_a_line_for_each_row(tmp_path: Path) -> None:
    task = TestExporter().whose()
    rows = [{"text": "A warm\ncoat.", "label": "good", "idx": 0}]
    EXPORTER.write(Dataset("mine", task, rows), tmp_path / "made.txt")
    assert (tmp_path / "made.txt").read_text(encoding="utf-8") == "__label__good A warm coat.\n"
