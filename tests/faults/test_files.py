"""Files of a run that were cut or changed behind its back."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_files import OUTPUTS, outputs
from saboteur import Saboteur

from ..files import lines

QUIET = ("--no-cache", "-q")
FILES = ("journal", "ledger", "manifest.json", "report.json", *OUTPUTS)


@pytest.fixture(scope="module")
def complete(targen: Saboteur, folder: Path) -> Path:
    """A run that is complete."""
    run = folder / "complete"
    options = ("-o", "garbage_rate=0.2", *QUIET, "--out", run)
    targen.works("generate", "rte", "-n", "6", "-b", "scripted", *options)
    return run


def flips(content: bytes, seed: str, count: int) -> Iterator[tuple[int, bytes]]:
    """The content with one bit flipped somewhere, and at which byte."""
    draw = random.Random(seed)
    for _ in range(count):
        at = draw.randrange(len(content))
        flipped = bytearray(content)
        flipped[at] ^= 1 << draw.randrange(8)
        yield at, bytes(flipped)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_found_or_harms_nothing(
    targen: Saboteur, complete: Path, folder: Path, step: int, name: str
) -> None:
    run = folder / "flipped"
    expected = outputs(complete)
    content = (complete / name).read_bytes()
    if not content:
        return
    for at, flipped in flips(content, name, 4 if step > 1 else 300):
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(complete, run)
        (run / name).write_bytes(flipped)
        result = targen("resume", run, *QUIET)
        assert "Traceback" not in result.err and "targen failed" not in result.err, (at, result.err)
        if name in OUTPUTS:
            assert result.code == 2, (at, result.err)
            assert name in result.err
            assert (run / name).read_bytes() == flipped, "the user's to look at"
        elif name == "manifest.json":
            rows = expected["dataset.jsonl"]
            # A quota may have become larger: what was there is there all the same.
            now = lines(run / "dataset.jsonl")[: rows.count(b"\n")]
            assert now == lines(complete / "dataset.jsonl"), at
            assert result.code in (0, 1, 2), (at, result.err)
        elif result.code == 0:
            assert outputs(run) == expected, at
        else:
            assert "error" in result.err


def test_a_journal_that_lost_records_is_noticed(
    targen: Saboteur, complete: Path, folder: Path
) -> None:
    run = folder / "lost"
    shutil.copytree(complete, run)
    records = (run / "journal").read_bytes().splitlines(keepends=True)
    (run / "journal").write_bytes(b"".join(records[: len(records) // 2]))
    result = targen.works("resume", run, *QUIET)
    assert "journal has lost records" in result.err
    assert outputs(run) == outputs(complete)
    assert "lost" not in targen.works("resume", run, *QUIET).err
