"""All readers take regular files alone, of bounded size, and name what they refuse."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from targen_core.errors import UnreadableFile
from targen_core.plain import content_of
from targen_core.reading.arrays import read_array, read_arrays
from targen_core.reading.files import read_json, read_text
from targen_core.reading.tables import ParquetRows, arrow_rows
from targen_core.reading.typed import read_toml, read_yaml

np = pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

READERS = {
    "bytes": content_of,
    "text": read_text,
    "json": read_json,
    "yaml": read_yaml,
    "toml": read_toml,
    "npy": read_array,
    "mapped": lambda path, **how: read_array(path, mapped=True, **how),
    "npz": read_arrays,
    "parquet": ParquetRows,
    "arrow": lambda path, **how: list(arrow_rows(path, **how)),
}
BOUNDED = ["bytes", "text", "json", "yaml", "toml", "npy"]
EACH = pytest.mark.parametrize("read", list(READERS.values()), ids=list(READERS))


def write(name: str, path: Path) -> None:
    """Write a small file that the reader accepts."""
    if name in ("npy", "mapped"):
        with path.open("wb") as file:
            np.save(file, np.arange(3))
    elif name == "npz":
        with path.open("wb") as file:
            np.savez(file, a=np.arange(3))
    elif name == "parquet":
        pq.write_table(pa.table({"a": [1]}), path)
    elif name == "arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, pa.schema([])):
            pass
    else:
        path.write_text("{}" if name != "toml" else "a = 1\n")


NOT_REGULAR = {
    "fifo": "a FIFO, not a regular file",
    "device": "a device|points outside",
    "socket": "socket|[Nn]o such device",
}


@EACH
@pytest.mark.parametrize("inside", [True, False])
def test_a_fifo_a_device_and_a_socket_hold_up_no_reader(read, inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may have about 100 letters
    os.mkfifo("fifo")
    Path("device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name, why in NOT_REGULAR.items():
            with pytest.raises(UnreadableFile, match=why):
                read(tmp_path / name, inside=tmp_path if inside else None)


@pytest.mark.parametrize("name", READERS)
def test_a_link_out_of_a_strangers_folder_is_refused(name, tmp_path):
    read = READERS[name]
    folder = tmp_path / "folder"
    folder.mkdir()
    write(name, tmp_path / "file")
    write(name, folder / "own")
    (folder / "out").symlink_to(tmp_path / "file")
    (folder / "in").symlink_to(folder / "own")
    (folder / "there").symlink_to(tmp_path)
    read(folder / "own", inside=folder)
    read(folder / "in", inside=folder)
    read(folder / "out")  # the user has typed it
    for path in (folder / "out", folder / "there" / "file", folder / ".." / "file"):
        with pytest.raises(UnreadableFile, match="points outside"):
            read(path, inside=folder)


@pytest.mark.parametrize("name", BOUNDED)
def test_a_file_is_read_to_a_size(name, tmp_path):
    path = tmp_path / "file"
    write(name, path)
    size = path.stat().st_size
    READERS[name](path, size)
    for inside in (None, tmp_path):
        with pytest.raises(UnreadableFile, match="larger than"):
            READERS[name](path, size - 1, inside=inside)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":\n\n oops}', "line 3: it is not JSON"),
        ('\n{"a": NaN}', "NaN is not valid JSON"),
        ('{"a":\n' + "[" * 99 + "]" * 99 + "}", "line 2: nested more than 64 levels"),
        ("[" * 100_000, "line 1: nested more than 64 levels"),
        ("", "line 1: it is not JSON"),
        ('{"a":\n1, "b":\n' + "9" * 5000 + "}", "line 3: it contains a number of more than 4,300"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text, why, tmp_path):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=why) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"cannot read {path}")
    assert isinstance(caught.value, ValueError)  # as `load` of a trainer promises


def test_a_byte_order_mark_is_left_out(tmp_path):
    (tmp_path / "file").write_text('\ufeff{"a": 1}', encoding="utf-8")
    assert read_json(tmp_path / "file") == {"a": 1}
