"""`targen config set` says what is wrong with what was typed, and no line of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("bakend", "did you mean backend"),
        ("base_url", "did you mean base-url?"),
        ("option.temperature", "[options]"),
    ],
)
def test_a_misspelt_key(key: str, hint: str, refuses: Callable[..., Any]) -> None:
    refuses(("config", "set", key, "x"), f"error: {key} is not a default", hint)
