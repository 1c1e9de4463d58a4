"""Prices that a run's calls were counted at, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def price_words(prices: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """A line for each price that a report's calls were counted at, with where it is from."""
    steps: dict[str, list[str]] = {}
    for step, price in prices.items():
        if price is None:
            words = "unknown, so costs are not counted"
        else:
            source = f" ({price['source']})" if price["source"] else ""
            words = f"${price['in']:g} in, ${price['out']:g} out per million tokens{source}"
        steps.setdefault(words, []).append(step)
    if len(steps) == 1:
        return [f"Price: {words}" for words in steps]
    return [f"Price of {', '.join(names)}: {words}" for words, names in steps.items()]
