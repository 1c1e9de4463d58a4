"""What tests of revisions ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from targen_testing.fault_server import FaultServer

from .service import Service


@pytest.fixture
def service() -> Iterator[tuple[object, ...]]:
    """The options that name a service which answers no two calls alike."""
    with FaultServer(Service()) as server:
        yield "-b", "llama", "-o", f"base_url={server.url}/v1", "-o", "model=any", "-q"
