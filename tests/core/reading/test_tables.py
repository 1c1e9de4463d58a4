"""Parquet from a stranger: bounded by decoded bytes, not by rows."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from targen_core.errors import UnreadableFile
from targen_core.reading import tables
from targen_core.reading.tables import ParquetRows, arrow_rows

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

LIMIT = 600 << 10  # KiB of memory, where the rows have 2.7 GB

FIRST = """
import resource, sys
from pathlib import Path
import pyarrow.compute, pyarrow.parquet
from targen_core.dataset.source import open_source
from targen_core.errors import UnreadableFile
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_source(Path(sys.argv[1])).rows()
except UnreadableFile as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def table(rows=1000):
    at_each = range(rows)
    pairs = pa.array([[("a", at)] for at in at_each], pa.map_(pa.string(), pa.int64()))
    return pa.table(
        {
            "text": [f"this is row {at}" for at in at_each],
            "label": [at % 3 for at in at_each],
            "list": [["a", None, f"b{at}"][: at % 4] for at in at_each],
            "map": pairs,
            "part": [{"q": ["x"] * (at % 3), "n": 1.5} for at in at_each],
            "coded": pa.array(["abc", None] * (rows // 2)).dictionary_encode(),
            "bytes": [b"x"] * rows,
            "none": [None] * rows,
        }
    )


@pytest.fixture
def parquet(tmp_path):
    """Write a table to a file; its path."""

    def write(table, **how):
        pq.write_table(pa.table(table), tmp_path / "file", **how)
        return tmp_path / "file"

    return write


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_are_those_that_were_written(version, compression, dictionary, parquet):
    whole = table(200)
    pages = {"data_page_size": 500, "row_group_size": 60, "data_page_version": version}
    checks = {"write_page_index": dictionary, "write_page_checksum": True}
    rows = ParquetRows(
        parquet(whole, compression=compression, use_dictionary=dictionary, **pages, **checks)
    )
    assert rows.count == 200
    assert list(rows) == whole.to_pylist()
    assert list(rows) == whole.to_pylist()  # as often as one asks


@pytest.mark.skipif(sys.platform != "linux", reason="others count bytes")
def test_a_text_that_stands_in_each_row_takes_no_gigabytes(tmp_path):
    path = tmp_path / "rows.parquet"
    column = {"text": coded("x" * 270_000, 10_000)}
    pq.write_table(pa.table(column), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 2000
    done = subprocess.run(
        [sys.executable, "-c", FIRST, str(path)], capture_output=True, text=True, check=True
    )
    refused, taken = done.stdout.splitlines()
    assert refused == f"cannot read {path}: its rows unpack to too many bytes"
    assert int(taken) < LIMIT


def test_rows_have_a_size(parquet, monkeypatch):
    monkeypatch.setattr(tables, "_AT_ONCE", 1000)
    assert len(list(ParquetRows(parquet({"text": [["x" * 90] * 5] * 7})))) == 7
    monkeypatch.setattr(tables, "_WHOLE", 10_000)
    monkeypatch.setattr(tables, "_TIMES", 1)
    with pytest.raises(UnreadableFile, match="its rows unpack to too many bytes"):
        list(ParquetRows(parquet({"text": [["x"], ["x" * 90] * 500]})))


def damage(path, start, step):
    """Change a byte of a file at each place in turn."""
    data = path.read_bytes()
    for at in range(start, len(data), step):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        yield path


def test_a_damaged_file_is_refused_or_read(parquet):
    for path in damage(parquet(table(50), write_page_checksum=True), 4, 37):
        with contextlib.suppress(UnreadableFile):  # and no other error
            list(ParquetRows(path))


# --- Arrow ---------------------------------------------------------------------


def arrow(path, *batches, compression=None):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_stream(file, batches[0].schema, options=options) as writer,
    ):
        for each in batches:
            writer.write_batch(each)
    return path


def batch(**columns):
    return pa.record_batch(list(columns.values()), names=list(columns))


def coded(value, times):
    """A column that repeats one value, which the file contains once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([value]))


def test_rows_of_arrow_are_those_that_were_written(tmp_path, monkeypatch):
    whole = table()
    path = arrow(tmp_path / "file", *whole.to_batches(max_chunksize=300))
    assert list(arrow_rows(path)) == whole.to_pylist()
    monkeypatch.setattr(tables, "_AT_ONCE", 1000)
    assert list(arrow_rows(path)) == whole.to_pylist()


BOMBS = {
    "nulls": lambda: batch(none=pa.nulls(1 << 30)),
    "texts": lambda: batch(text=coded("x" * 90_000, 50_000)),
    "lists": lambda: batch(coded=coded([1] * 90_000, 50_000)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_few_bytes_of_arrow_are_no_gigabytes(bomb, tmp_path):
    path = arrow(tmp_path / "file", bomb())
    assert path.stat().st_size < 2 << 20
    with pytest.raises(UnreadableFile, match="its rows unpack to too many bytes"):
        list(arrow_rows(path))
