"""Files of a run: replayed, never shortened, never rewritten behind one's back."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.errors import RunDirectoryError
from targen_core.reading.lines import read_jsonl
from targen_core.runs.files import ReplayedFile, write_atomically
from targen_core.runs.manifest import Manifest

RECORDS = [{"idx": number, "text": f"row {number} – é"} for number in range(6)]


def written(path, records):
    file = ReplayedFile(path)
    for record in records:
        file.write(record)
    file.close()
    return path.read_bytes()


@given(cut=st.integers(0, 400), stop=st.integers(0, 6))
def test_a_replay_ends_in_the_same_bytes_wherever_it_was_stopped(folder, cut, stop):
    with folder() as there:
        whole = written(there / "whole", RECORDS)
        path = there / "file"
        path.write_bytes(whole[:cut])
        file = ReplayedFile(path)
        assert file.replaying == (cut > 0)
        for record in RECORDS[:stop]:
            file.write(record)
        file.close()
        assert path.stat().st_size >= min(cut, len(whole))  # never shorter than it was
        file = ReplayedFile(path)
        for record in RECORDS:
            file.write(record)
        file.end()
        file.close()
        assert path.read_bytes() == whole


def test_a_disk_that_fills_leaves_whole_lines(tmp_path, monkeypatch):
    file, real = ReplayedFile(tmp_path / "f"), os.pwrite
    file.write(RECORDS[0])
    whole = (tmp_path / "f").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:5], at))
        with pytest.raises(RunDirectoryError, match="No space left"):
            file.write(RECORDS[1])
    assert (tmp_path / "f").read_bytes() == whole
    file.write(RECORDS[1])
    file.close()
    assert list(read_jsonl(tmp_path / "f")) == RECORDS[:2]


def test_a_whole_file_is_written_or_the_old_one_stays(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_atomically(path, "old")

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunDirectoryError, match="No space left"):
            write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def with_near_duplicates(lock, threshold):
    plan = lock.parts["filter near-duplicates"]
    plan = plan.model_copy(update={"options": {"near_duplicates": threshold}})
    return lock.model_copy(update={"parts": {**lock.parts, "filter near-duplicates": plan}})


@pytest.fixture(scope="module")
def manifest(lab, virtual_time, tmp_path_factory):
    run = tmp_path_factory.mktemp("manifest") / "run"
    options = {"temperature": 0.3, "correct.model": "large"}
    limits = {"max_cost": 3.5}
    lab.run(lab.World(), run, {"yes": 2, "no": 1}, options=options, limits=limits)
    return Manifest.load(run / "manifest.json")


class TestManifest:
    @pytest.mark.parametrize(
        ("change", "differences"),
        [
            (
                lambda config, lock: (config.replace(seed=9), with_near_duplicates(lock, 50.0)),
                ["near_duplicates: 90.0 -> 50.0", "seed: 0 -> 9"],
            ),
            (lambda config, lock: (config.replace(rpm=1.0), lock), []),
            (lambda config, lock: (config.also({"price_in": 1, "price_out": 2}), lock), []),
            (lambda config, lock: (config, lock.model_copy(update={"distributions": {}})), []),
        ],
    )
    def test_differences_name_what_decides_the_rows(self, manifest, change, differences):
        config, lock = change(manifest.config, manifest.lock)
        other = manifest.model_copy(update={"config": config, "lock": lock})
        assert other != manifest
        assert manifest.differences(other) == differences
        assert manifest.differences(manifest.model_copy(update={"created": ""})) == []
