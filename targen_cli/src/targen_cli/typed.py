"""Options as they are typed: `-o KEY=VALUE`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from targen_core.calls.sampling import SAMPLING
from targen_core.calls.secrets import scrub
from targen_core.errors import UsageError
from targen_core.runs.records.options import CORE
from targen_core.wording import Setting, Words

__all__ = ["parse_options"]

_EXAMPLE = Setting("temperature", 0.7)


def parse_options(items: Sequence[str], example: Words = _EXAMPLE) -> dict[str, Any]:
    """Options as they are typed; the last of two with one name counts.

    Args:
        items: each KEY=VALUE.
        example: how one is typed, for whom none is.

    Raises:
        UsageError: an item that is no KEY=VALUE.
    """
    options = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise UsageError(
                f"option {scrub(item)!r} is not KEY=VALUE", hint="for example " + example
            )
        options[name] = _value(name.rpartition(".")[2], text)
    return options


def _value(key: str, text: str) -> Any:
    if key == "batch" and "," in text and all(part.strip().isdecimal() for part in text.split(",")):
        return [int(part) for part in text.split(",")]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if key in SAMPLING or key in CORE or not isinstance(value, (int, float)):
        return value
    # A backend's option may be a text of digits (a model called "4"): its
    # model decides, and pydantic reads numbers from text.
    return text
