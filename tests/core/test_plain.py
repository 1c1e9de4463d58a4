"""Plain files and nothing else."""

from __future__ import annotations

import os

import pytest

from targen_core.plain import NotPlain, kind_of, open_plain, read_plain, replace_plain


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def make(path, kind):
    if kind == "a link":
        path.symlink_to(path.with_name("elsewhere"))
    elif kind == "a FIFO":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["a link", "a FIFO", "a folder"])
@pytest.mark.parametrize("there", [True, False])
def test_what_is_no_file_is_neither_read_nor_written(kind, there, path):
    make(path, kind)
    if there:
        path.with_name("elsewhere").write_bytes(b"kept")
    assert kind_of(path) == kind
    for use in (
        lambda: read_plain(path, 99),
        lambda: replace_plain(path, b"new"),
        lambda: open_plain(path, os.O_RDWR | os.O_CREAT),
        lambda: open_plain(path, os.O_WRONLY | os.O_APPEND),
    ):
        with pytest.raises(NotPlain) as caught:
            use()
        assert caught.value.strerror == f"it is {kind}, not a regular file"
    assert path.with_name("elsewhere").exists() == there
    assert sorted(p.name for p in path.parent.iterdir()) == ["elsewhere", "file"][1 - there :]


def test_a_file_is_replaced_whole(path):
    for data in (b"first", b"second"):
        replace_plain(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in path.parent.iterdir()] == ["file"]
