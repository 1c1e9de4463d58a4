"""Folders of rows from strangers: only their own files are read, and nothing is fetched."""

from __future__ import annotations

import importlib
import json
import socket
import warnings
from pathlib import Path

import pytest

from targen_standard.datasets.source import open_source

pa = pytest.importorskip("pyarrow")
pq = importlib.import_module("pyarrow.parquet")

ROW = {"premise": "A dog runs in the park.", "hypothesis": "A dog runs.", "label": 0}
MEDIA = {"_type": "Image"}
CLASSES = {"_type": "ClassLabel", "names": ["entailment", "not_entailment"]}


def write_arrow(path: Path, rows: list[dict[str, object]]) -> None:
    table = pa.Table.from_pylist(rows)
    with path.open("wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


def save(folder: Path, rows: list[dict[str, object]], *files: str) -> Path:
    """A folder as `save_to_disk` makes it; `files` are the names in `state.json`."""
    folder.mkdir()
    write_arrow(folder / "data.arrow", rows)
    names = [{"filename": name} for name in files or ("data.arrow",)]
    (folder / "state.json").write_text(json.dumps({"_data_files": names, "_split": None}))
    features = {"label": CLASSES, "img": MEDIA, "all": [MEDIA], "sound": {"_type": "Audio"}}
    kept = {name: kind for name, kind in features.items() if name in rows[0]}
    (folder / "dataset_info.json").write_text(json.dumps({"features": kept}))
    return folder


@pytest.fixture
def private(tmp_path):
    """A folder of a person's own, beside a stranger's."""
    folder = tmp_path / "private"
    folder.mkdir()
    rows = [{**ROW, "premise": "A PRIVATE line."}]
    write_arrow(folder / "data.arrow", rows)
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")
    return folder


COMMANDS = ("export", "validate", "catalogue")


def read(in_process, command, folder):
    if command == "catalogue":
        done = in_process("catalogue", "build", folder, "--index", "ix")
        found = b"".join(path.read_bytes() for path in Path("ix").rglob("*") if path.is_file())
        return done, found.decode(errors="replace")
    more = ("--as", "jsonl", "--out", "o.jsonl") if command == "export" else ()
    done = in_process(command, folder, "--task", "rte", *more)
    return done, Path("o.jsonl").read_text() if Path("o.jsonl").exists() else ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["../private/data.arrow", "absolute", "link.arrow"])
def test_a_saved_dataset_is_of_its_own_files(command, name, private, tmp_path, in_process):
    named = str(private / "data.arrow") if name == "absolute" else name
    folder = save(tmp_path / "strange", [ROW], named)
    (folder / "link.arrow").symlink_to(private / "data.arrow")
    done, written = read(in_process, command, folder)
    assert done.code != 0
    assert "refers to a file outside the folder" in done.out + done.err
    assert "PRIVATE" not in done.out + done.err + written


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("linked", ["train.parquet", "data", "whole/train"])
def test_a_link_in_a_folder_does_not_lead_out(command, linked, private, tmp_path, in_process):
    folder = tmp_path / "strange"
    folder.mkdir()
    place = folder / linked
    if linked == "whole/train":
        folder = place.parent
        folder.mkdir()
        (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
        (private / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
        (private / "dataset_info.json").write_text("{}")
    place.symlink_to(private / "train.parquet" if linked == "train.parquet" else private)
    done, written = read(in_process, command, folder)
    assert done.code != 0
    if command != "catalogue":
        assert f"{linked.split('/')[-1]}" in done.err
        assert "is a link that points outside" in done.err
    assert "PRIVATE" not in done.out + done.err + written


def test_a_link_inside_a_folder_is_followed(tmp_path, in_process):
    folder = tmp_path / "mine"
    (folder / "kept").mkdir(parents=True)
    row = {**ROW, "label": "entailment", "idx": 0}
    pq.write_table(pa.Table.from_pylist([row]), folder / "kept" / "rows.parquet")
    (folder / "train.parquet").symlink_to("kept/rows.parquet")
    done = in_process("validate", folder, "--task", "rte")
    assert done.code == 0, done.err


@pytest.fixture
def server():
    """An address that a stranger named: whoever connects is seen."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def was_asked(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def media_rows(server: socket.socket) -> list[dict[str, object]]:
    address = f"http://127.0.0.1:{server.getsockname()[1]}/steal.png"
    cell = {"bytes": None, "path": address}
    return [{**ROW, "img": cell, "all": [cell], "sound": cell}] * 2


@pytest.mark.parametrize("command", COMMANDS)
def test_images_and_sounds_are_not_decoded(command, server, tmp_path, in_process):
    folder = save(tmp_path / "media", media_rows(server))
    done, _ = read(in_process, command, folder)
    assert "targen failed" not in done.out + done.err
    assert not was_asked(server)
    source = open_source(folder)
    rows = source.rows()
    assert [row["label"] for row in rows] == ["entailment"] * 2
    assert rows[0]["img"]["path"].endswith("/steal.png")


def test_what_the_library_holds_is_not_decoded(server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        datasets = pytest.importorskip("datasets")
    table = pa.Table.from_pylist(media_rows(server))
    features = datasets.Features.from_dict({"img": MEDIA})
    held = datasets.Dataset(table.select(["img"])).cast(features)
    rows = open_source(held).rows()
    assert [row["img"]["path"][-9:] for row in rows] == ["steal.png"] * 2
    assert not was_asked(server)
