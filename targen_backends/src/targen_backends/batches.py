"""What the batches of all services have in common: lines of JSON, read with care."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from targen_core import ChatRequest
from targen_core.calls.batch import BatchAnswer
from targen_core.errors import MalformedAnswer

__all__ = ["NOBODY", "answers", "careful", "document", "parsed"]

P = ParamSpec("P")
T = TypeVar("T")

NOBODY = ChatRequest((), {})
"""The request of an answer whose request is not known."""

Read = Callable[[bytes, Mapping[str, ChatRequest]], tuple[str, BatchAnswer]]


async def answers(
    lines: AsyncIterator[bytes], read: Read, requests: Mapping[str, ChatRequest]
) -> dict[str, BatchAnswer]:
    """The answers to `requests`; what is no answer is passed over, and so asked for again."""
    found: dict[str, BatchAnswer] = {}
    async for line in lines:
        if not line.strip():
            continue
        try:
            key, answer = read(line, requests)
        except ValueError:
            continue
        if key in requests:
            found[key] = answer
    return found


def careful(read: Callable[P, T]) -> Callable[P, T]:
    """`read` of a line, for which values that are nested too deeply are no answer."""

    @functools.wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    return reading


def parsed(line: bytes) -> tuple[str, dict[str, Any]]:
    """A line's `custom_id`, and the line.

    Raises:
        ValueError: it is no JSON object with one.
    """
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(found.get("custom_id"), str):
        raise ValueError("no JSON object with a custom_id")
    return found["custom_id"], found


def document(raw: bytes, *fields: str, billed: bool = False) -> dict[str, Any]:
    """An answer about a batch, which must have `fields` of text.

    Raises:
        MalformedAnswer: it is something else.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(found.get(f), str) for f in fields):
        raise MalformedAnswer(
            "the answer about a batch is not what the service promises", billed=billed
        )
    return found
