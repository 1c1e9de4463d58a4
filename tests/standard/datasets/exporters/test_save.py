"""An export appears whole or not at all, and replaces only what may be replaced."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from targen_core.errors import RunDirectoryError, UsageError
from targen_standard.exporting.model import Exporter
from targen_standard.exporting.save import check_free, save


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


def test_a_link_to_nothing_is_something(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nothing")
    for force in (False, True):
        with pytest.raises(UsageError, match="out is a link"):
            check_free(tmp_path / "out", folder=False, force=force)


@pytest.mark.parametrize(("exporter", "there"), [(FILE, "folder"), (FOLDER, "file")])
def test_a_file_does_not_replace_a_folder_nor_a_folder_a_file(exporter, there, dataset, tmp_path):
    out = tmp_path / "out"
    (out.mkdir if there == "folder" else out.touch)()
    with pytest.raises(UsageError, match=f"out is a {there}, but this export is a "):
        save(dataset(), exporter, out, force=True)
    assert everything(tmp_path) == ["out"]


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


def test_a_missing_file_of_the_exporter_is_not_blamed_on_the_output(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exporter = Exporter(write=lambda dataset, out: Path("none.tpl").read_text(), suffix=".txt")
    for out in (tmp_path / "out.txt", Path("out.txt")):
        with pytest.raises(FileNotFoundError, match=r"none\.tpl"):
            save(dataset(), exporter, out)
    assert everything(tmp_path) == []


def test_an_old_folder_comes_back_where_the_new_one_cannot_take_its_place(
    dataset, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    save(dataset(), FOLDER, out)
    (out / "README.md").write_text("old")
    rename = type(out).rename

    def fail(path, target):
        if path.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(type(out), "rename", fail)
    with pytest.raises(RunDirectoryError):
        save(dataset(), FOLDER, out, force=True)
    assert (out / "README.md").read_text() == "old"
    assert everything(tmp_path) == ["out", "out/README.md", "out/data", "out/data/rows"]


def test_where_nothing_may_be_written(dataset, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunDirectoryError, match=r"cannot write .*: "):
        save(dataset(), FILE, tmp_path / "file" / "out.txt")


@pytest.mark.parametrize(
    ("exporter", "words"),
    [
        (Exporter(write=lambda dataset, out: None, suffix=".txt"), "it did not create a file"),
        (Exporter(write=_write_folder, suffix=".txt"), "it did not create a file"),
        (Exporter(write=_write_file, suffix=""), "it did not create a folder"),
    ],
)
def test_an_exporter_makes_what_it_says(exporter, words, dataset, tmp_path):
    with pytest.raises(RuntimeError, match=words):
        save(dataset(), exporter, tmp_path / "out")
    assert everything(tmp_path) == []
