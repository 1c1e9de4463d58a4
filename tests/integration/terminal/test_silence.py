"""A run that gets no answer says so, and why, and ends."""

from __future__ import annotations

import socket
import sys

import pytest

from targen_testing.fault_server import Response

pytest.importorskip("targen_plugin_example")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

LOADING = Response({"error": {"message": "the model is loading", "type": "unavailable"}}, 503)


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(
    ("command", "again"), [("generate -n 8 --out run", True), ("preview", False)]
)
def test_where_nothing_listens_that_is_said_at_once(refuses, command, again):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"-b llama --base-url http://127.0.0.1:{taken.getsockname()[1]}/v1 --model tiny"
        done = refuses(
            f"{command} tickets {where}", "no connection to", "is the server running", code=1
        )
    assert ("again when the service is back" in done.err) is again


def test_what_a_service_answers_in_place_of_an_answer_is_shown(terminal, held, tmp_path):
    address = f"--base-url {held(lambda number: LOADING).url}/v1"
    command = f"generate tickets -n 8 -b llama {address} --model tiny --out run --max-outage 4"
    shown = terminal(*command.split())
    shown.wait_for("no answer for")
    assert shown.exit_code() == 1
    assert "the model is loading" in shown.text
    assert "--max-outage" in shown.text
    assert not (tmp_path / "run").exists(), "it holds no answer"
