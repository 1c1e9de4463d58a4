"""An export appears whole or not at all, and replaces only what may be replaced."""

from __future__ import annotations

import errno
import os

import pytest

from targen_core.errors import RunDirectoryError, UsageError
from targen_standard.exporting.model import Exporter
from targen_standard.exporting.save import save


def _write_file(dataset, out):
    out.write_text("new")


def _write_folder(dataset, out):
    (out / "data").mkdir(parents=True)
    (out / "data" / "rows").write_text("new")
    (out / "README.md").write_text("new")


FILE = Exporter(write=_write_file, suffix=".txt")
FOLDER = Exporter(write=_write_folder, suffix="")


def everything(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))


def test_a_file_and_a_folder(dataset, tmp_path):
    out = tmp_path / "deep" / "out.txt"
    assert save(dataset(), FILE, out) == [out]
    assert out.read_text() == "new"
    folder = tmp_path / "deep" / "folder"
    assert save(dataset(), FOLDER, folder) == [folder / "README.md", folder / "data" / "rows"]
    assert everything(tmp_path / "deep") == [
        "folder",
        "folder/README.md",
        "folder/data",
        "folder/data/rows",
        "out.txt",
    ]


@pytest.mark.parametrize("exporter", [FILE, FOLDER])
def test_what_is_there_stays_unless_it_is_to_be_replaced(exporter, dataset, tmp_path):
    out = tmp_path / "out"
    save(dataset(), exporter, out)
    old = out if exporter is FILE else out / "README.md"
    old.write_text("old")
    with pytest.raises(UsageError) as caught:
        save(dataset(), exporter, out)
    assert str(caught.value) == f"{out} exists"
    what = "it" if exporter is FILE else "an earlier export"
    assert caught.value.hint == f"use --force to replace {what}, or choose a different --out"
    assert old.read_text() == "old"
    save(dataset(), exporter, out, force=True)
    assert old.read_text() == "new"


def test_a_folder_with_anything_of_somebody_else_s_is_not_replaced(dataset, tmp_path):
    out = tmp_path / "out"
    save(dataset(), FOLDER, out)
    (out / "data" / "mine").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(UsageError) as caught:
        save(dataset(), FOLDER, out, force=True)
    assert str(caught.value) == (
        f"{out} contains data{os.sep}mine, which did not come from an export and would be lost"
    )
    assert everything(tmp_path) == before


def _failing(error):
    def write(dataset, out):
        out.write_text("half")
        raise error

    return Exporter(write=write, suffix=".txt")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some space, or choose"),
        (OSError(errno.EROFS, "Read-only file system"), "choose"),
        (KeyboardInterrupt(), ""),
    ],
)
def test_a_full_disk_or_a_stop_leaves_what_was_there_and_nothing_else(
    error, hint, there, dataset, tmp_path
):
    out = tmp_path / "out.txt"
    if there:
        out.write_text("old")
    with pytest.raises(RunDirectoryError if hint else KeyboardInterrupt) as caught:
        save(dataset(), _failing(error), out, force=True)
    assert everything(tmp_path) == (["out.txt"] if there else [])
    assert not there or out.read_text() == "old"
    if hint:
        assert str(caught.value) == f"cannot write {out}: {error.strerror}"
        assert caught.value.hint == f"{hint} a different --out"
