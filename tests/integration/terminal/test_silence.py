"""A run that gets no answer says so, and why, and ends."""

from __future__ import annotations

import socket
import sys

import pytest

pytest.importorskip("targen_plugin_example")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")


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
