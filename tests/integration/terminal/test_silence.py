"""A run that gets no answer says so, and why, and ends."""

from __future__ import annotations

import socket
import sys

import pytest

from targen_testing.fault_server import Response

pytest.importorskip("targen_plugin_example")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

LOADING = Response({"error": {"message": "the model is loading", "type": "unavailable"}}, 503)


@pytest.fixture
def nowhere():
    """An address of this machine at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize("command", ["generate", "preview"])
def test_where_nothing_listens_that_is_said_at_once(in_process, nowhere, command):
    rows = "-n 8 --out run" if command == "generate" else ""
    done = in_process(f"{command} tickets {rows} -b llama --base-url {nowhere} --model tiny")
    assert done.code == 1
    assert "error: no connection to" in done.err
    assert "is the server running" in done.err
    assert ("again when the service is back" in done.err) is (command == "generate")


def test_what_a_service_answers_in_place_of_an_answer_is_shown(terminal, held, tmp_path):
    service = held(lambda number: LOADING)
    command = (
        f"generate tickets -n 8 -b llama --base-url {service.url}/v1 --model tiny --out run "
        "--max-outage 4"
    )
    shown = terminal(*command.split())
    shown.wait_for("no answer for")
    assert shown.exit_code() == 1
    assert "the model is loading" in shown.text
    assert "--max-outage" in shown.text
    assert not (tmp_path / "run").exists(), "it holds no answer"
