"""Folders that targen continues: what is written, removed and refused there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from targen_core.cli.outputs import check_own, claim, locked, new_folder, put_folder, read_file
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.outputs import remove, write_file


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder of somebody's, with a file."""
    write_file(tmp_path / "other/kept", "all of it")
    return tmp_path / "other"


def test_plain_folders_are_taken_at_any_depth(tmp_path):
    write_file(tmp_path / "a/b/c", "x")
    check_own(tmp_path / "a")
    check_own(tmp_path / "a", "b/", "nothing")
    check_own(tmp_path / "nothing")
    claim(tmp_path / "a/new")
    assert (tmp_path / "a/new").is_dir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs there")
def test_what_blocks_a_reader_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for use in (
        lambda: check_own(tmp_path),
        lambda: read_file(pipe),
        lambda: write_file(pipe, "x"),
        lambda: remove(pipe),
    ):
        with pytest.raises((UsageError, RunDirectoryError), match="it is a FIFO"):
            use()


def test_one_process_holds_a_folder(tmp_path):
    with locked(tmp_path / "a"), pytest.raises(RunDirectoryError, match="another process"):
        locked(tmp_path / "a").__enter__()
    with locked(tmp_path / "a"):
        pass


def test_files_are_replaced_whole_and_texts_come_back(tmp_path):
    path = write_file(tmp_path / "a/b", "first")
    assert read_file(path) == "first"
    write_file(path, "half \ud83d")
    assert read_file(path) == r"half \ud83d"
    write_file(path, b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_file(path)
    with pytest.raises(UsageError, match="larger"):
        read_file(path, 0)
    assert read_file(tmp_path / "nothing") is None


def test_no_removal_follows_a_link(tmp_path, other):
    link = tmp_path / "link"
    link.symlink_to(other)
    inner = write_file(tmp_path / "made/file", "x").parent
    (inner / "in").symlink_to(other)
    for call in (lambda: remove(link), lambda: put_folder(inner, link)):
        with pytest.raises(RunDirectoryError, match="it is a link"):
            call()
    with pytest.raises(RunDirectoryError, match="it is a link"), new_folder(link):
        pass
    remove(inner)
    remove(tmp_path / "nothing")
    assert not inner.exists()
    assert (other / "kept").read_text() == "all of it"
