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


def test_long_statistics_do_not_hide_a_page(parquet):
    path = parquet({"text": ["x" * 20_000, "y" * 90_000]})
    assert [len(row["text"]) for row in ParquetRows(path)] == [20_000, 90_000]


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


@pytest.mark.parametrize("most", [1000, 64 << 20])
def test_texts_in_lists_may_leave_their_dictionary(most, parquet, monkeypatch):
    monkeypatch.setattr(tables, "_AT_ONCE", most)
    texts = [[f"this is row {at}", "x"] for at in range(500)]
    whole = pa.table({"list": texts, "part": [{"q": text[0]} for text in texts]})
    path = parquet(whole, dictionary_pagesize_limit=500, data_page_size=100)
    assert list(ParquetRows(path)) == whole.to_pylist()


def test_rows_have_a_size(parquet, monkeypatch):
    monkeypatch.setattr(tables, "_AT_ONCE", 1000)
    assert len(list(ParquetRows(parquet({"text": [["x" * 90] * 5] * 7})))) == 7
    monkeypatch.setattr(tables, "_WHOLE", 10_000)
    monkeypatch.setattr(tables, "_TIMES", 1)
    with pytest.raises(UnreadableFile, match="its rows unpack to too many bytes"):
        list(ParquetRows(parquet({"text": [["x"], ["x" * 90] * 500]})))


BOUNDS = [
    ("_PAGE", 1 << 20, {"text": ["x" * (2 << 20)]}, "the maximum is"),  # whatever the footer says
    ("_FREE", 10_000, {"list": [[0] * 50_000]}, "its lists claim to hold 50,000 values"),
]


@pytest.mark.parametrize(("bound", "most", "columns", "why"), BOUNDS)
def test_pages_and_lists_have_a_size(bound, most, columns, why, parquet, monkeypatch):
    monkeypatch.setattr(tables, bound, most)
    path = parquet(columns, compression="zstd")
    with pytest.raises(UnreadableFile, match=why):
        ParquetRows(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 3, b"x" * 100, b"\xff" * 8 + b"PAR1"])
def test_what_is_no_parquet_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableFile):
        ParquetRows(tmp_path / "file")


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


def test_a_header_that_declares_a_long_list_is_refused(parquet):
    path = parquet({"text": ["x" * 5000]}, compression="none", use_dictionary=False)
    about = pq.ParquetFile(path).metadata.row_group(0).column(0)
    data = bytearray(path.read_bytes())
    # Field 1 is a list of 2**62 truth values, which would take no bytes.
    header = b"\x19\xf1" + b"\xff" * 8 + b"\x7f\0"
    data[about.data_page_offset : about.data_page_offset + len(header)] = header
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="a page does not have a readable header"):
        ParquetRows(path)


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


def test_runs_and_views_of_arrow_are_not_read(tmp_path):
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([1 << 30], pa.int32()), pa.array(["x"]))
    with pytest.raises(UnreadableFile, match="targen cannot read columns of type run_end_encoded"):
        list(arrow_rows(arrow(tmp_path / "file", batch(runs=runs))))


@pytest.mark.parametrize("column", [["x" * 9000], pa.array(["x" * 9000]).dictionary_encode()])
def test_compressed_arrow_is_not_read(column, tmp_path):
    path = arrow(tmp_path / "file", batch(text=pa.array(column)), compression="zstd")
    with pytest.raises(UnreadableFile, match="its batches are compressed"):
        list(arrow_rows(path))


def test_texts_of_arrow_lie_in_their_file(tmp_path):
    path = arrow(tmp_path / "file", batch(text=["ab", "cd"]))
    ends, beyond = (
        b"".join(at.to_bytes(4, "little") for at in (0, *two)) for two in ((2, 4), (2, 1 << 30))
    )
    data = path.read_bytes()
    assert ends in data
    for damaged in (data.replace(ends, beyond), b""):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableFile):
            list(arrow_rows(path))


def test_a_damaged_arrow_file_is_refused_or_read(tmp_path):
    path = arrow(tmp_path / "file", *table(50).drop_columns(["map"]).to_batches())
    for damaged in damage(path, 0, 41):
        with contextlib.suppress(UnreadableFile):  # and no other error
            list(arrow_rows(damaged))
