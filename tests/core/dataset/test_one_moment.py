"""A run that is resumed while it is read shows one moment: rows, counts, state and card."""

from __future__ import annotations

import re
import shutil

import pytest

import targen_core as tg
from targen_core.dataset import reading as read
from targen_core.dataset.reading import read_dataset
from targen_standard.task_files.model import Declaration

TASK = Declaration(
    name="reviews",
    description="Short reviews of restaurants.",
    labels={"positive": "the guest would come back", "negative": "the guest would not come back"},
    contexts="occasions",  # one row per call
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of 8 rows, and the same as it is when it was resumed for 16, before it ends."""
    folder = tmp_path_factory.mktemp("runs")
    known = {"contexts": ["lunch", "dinner"], "model": "scripted", "progress": False}
    tg.generate(TASK, n=8, out=folder / "ended", cache=False, **known)
    going = shutil.copytree(folder / "ended", folder / "going")
    tg.resume(going, n=16, progress=False)
    shutil.copy(folder / "ended" / "README.md", going)
    (going / "report.json").unlink()
    return folder


@pytest.fixture
def going(tmp_path, made):
    """A run as it is before it ends: no report, an old card."""
    return shutil.copytree(made, tmp_path / "runs") / "going"


def counts(card):
    return sum(int(found) for found in re.findall(r"^\| (?:posi|nega)tive \| (\d+) \|", card, re.M))


def test_rows_that_come_while_it_is_read_are_left_out(going, monkeypatch):
    whole = {name: (going / name).read_bytes() for name in ("dataset.jsonl", "provenance.jsonl")}
    (going / "ledger").unlink()
    for name, data in whole.items():  # 10 rows are there, and the last is only in provenance
        lines = data.splitlines(keepends=True)
        (going / name).write_bytes(b"".join(lines[: 10 if name == "dataset.jsonl" else 11]))
    told = read.read_report

    def then_more(run):
        report = told(run)
        for name, data in whole.items():
            (going / name).write_bytes(data)
        return report

    monkeypatch.setattr(read, "read_report", then_more)
    found = read_dataset(going)
    assert (len(found), sum(found.report["rows"].values()), counts(found.card)) == (10, 10, 10)
    assert len(list(found.provenance)) == 10
