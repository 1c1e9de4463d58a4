"""The cache that runs share: bytes, never code, and never needed."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sqlite3
from contextlib import closing

import pytest

from targen_core.calls.cache import ReplyCache
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job

KEYS = [bytes([number]) * 16 for number in range(200)]


def fill(folder, values=None):
    cache = ReplyCache(folder)
    for key, value in (values or {KEYS[0]: b"value", KEYS[1]: b"other"}).items():
        cache.put(key, value)
    cache.close()


def execute(folder, statement, *values):
    """Change the data base of a cache behind its back."""
    with closing(sqlite3.connect(folder / "cache.db")) as db, db:
        db.execute(statement, values)


class Bomb:
    """Runs code when it is un-pickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_what_was_written_longest_ago_goes_where_the_cache_is_too_large(tmp_path):
    for start in range(0, 200, 50):
        cache = ReplyCache(tmp_path / "cache", size_limit=100_000)
        for key in KEYS[start : start + 50]:
            cache.put(key, key * 100)  # 1,600 bytes
        cache.close()
    cache = ReplyCache(tmp_path / "cache")
    there = [key for key in KEYS if cache.get(key)]
    cache.close()
    assert 0 < len(there) < 100
    assert set(there) <= set(KEYS[100:])


@pytest.mark.parametrize("mode", [0, 2, 3, 4])
@pytest.mark.parametrize("as_file", [False, True])
def test_what_a_stranger_plants_is_refused_and_never_run(tmp_path, caplog, mode, as_file):
    """diskcache's modes: none, binary file, text file, pickle (in the row or in a file)."""
    folder, mark = tmp_path / "cache", tmp_path / "boom"
    fill(folder)
    bomb = pickle.dumps(Bomb(mark))
    filename = None
    if as_file:
        filename = "planted.val"
        (folder / filename).write_bytes(bomb)
    value = None if as_file else sqlite3.Binary(bomb)
    change = "UPDATE Cache SET mode = ?, filename = ?, value = ? WHERE key = ?"
    execute(folder, change, mode, filename, value, sqlite3.Binary(KEYS[0]))
    cache = ReplyCache(folder)
    with caplog.at_level(logging.WARNING, logger="targen.cache"):
        assert cache.get(KEYS[0]) is None
    assert "did not write" in caplog.text
    cache.put(KEYS[2], b"more")  # left out for the rest of the run
    cache.close()
    assert not mark.exists()


@pytest.mark.parametrize("harm", ["no-folder", "garbage", "table-gone", "read-only"])
def test_a_cache_that_fails_is_left_out_with_a_warning(tmp_path, caplog, harm):
    folder = tmp_path / "cache"
    if harm == "no-folder":
        folder.write_text("a file")
    else:
        fill(folder)
    if harm == "garbage":
        (folder / "cache.db").write_bytes(b"this is no database" * 1000)
    with caplog.at_level(logging.WARNING, logger="targen.cache"):
        cache = ReplyCache(folder)
        if harm == "table-gone":
            execute(folder, "DROP TABLE Cache")
        if harm == "read-only":
            refuse = "BEFORE INSERT ON Cache BEGIN SELECT RAISE(FAIL, 'no'); END"
            execute(folder, f"CREATE TRIGGER t {refuse}")
        if harm != "read-only":
            assert cache.get(KEYS[0]) is None
        cache.put(KEYS[2], b"more")
        cache.close()
    assert "running without the reply cache" in caplog.text


class TestInARun:
    pytestmark = pytest.mark.usefixtures("virtual_time")

    def test_a_run_of_more_rows_shares_the_calls_of_a_run_of_fewer(self, lab, tmp_path):
        world = lab.World(relabel=0.1, bad=0.1)
        cache = tmp_path / "cache"
        small = lab.run(world, tmp_path / "a", {"yes": 20, "no": 20}, cache=cache)
        large = lab.run(world, tmp_path / "b", {"yes": 40, "no": 40}, cache=cache)
        alone = lab.run(world, tmp_path / "c", {"yes": 40, "no": 40})
        assert large.files == alone.files
        assert not set(large.model.asked) & set(small.journaled)
        total = large.report["usage"]["total"]
        assert total["cached"] == len(set(large.journaled) & set(small.journaled)) > 40
        assert total["calls"] == len(large.model.asked)
        assert total["cached"] + total["calls"] == len(large.journaled)
        assert total["saved_input_tokens"] > 0 < total["saved_output_tokens"]
        assert large.reported == large.used
        paid = sum(record["cost"] for record in large.journal if not record.get("cached"))
        assert total["dollars"] == pytest.approx(paid, abs=1e-6)

    def test_planted_replies_are_asked_anew(self, lab, tmp_path):
        """Bytes that are no reply of ours, and values marked as pickles."""
        world = lab.World()
        cache, mark = tmp_path / "cache", tmp_path / "boom"
        first = lab.run(world, tmp_path / "a", {"yes": 5, "no": 5}, cache=cache)
        for mode, value in [
            (1, b"not json"),
            (1, b"[1]"),
            (1, json.dumps({"text": "x"}).encode()),
            (1, b'{"text": 3, "finish": "stop", "in": 1, "out": 1}'),
            (1, b'{"text": "{}", "finish": "stop", "in": "1", "out": 1}'),
            (1, b'{"text": "{}", "finish": "stop", "in": -1000000, "out": 1}'),
            (1, b"\xff\xfe"),
            (4, pickle.dumps(Bomb(mark))),
        ]:
            execute(cache, "UPDATE Cache SET mode = ?, value = ?", mode, sqlite3.Binary(value))
            run = tmp_path / f"run-{mode}-{abs(hash(value))}"
            again = lab.run(world, run, {"yes": 5, "no": 5}, cache=cache)
            assert again.error is None
            assert again.files == first.files
            assert again.report["usage"]["total"]["cached"] == 0
            assert not mark.exists()


def test_replies_that_failed_a_run_are_forgotten(lab, tmp_path):
    """Else the next run would fail with them, though the service works by then."""
    world, cache = lab.World(), tmp_path / "cache"
    model = lab.ToyModel(lambda request: "That is hard to say.")
    quotas = {"yes": 3, "no": 3}
    failed = lab.run(world, tmp_path / "failed", quotas, model=model, cache=cache)
    assert failed.error is not None
    again = lab.run(world, tmp_path / "again", quotas, cache=cache)
    assert again.error is None
    assert again.report["usage"]["total"]["cached"] == 0


def test_a_backend_whose_replies_may_change_shares_none(lab, tmp_path):
    registry = lab.registry(lab.World().task(), lab.ToyModel(lab.World().reply), cacheable=False)
    config = RunConfig(task="toy", quotas={"yes": 3, "no": 3}, backend="toy")
    for name in ("first", "second"):
        with Job.create(registry, config, tmp_path / name, cache=tmp_path / "cache") as job:
            assert job.run()["usage"]["total"]["cached"] == 0
