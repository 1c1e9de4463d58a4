"""The machine loses power: files lose their ends, each as much as it happens to."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from run_files import OUTPUTS, assert_paid_once, outputs, whole_records
from saboteur import Fault, Saboteur

QUIET = ("--no-cache", "-q")
GROWING = ("journal", "ledger", *OUTPUTS)

# The model would answer otherwise now: what was lost cannot come back by chance.
OTHERWISE = Fault(
    first="""
from dataclasses import replace
from targen_core.calls.calls import Calls
real = Calls._send
async def send(self, bound, call, *rest):
    told = call.dry_run
    if told is not None:
        call = replace(call, dry_run=lambda key: told(key + b"otherwise"))
    return await real(self, bound, call, *rest)
Calls._send = send
"""
)


@pytest.fixture(scope="module")
def working(targen: Saboteur, folder: Path) -> Path:
    """A run that had all its rows and not yet its report when the power went."""
    run = folder / "working"
    options = ("-o", "garbage_rate=0.1", "-o", "refusal_rate=0.1")
    targen.works("generate", "rte", "-n", "20", "-b", "scripted", *options, *QUIET, "--out", run)
    for name in ("report.json", "README.md"):
        (run / name).unlink()
    return run


def _lose(path: Path, kept: int, *, zeros: bool) -> None:
    """Take what lies behind `kept` bytes from a file, or leave zeros in its place."""
    there = path.read_bytes()
    path.write_bytes(there[:kept] + bytes(len(there) - kept if zeros else 0))


@pytest.mark.parametrize("seed", range(8))
def test_what_was_lost_is_asked_again_and_the_rest_is_kept(
    targen: Saboteur, working: Path, folder: Path, step: int, seed: int
) -> None:
    run = folder / "cut"
    for turn in range(1 if step > 1 else 40):
        draw = random.Random(1000 * turn + seed)
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(working, run)
        for name in GROWING:
            size = (run / name).stat().st_size
            # Most files get to the disk nearly whole; some not at all.
            share = draw.choice([0.0, draw.random(), 1 - draw.random() / 5, 1.0])
            _lose(run / name, int(size * share), zeros=draw.random() < 0.3)
        kept = whole_records(run)
        targen.works("resume", run, *QUIET, fault=OTHERWISE)
        _assert_sound(run, kept)
        made = outputs(run)
        targen.works("resume", run, "--verify", *QUIET, fault=OTHERWISE)
        assert outputs(run) == made


def _assert_sound(run: Path, kept: list[dict]) -> None:
    """That quotas are met, and each row rests on calls that the journal has."""
    assert_paid_once(run, kept)
    report = json.loads((run / "report.json").read_text())
    assert report["status"] == "complete"
    assert report["rows"] == report["requested"]
    keys = {record["key"] for record in whole_records(run) if "key" in record}
    rows = [json.loads(line) for line in (run / "dataset.jsonl").read_bytes().splitlines()]
    provenance = [json.loads(x) for x in (run / "provenance.jsonl").read_bytes().splitlines()]
    assert [row["idx"] for row in rows] == list(range(20))
    assert [record["label"] for record in provenance] == [row["label"] for row in rows]
    assert all(set(record["calls"]) <= keys for record in provenance)
