"""Runs that are stopped from outside, and finished with the same bytes."""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROWS = 240
# No cache: what a resumed run does not ask again it has from its journal alone.
RUN = ["rte", "-b", "scripted", "-o", "latency_ms=20", "--concurrency", "8", "--no-cache", "-q"]
OUTPUTS = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The outputs of a run of `ROWS` rows that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    # The latency changes no reply, and so no row.
    args = [part.replace("latency_ms=20", "latency_ms=0") for part in RUN]
    command = [sys.executable, "-m", "targen_cli", "generate", *args, "-n", str(ROWS)]
    subprocess.run([*command, "--out", "run"], cwd=folder, check=True, capture_output=True)
    return {name: (folder / "run" / name).read_bytes() for name in OUTPUTS}


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


def _journal(run: Path) -> list[dict]:
    """The whole records of a journal; a torn last one is left out."""
    lines = (run / "journal").read_bytes().split(b"\n")
    return [json.loads(line[9:]) for line in lines[:-1]]


def _assert_no_call_twice(run: Path) -> None:
    counts = Counter(record["key"] for record in _journal(run) if "key" in record)
    assert counts
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
    assert json.loads((run / "report.json").read_text())["status"] == "stopped"

    report = json.loads((run / "report.json").read_text())
    assert report["status"] == "stopped"
    assert 10 <= sum(report["rows"].values()) < ROWS
    for name in OUTPUTS:
        text = (run / name).read_bytes()
        assert text == b"" or text.endswith(b"\n")
        assert whole[name].startswith(text)
        assert all(json.loads(line) for line in text.splitlines())
    lines = (run / "journal").read_bytes()
    assert lines.endswith(b"\n"), "answered calls were let into the journal whole"
    before = {record["key"] for record in _journal(run)}

    done = targen("resume", "run", "-q", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (run / name).read_bytes() for name in OUTPUTS} == whole
    _assert_no_call_twice(run)
    assert before <= {record["key"] for record in _journal(run)}


def test_ctrl_c_before_the_first_answer(start, targen, tmp_path):
    slow = ["rte", "-b", "scripted", "-o", "latency_ms=400", "--no-cache", "-q", "-n", "4"]
    process = start("generate", *slow, "--out", "run")
    deadline = time.monotonic() + 600
    while not (tmp_path / "run" / "dataset.jsonl").exists() and time.monotonic() < deadline:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert targen("resume", "run", "-q", "-o", "latency_ms=0").returncode == 0


def test_kill_9_at_two_moments(start, targen, tmp_path, whole):
    run = tmp_path / "run"
    moments = sorted(random.Random("moments").sample(range(1, ROWS - 100), 2))
    for kill, row in enumerate(moments):
        command = ["generate", *RUN, "-n", ROWS, "--out"] if kill == 0 else ["resume", "-q"]
        more = [] if kill == 0 else ["--no-cache"]
        process = start(*command, "run", *more)
        _wait_for_rows(process, run, row)
        process.kill()
        assert process.wait(600) == -signal.SIGKILL
    done = targen("resume", "run", "-q", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (run / name).read_bytes() for name in OUTPUTS} == whole
    _assert_no_call_twice(run)
    report = json.loads((run / "report.json").read_text())
    assert report["usage"]["total"]["calls"] == len(_journal(run))


def test_a_second_process_on_a_run_is_refused(start, targen, tmp_path):
    slow = [part.replace("latency_ms=20", "latency_ms=500") for part in RUN]
    process = start("generate", *slow, "-n", ROWS, "--out", "run")
    _wait_for_rows(process, tmp_path / "run", 1)
    for command in (["resume", "run"], ["generate", *slow, "-n", ROWS, "--out", "run"]):
        second = targen(*command)
        assert second.returncode == 1
        assert "error: another process is using run" in second.stderr
        assert "try: wait for it, or stop it" in second.stderr
    # Reading is fine.
    report = targen("report", "run", "--json")
    assert json.loads(report.stdout)["status"] == "unfinished"
    process.kill()


def _at_most(size: int):
    """What a child does first: no file may grow past `size` bytes, as on a full disk.

    Python ignores SIGXFSZ, so the write fails with EFBIG.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


# The journal is the largest file: 20 kB is not even its lists, 120 kB some rows.
@pytest.mark.parametrize(("size", "cache"), [(6_000, False), (20_000, True), (120_000, False)])
def test_a_full_disk_is_an_error_and_no_broken_run(size, cache, targen, tmp_path, whole):
    run = tmp_path / "run"
    command = [part for part in RUN if part != "--no-cache" or not cache]
    failed = targen("generate", *command, "-n", ROWS, "--out", "run", preexec_fn=_at_most(size))
    assert failed.returncode == 1
    (error,) = [line for line in failed.stderr.splitlines() if line.startswith("error")]
    assert "cannot write run/" in error
    assert re.search("File too large|No space left on device", error)
    assert "try: free some space, then resume the run" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "targen failed" not in failed.stderr
    assert (run / "journal").stat().st_size <= size
    assert (run / "journal").read_bytes()[-1:] in (b"", b"\n"), "nothing of a failed record stays"

    done = targen("resume", "run", "-q", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (run / name).read_bytes() for name in OUTPUTS} == whole
    _assert_no_call_twice(run)


def test_a_disk_too_full_for_a_manifest(targen, tmp_path):
    failed = targen("generate", *RUN, "-n", "4", "--out", "run", preexec_fn=_at_most(100))
    assert failed.returncode == 1
    assert "error: cannot write run/manifest.json: File too large" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert targen("generate", *RUN, "-n", "4", "--out", "run").returncode == 0


def test_a_disk_too_full_for_one_s_own_contexts(targen, tmp_path):
    topics = "".join(f"a topic with the number {n}\n" for n in range(400))
    (tmp_path / "topics.txt").write_text(topics)
    command = ["generate", *RUN, "-n", "4", "--contexts", "topics.txt", "--out", "run"]
    failed = targen(*command, preexec_fn=_at_most(6_000))
    assert failed.returncode == 1
    assert "error: cannot write run/given-contexts.jsonl: File too large" in failed.stderr
    assert targen(*command).returncode == 0
