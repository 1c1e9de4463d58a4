"""Folders of rows from strangers: only their own files are read, and nothing is fetched."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

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


@pytest.fixture(params=["export {} --task rte --out made/rows", "catalogue build {} --index made"])
def read(request, in_process):
    """Run a command on a folder: how it ended, and all that it said and wrote."""

    def run(folder):
        done = in_process(request.param.format(folder))
        written = b"".join(path.read_bytes() for path in Path("made").rglob("*") if path.is_file())
        return done, done.out + done.err + written.decode(errors="replace")

    return run


@pytest.mark.parametrize("name", ["../private/data.arrow", "absolute", "link.arrow"])
def test_a_saved_dataset_is_of_its_own_files(name, private, tmp_path, read):
    named = str(private / "data.arrow") if name == "absolute" else name
    folder = save(tmp_path / "strange", [ROW], named)
    (folder / "link.arrow").symlink_to(private / "data.arrow")
    done, said = read(folder)
    assert done.code != 0
    assert "refers to a file outside the folder" in done.out + done.err
    assert "PRIVATE" not in said


@pytest.mark.parametrize("linked", ["train.parquet", "data", "whole/train"])
def test_a_link_in_a_folder_does_not_lead_out(linked, private, tmp_path, read):
    place = tmp_path / "strange" / linked
    place.parent.mkdir(parents=True)
    if linked == "whole/train":
        (place.parent / "dataset_dict.json").write_text('{"splits": ["train"]}')
        (private / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
        (private / "dataset_info.json").write_text("{}")
    place.symlink_to(private / "train.parquet" if linked == "train.parquet" else private)
    done, said = read(place.parent)
    assert done.code != 0
    if "there is no readable dataset" not in done.err:  # a catalogue leaves it out
        assert place.name in done.err
        assert "is a link that points outside" in done.err
    assert "PRIVATE" not in said
