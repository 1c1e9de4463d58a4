"""The call layer against services of the catalogue: how near it comes to a client that knows all.

bench/services.py does all of them with several seeds; these are the quick ones.
"""

from __future__ import annotations

import pytest

from targen_core.testing.services import CATALOGUE

FLOORS = {
    "plain": 0.95,
    "ollama": 0.95,
    "cap-1-429": 0.6,
    "cap-5-429": 0.6,
    "bucket-of-1": 0.6,
    "openai-500-a-minute": 0.9,
    "tokens-30k-a-minute": 0.9,
    "window-300-after": 0.9,
    "two-models-one-quota": 0.6,
    "bad-replica-refuses": 0.9,
    "garbage": 0.8,
}


@pytest.mark.parametrize("name", FLOORS)
def test_goodput(name):
    result = CATALOGUE[name].drive()
    assert result.halted == ""
    assert result.answered == result.calls
    assert result.goodput >= FLOORS[name]
    assert result.goodput <= 1.03, "nobody is faster than who knows all, but for the luck of draws"
