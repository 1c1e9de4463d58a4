"""Runs that are stopped from outside, and finished with the same bytes."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ..runs import journal, outputs, report

ROWS = 240
# No cache: what a resumed run does not ask again it has from its journal alone.
RUN = ["rte", "-b", "scripted", "-o", "latency_ms=20", "--concurrency", "8", "--no-cache", "-q"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The outputs of a run of `ROWS` rows that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    # The latency changes no reply, and so no row.
    args = [part.replace("latency_ms=20", "latency_ms=0") for part in RUN]
    command = [sys.executable, "-m", "targen_cli", "generate", *args, "-n", str(ROWS)]
    subprocess.run([*command, "--out", "run"], cwd=folder, check=True, capture_output=True)
    return outputs(folder / "run")


def _wait_for_rows(process: subprocess.Popen[str], run: Path, count: int) -> None:
    """Read the dataset until it has `count` lines, or the process is over."""
    deadline = time.monotonic() + 600
    path = run / "dataset.jsonl"
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        try:
            process.wait(0.005)
        except subprocess.TimeoutExpired:
            continue
        out, err = process.communicate()
        pytest.fail(f"the run ended ({process.returncode}) before row {count}:\n{out}\n{err}")
    pytest.fail(f"row {count} did not come within a minute")


def _assert_no_call_twice(run: Path) -> None:
    counts = Counter(record["key"] for record in journal(run) if "key" in record)
    assert max(counts.values()) == 1


def test_ctrl_c_drains_says_how_to_resume_and_loses_nothing(start, targen, tmp_path, whole):
    run = tmp_path / "run"
    process = start("generate", *RUN, "-n", ROWS, "--out", "run")
    _wait_for_rows(process, run, 10)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "error: stopped by Ctrl-C" in err
    assert "try: targen resume run" in err
    assert "Traceback" not in err
    assert out == "run/dataset.jsonl\n"
    made = report(run)
    assert made["status"] == "stopped"
    assert 10 <= sum(made["rows"].values()) < ROWS
    for text, of_whole in zip(outputs(run), whole, strict=True):
        assert text == b"" or text.endswith(b"\n")
        assert of_whole.startswith(text)
    lines = (run / "journal").read_bytes()
    assert lines.endswith(b"\n"), "answered calls were let into the journal whole"
    before = {record["key"] for record in journal(run)}
    done = targen("resume", "run", "-q", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert outputs(run) == whole
    _assert_no_call_twice(run)
    assert before <= {record["key"] for record in journal(run)}


def _at_most(size: int):
    """What a child does first: no file may grow past `size` bytes, as on a full disk.

    Python ignores SIGXFSZ, so the write fails with EFBIG.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


# The journal is the largest file: 20 kB is not even its lists.
FULL = [
    (100, 4, (), "manifest.json"),
    (6_000, 4, ("--contexts", "topics.txt"), "given-contexts.jsonl"),
    (20_000, ROWS, (), ""),
]


@pytest.mark.parametrize(("size", "rows", "more", "file"), FULL)
def test_a_full_disk_is_an_error_and_no_broken_run(size, rows, more, file, targen, tmp_path, whole):
    topics = "".join(f"a topic with the number {n}\n" for n in range(400))
    (tmp_path / "topics.txt").write_text(topics)
    command = ("generate", *RUN, "-n", rows, *more, "--out", "run")
    failed = targen(*command, preexec_fn=_at_most(size))
    assert failed.returncode == 1
    (error,) = [line for line in failed.stderr.splitlines() if line.startswith("error")]
    assert f"cannot write run/{file}" in error
    assert re.search("File too large|No space left on device", error)
    assert "Traceback" not in failed.stderr and "targen failed" not in failed.stderr
    run = tmp_path / "run"
    if not file:
        assert "try: free some space, then resume the run" in failed.stderr
        assert (run / "journal").stat().st_size <= size
        assert (run / "journal").read_bytes()[-1:] in (b"", b"\n"), "no part of a record stays"
    done = targen(*command)
    assert (done.returncode, done.stderr) == (0, "")
    if not file:
        assert outputs(run) == whole
        _assert_no_call_twice(run)
