"""Sampling parameters: the part of a request that controls how its reply is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from targen_core.errors import UsageError

SAMPLING = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "min_p",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "repeat_penalty",
    "reasoning_effort",
)
"""Sampling parameters: part of each request. Other keys are a backend's options."""

FREE_TOKENS = 16_384
"""Most tokens of a reply that a file from anybody may ask for; no task of ours asks for half."""

_LITTLE = ("none", "minimal", "low")  # reasoning no longer than any model's own default

_MAX = 2**63  # what a seed may be; no other parameter comes near


def costly(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that may cost far more than usual: a person types or trusts them."""
    return {
        key: value
        for key, value in sampling.items()
        if (key == "max_tokens" and not (isinstance(value, int) and value <= FREE_TOKENS))
        or (key == "reasoning_effort" and value not in _LITTLE)
    }


def is_free(name: str, value: Any) -> bool:
    """Return whether an option, as `KEY` or `STEP.KEY`, is a sampling parameter that costs little.

    Anybody's file may set such a parameter; see `costly`.
    """
    key = name.rpartition(".")[2]
    return key in SAMPLING and not costly({key: value})


def check_sampling(key: str, value: Any) -> None:
    """Refuse a sampling parameter that no service could take.

    Raises:
        UsageError: saying what it must be.
    """
    if key in ("stop", "reasoning_effort"):
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or (isinstance(value, float) and math.isfinite(value))
    if number and abs(value) > _MAX:
        raise UsageError(f"option {key}={str(value)[:20]}: the number is too large")
    if key == "max_tokens" and not (whole and value > 0):
        raise UsageError(f"option max_tokens={value}: it must be a whole number above 0")
    if key in ("top_k", "seed"):  # -1 is "off" or "any" to some servers
        if not whole or value < -1:
            raise UsageError(f"option {key}={value}: it must be a whole number, -1 or more")
    elif key in ("frequency_penalty", "presence_penalty"):
        if not number:
            raise UsageError(f"option {key}={value}: it must be a number")
    elif not number or value < 0:
        raise UsageError(f"option {key}={value}: it must be a number, 0 or more")
    if key in ("top_p", "min_p") and value > 1:
        raise UsageError(f"option {key}={value}: it must be a number from 0 to 1")


def check_own(sampling: Mapping[str, Any]) -> None:
    """Refuse parameters that no service accepts, or that only the run may set.

    Raises:
        ValueError: naming the parameter.
    """
    for key, value in sampling.items():
        if key not in SAMPLING or key == "seed":
            known = ", ".join(name for name in SAMPLING if name != "seed")
            raise ValueError(f"sampling contains {key!r}, but a call may only set {known}")
        try:
            check_sampling(key, value)
        except UsageError as error:
            raise ValueError(f"sampling: {str(error).removeprefix('option ')}") from None
