"""What a run shows of itself, and that nothing that befalls the display befalls the run."""

from __future__ import annotations

import json
import sys

import pytest

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
