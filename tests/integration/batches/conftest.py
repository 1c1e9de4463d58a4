"""Batches are waited for on virtual time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from targen_testing.virtual_time import virtual_time


@pytest.fixture(scope="module", name="virtual_time")
def _virtual_time() -> Iterator[None]:
    with virtual_time():
        yield
