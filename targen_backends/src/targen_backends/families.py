"""Recognise families of models that follow instructions without worked examples."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from targen_backends.prices import without_date

_FOLLOW = (
    "claude-fable-5*",
    "claude-opus-[45]*",
    "claude-sonnet-[45]*",
    "gpt-5.[45]",
    "gpt-6*-sol",
)
"""Patterns as of a shell. The large models of a provider belong here: their rows from instructions
without examples were judged as right as those with them (docs/how-to/budget-and-estimate.md). Small
ones of the same family (haiku, luna, mini, nano) keep their examples, as do all others.
"""


def follows_instructions(options: Any) -> bool:
    """Return whether the options' model is of such a family, on any service."""
    name = without_date(options.model.rpartition("/")[2])
    return any(fnmatchcase(name, pattern) for pattern in _FOLLOW)
