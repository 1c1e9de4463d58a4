"""The files of this package: what the papers print."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def printed(name: str) -> dict[str, Any]:
    """Return the content of `NAME.toml`."""
    text = (files("targen_training.reproduction") / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
