"""Parquet from a stranger: bounded by decoded bytes, not by rows."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from targen_cli.reading import ParquetRows, arrow_rows, tables
from targen_core.errors import UnreadableFile

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

LIMIT = 600 << 10  # KiB of memory, where the rows have 2.7 GB

FIRST = """
import resource, sys
from pathlib import Path
import pyarrow.compute, pyarrow.parquet
from targen_standard.datasets.source import open_source
from targen_core.errors import UnreadableFile
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_source(Path(sys.argv[1])).rows()
except UnreadableFile as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def table(rows=1000):
    return pa.table(
        {
            "text": [f"this is row {at}" for at in range(rows)],
            "label": [at % 3 for at in range(rows)],
            "list": [["a", None, f"b{at}"][: at % 4] for at in range(rows)],
            "map": pa.array([[("a", at)] for at in range(rows)], pa.map_(pa.string(), pa.int64())),
            "part": [{"q": ["x"] * (at % 3), "n": 1.5} for at in range(rows)],
            "coded": pa.array(["abc", None] * (rows // 2)).dictionary_encode(),
            "bytes": [b"x"] * rows,
            "none": [None] * rows,
        }
    )


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_are_those_that_were_written(version, compression, dictionary, tmp_path):
    whole = table()
    pq.write_table(
        whole,
        tmp_path / "file",
        data_page_version=version,
        compression=compression,
        use_dictionary=dictionary,
        data_page_size=500,
        row_group_size=300,
        write_page_index=dictionary,
        write_page_checksum=True,
    )
    rows = ParquetRows(tmp_path / "file")
    assert rows.count == 1000
    assert list(rows) == whole.to_pylist()
    assert list(rows) == whole.to_pylist()  # as often as one asks


def test_long_statistics_do_not_hide_a_page(tmp_path):
    pq.write_table(pa.table({"text": ["x" * 20_000, "y" * 90_000]}), tmp_path / "file")
    assert [len(row["text"]) for row in ParquetRows(tmp_path / "file")] == [20_000, 90_000]


@pytest.mark.skipif(sys.platform != "linux", reason="others count bytes")
def test_a_text_that_stands_in_each_row_takes_no_gigabytes(tmp_path):
    path = tmp_path / "rows.parquet"
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), ["x" * 270_000])
    pq.write_table(pa.table({"text": coded}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 2000
    done = subprocess.run(
        [sys.executable, "-c", FIRST, str(path)], capture_output=True, text=True, check=True
    )
    refused, taken = done.stdout.splitlines()
    assert refused == f"cannot read {path}: its rows unpack to too many bytes"
    assert int(taken) < LIMIT


@pytest.mark.parametrize("most", [1000, 64 << 20])
def test_texts_in_lists_may_leave_their_dictionary(most, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_AT_ONCE", most)
    texts = [[f"this is row {at}", "x"] for at in range(500)]
    whole = pa.table({"list": texts, "part": [{"q": text[0]} for text in texts]})
    pq.write_table(whole, tmp_path / "file", dictionary_pagesize_limit=500, data_page_size=100)
    assert list(ParquetRows(tmp_path / "file")) == whole.to_pylist()


def test_rows_have_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_AT_ONCE", 1000)
    pq.write_table(pa.table({"text": [["x" * 90] * 5] * 7}), tmp_path / "file")
    assert len(list(ParquetRows(tmp_path / "file"))) == 7
    monkeypatch.setattr(tables, "_WHOLE", 10_000)
    monkeypatch.setattr(tables, "_TIMES", 1)
    pq.write_table(pa.table({"text": [["x"], ["x" * 90] * 500]}), tmp_path / "file")
    with pytest.raises(UnreadableFile, match="its rows unpack to too many bytes"):
        list(ParquetRows(tmp_path / "file"))


def test_a_page_has_a_size_whatever_the_footer_says(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_PAGE", 1 << 20)
    pq.write_table(pa.table({"text": ["x" * (2 << 20)]}), tmp_path / "file", compression="zstd")
    with pytest.raises(UnreadableFile, match="the maximum is"):
        ParquetRows(tmp_path / "file")


def test_lists_hold_what_the_files_size_explains(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_FREE", 10_000)
    pq.write_table(pa.table({"list": [[0] * 50_000]}), tmp_path / "file")
    with pytest.raises(UnreadableFile, match="its lists claim to hold 50,000 values"):
        ParquetRows(tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 3, b"x" * 100, b"\xff" * 8 + b"PAR1"])
def test_what_is_no_parquet_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableFile):
        ParquetRows(tmp_path / "file")


def test_a_damaged_file_is_refused_or_read(tmp_path):
    pq.write_table(table(50), tmp_path / "file", write_page_checksum=True)
    data = (tmp_path / "file").read_bytes()
    for at in range(4, len(data), 37):
        (tmp_path / "file").write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with contextlib.suppress(UnreadableFile):  # and no other error
            list(ParquetRows(tmp_path / "file"))


def test_a_header_that_declares_a_long_list_is_refused(tmp_path):
    pq.write_table(
        pa.table({"text": ["x" * 5000]}),
        tmp_path / "file",
        compression="none",
        use_dictionary=False,
    )
    about = pq.ParquetFile(tmp_path / "file").metadata.row_group(0).column(0)
    data = bytearray((tmp_path / "file").read_bytes())
    # Field 1 is a list of 2**62 truth values, which would take no bytes.
    header = b"\x19\xf1" + b"\xff" * 8 + b"\x7f\0"
    data[about.data_page_offset : about.data_page_offset + len(header)] = header
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(UnreadableFile, match="a page does not have a readable header"):
        ParquetRows(tmp_path / "file")


# --- Arrow ---------------------------------------------------------------------


def arrow(path, *batches, compression=None):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    schema = batches[0].schema
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_stream(file, schema, options=options) as writer,
    ):
        for each in batches:
            writer.write_batch(each)
    return path


def batch(**columns):
    return pa.record_batch(list(columns.values()), names=list(columns))


def test_rows_of_arrow_are_those_that_were_written(tmp_path, monkeypatch):
    whole = table()
    path = arrow(tmp_path / "file", *whole.to_batches(max_chunksize=300))
    assert list(arrow_rows(path)) == whole.to_pylist()
    monkeypatch.setattr(tables, "_AT_ONCE", 1000)
    assert list(arrow_rows(path)) == whole.to_pylist()


def test_an_empty_arrow_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnreadableFile):
        list(arrow_rows(tmp_path / "file"))


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: batch(none=pa.nulls(1 << 30)),
        lambda: batch(
            text=pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), ["x" * 90_000])
        ),
        lambda: batch(
            coded=pa.DictionaryArray.from_arrays(
                pa.array([0] * 50_000, pa.int32()), pa.array([[1] * 90_000])
            )
        ),
    ],
    ids=["nulls", "texts", "lists"],
)
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
    path.write_bytes(data.replace(ends, beyond))
    with pytest.raises(UnreadableFile):
        list(arrow_rows(path))


def test_a_damaged_arrow_file_is_refused_or_read(tmp_path):
    path = arrow(tmp_path / "file", *table(50).drop_columns(["map"]).to_batches())
    data = path.read_bytes()
    for at in range(0, len(data), 41):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with contextlib.suppress(UnreadableFile):  # and no other error
            list(arrow_rows(path))
