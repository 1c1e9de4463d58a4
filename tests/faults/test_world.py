"""Clocks that jump, a second process, a cache that is damaged."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from run_files import assert_paid_once, outputs
from saboteur import Fault, Saboteur

ROUGH = ("-o", "limit_rate=0.3", "-o", "error_rate=0.2", "-o", "latency_ms=2")
RUN = ("generate", "rte", "-n", "6", "-b", "scripted", "-q")

CLOCKS = {
    "set back and forth": """
import random, time
real, draw = time.time, random.Random(5)
time.time = lambda: real() + draw.choice([-4e7, 0.0, 4e7])
""",
    "asleep for hours": """
import time
real, asked = time.monotonic, 0
def monotonic():
    global asked
    asked += 1
    return real() + 7200 * min(asked // 150, 4)
time.monotonic = monotonic
""",
}


@pytest.fixture(scope="module")
def expected(targen: Saboteur, folder: Path) -> dict[str, bytes]:
    """What the run makes where nothing happens."""
    targen.works(*RUN, *ROUGH, "--no-cache", "--out", folder / "calm")
    return outputs(folder / "calm")


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_clock_that_jumps(
    targen: Saboteur, folder: Path, expected: dict[str, bytes], clock: str
) -> None:
    run = folder / clock.replace(" ", "-")
    outage = ("--max-outage", "100000")  # it may fall asleep while a call is tried again
    asked = (*RUN, *ROUGH, *outage, "--no-cache", "--out", run)
    targen.works(*asked, fault=Fault(first=CLOCKS[clock]))
    assert outputs(run) == expected
    assert json.loads((run / "report.json").read_text())["seconds"] >= 0
    assert_paid_once(run, [])


def test_two_processes_on_one_run(
    targen: Saboteur, folder: Path, step: int, expected: dict[str, bytes]
) -> None:
    other = targen.twin()
    try:
        for turn in range(3 if step > 1 else 60):
            run = folder / f"shared-{turn}"
            command = (*RUN, *ROUGH, "--no-cache", "--out", run)
            with ThreadPoolExecutor(2) as both:
                results = list(both.map(lambda each, args=command: each(*args), (targen, other)))
            codes = [result.code for result in results]
            assert sorted(codes) in ([0, 0], [0, 1]), results
            assert 1 not in codes or "another process is using" in results[codes.index(1)].err
            assert outputs(run) == expected
            assert_paid_once(run, [])
    finally:
        other.close()


def test_a_damaged_cache_gives_no_other_row(targen: Saboteur, folder: Path, step: int) -> None:
    cached = ("generate", "wic", "-n", "6", "-b", "scripted", "-q", "--out")
    targen.works(*cached, folder / "first")
    expected = outputs(folder / "first")
    files = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    assert files
    draw = random.Random(9)
    for turn in range(4 if step > 1 else 100):
        path = draw.choice(files)
        if path.exists() and (content := bytearray(path.read_bytes())):
            for _ in range(20):
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            path.write_bytes(content[: draw.randint(1, len(content))])
        run = folder / f"from-cache-{turn}"
        targen.works(*cached, run)
        assert outputs(run) == expected
