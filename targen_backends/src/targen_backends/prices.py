"""Prices of hosted models: the figures in `prices.toml`, found by a model's name."""

from __future__ import annotations

import functools
import re
import tomllib
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from targen_core import Price

_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


@functools.cache
def table() -> dict[str, Any]:
    """The whole file, read once."""
    text = files("targen_backends").joinpath("prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def without_date(model: str) -> str:
    """A model's name without the date at its end."""
    return _DATED.sub("", model)


def price_of(provider: str, model: str) -> Price | None:
    """The price of a provider's model, or None if no source was found for one.

    Args:
        provider: a table of the file, `openai` or `anthropic`.
        model: the name that is sent; a date at its end does not matter.
    """
    section = table()[provider]
    name = without_date(model)
    for entry in section["prices"]:
        if fnmatchcase(name, entry["model"]):
            long = entry.get("long", {})
            return Price(
                entry["input"],
                entry["output"],
                cache_read=entry.get("cache_read"),
                cache_write=entry.get("cache_write"),
                cache_from=entry.get("cache_from", section.get("cache_from")),
                long_from=long.get("above"),
                long_input=long.get("input", 1.0),
                long_output=long.get("output", 1.0),
                batch=section.get("batch"),
                source=f"{entry['source']}, {entry.get('date', section['date'])}",
            )
    return None
