"""What a run shows of itself, and that nothing that befalls the display befalls the run."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import threading

import pytest

from targen_core.display import progress
from targen_testing.fault_server import Response

from ...runs import journal

pytest.importorskip("targen_plugin_example")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

SLOW_DOWN = Response(
    {"error": {"message": "slow down", "type": "requests"}}, 429, {"Retry-After": "1"}
)


def on(service, *args):
    """Arguments of a run of eight rows on a service."""
    address = ("-o", f"base_url={service.url}/v1", "-o", "model=tiny")
    return ("tickets", "-n", "8", "-b", "llama", *address, "--concurrency", "4", *args)


@pytest.fixture
def generate(terminal):
    """Start `targen generate` on a service."""
    return lambda service, **how: terminal("generate", *on(service, "--out", "run"), **how)


@pytest.fixture
def status(tmp_path):
    return lambda: json.loads((tmp_path / "run" / "report.json").read_text())["status"]


def test_neither_a_429_with_a_wait_nor_a_window_that_changes_ends_a_run(generate, held, status):
    service = held(lambda number: SLOW_DOWN if number in (1, 6) else None, hold_from=4)
    shown = generate(service, columns=120, env={"NO_COLOR": "1"})
    shown.wait_for("in flight")
    for columns, words in ((20, "calls"), (1, "c"), (200, "calls")):
        shown.resize(columns)
        shown.wait_for(words, after=len(shown.text))
    service.go.set()
    assert shown.exit_code() == 0, shown.text
    assert status() == "complete"
    assert "8/8" in shown.text
    assert "Traceback" not in shown.text and "no running event loop" not in shown.text
    assert b"\x1b[3" not in shown._seen, "no colour"


def test_the_first_ctrl_c_lets_calls_finish_and_says_how_to_go_on(
    generate, held, works, tmp_path, status
):
    service = held(hold_from=2)
    shown = generate(service)
    service.wait_for_calls(2)
    shown.wait_for("1 call, ")
    shown.type(b"\x03")
    shown.wait_for("; Ctrl-C again to abort")
    service.go.set()
    assert shown.exit_code() == 130
    assert shown.text.count("targen resume run") == 1
    assert shown.text.count("stopped by Ctrl-C") == 1
    assert "Traceback" not in shown.text
    answered = len(journal(tmp_path / "run"))
    assert answered == len(service.seen) >= 2
    works("resume run -q")
    assert status() == "complete"


def test_the_second_ctrl_c_stops_at_once_and_gives_the_terminal_back(generate, held):
    service = held(hold_from=1)
    shown = generate(service)
    service.wait_for_calls(1)
    shown.wait_for("1 in flight")
    shown.type(b"\x03")
    shown.wait_for("Finishing 1 call; Ctrl-C again to abort")
    shown.type(b"\x03")
    assert shown.exit_code() == 130
    assert "aborting; to continue: targen resume run" in shown.text
    assert "Traceback" not in shown.text
    assert bytes(shown._seen).rfind(b"\x1b[?25h") > bytes(shown._seen).rfind(b"\x1b[?25l")


def test_a_training_without_steps_shows_itself_and_how_to_go_on(terminal, tmp_path):
    chance = random.Random(1)
    words = [f"word{chance.randrange(10**9)}" for _ in range(200_000)]
    with (tmp_path / "own.jsonl").open("w") as file:
        for number in range(20_000):
            label = ("urgent", "routine")[number % 2]
            row = {"text": " ".join(chance.sample(words, 40)), "label": label}
            file.write(json.dumps(row) + "\n")
    shown = terminal("train", "own.jsonl", "--task", "tickets", "--out", "model")
    shown.wait_for("training tfidf")
    shown.type(b"\x03")
    assert shown.exit_code() == 130, shown.text
    said = "error: stopped\n  try: run the same command again to continue\n"
    assert shown.text.endswith(said), shown.text


@pytest.mark.parametrize("befalls", ["hung up", "stopped"])
def test_a_terminal_that_is_gone_or_takes_no_output_holds_up_no_run(
    generate, held, tmp_path, status, befalls
):
    service = held(hold_from=3)
    with open(tmp_path / "report.txt", "wb") as report:
        stdout = report if befalls == "stopped" else None
        shown = generate(service, deaf_to_hangup=True, stdout=stdout)
    service.wait_for_calls(3)
    shown.wait_for("in flight")
    if befalls == "hung up":
        shown.hang_up()
    else:
        shown.type(b"\x13")  # Ctrl-S: the terminal takes no output until Ctrl-Q
    service.go.set()
    assert shown.exit_code() == 0
    assert status() == "complete"
    assert ("complete" in (tmp_path / "report.txt").read_text()) == (befalls == "stopped")


@pytest.mark.parametrize("streams", ["2>&1 | head -c 1", "2>/dev/full", "<&- >&- 2>&-"])
def test_streams_that_are_closed(shell, held, tmp_path, status, streams):
    args = " ".join(on(held(lambda n: SLOW_DOWN if n == 2 else None), "--out", "run"))
    done = shell(f"targen generate {args} {streams}")
    assert done.returncode == 0, done.stderr
    assert status() == "complete"
    # Nothing that is meant for people lands in a file that took a stream's number.
    for name in ("journal", "dataset.jsonl", "provenance.jsonl", "rejects.jsonl"):
        for row in (tmp_path / "run" / name).read_text().splitlines():
            json.loads(row[9:] if name == "journal" else row)


def test_help_into_a_closed_pipe_ends_as_other_tools_do(shell):
    done = shell("targen --help | true")
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_during_the_first_imports_ends_quietly(tmp_path):
    press = (
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'targen_core.errors':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press)\n"
        "from targen_core.cli import script\n"
        "script()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", press], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: stopped\n")


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_an_error_keeps_its_exit_status_where_nobody_can_be_told(shell, stream):
    assert shell(f"targen generate nope -n 2 {stream}").returncode == 2


def test_two_seconds_without_an_answer_are_told_in_plain_lines_too(terminal, held):
    service = held(hold_from=1)
    rows = ("tickets", "-n", "2", *on(service)[3:9])
    shown = terminal("preview", *rows, "--no-cache", env={"TERM": "dumb"}, columns=120)
    shown.wait_for("1 in flight (contexts), 0 tokens; no answer yet after 2 s")
    service.go.set()
    assert shown.exit_code() in (0, 1), shown.text  # its rows may be too few


def test_a_plain_line_moves_no_cursor():
    out = io.StringIO()
    progress._Plain(progress.Watch(), out).draw(["refused \x1b[2J\u202e, 3rd try"], last=True)
    assert out.getvalue() == "refused \\x1b[2J\\u202e, 3rd try\n"


def test_a_display_that_breaks_is_dropped_and_said_for_debugging(monkeypatch, caplog):
    looked = threading.Event()

    def fail(*_):
        looked.set()
        raise ValueError("no such number")

    monkeypatch.setattr(progress, "state_of", fail)
    monkeypatch.setattr(progress, "SILENCE", 0.0)
    monkeypatch.setenv("TARGEN_DEBUG", "1")
    with progress.watching():
        assert looked.wait(30)
    assert "the progress display failed: ValueError: no such number" in caplog.messages
