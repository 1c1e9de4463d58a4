"""The common part of all services' batches: lines of JSON, read with care."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from targen_backends.http.reading import decoded
from targen_core.calls.backend import BatchAnswer
from targen_core.calls.model import ChatRequest
from targen_core.calls.secrets import Secrets
from targen_core.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")

NOBODY = ChatRequest((), {})
"""The request of an answer whose request is not known."""

Decode = Callable[[bytes, Mapping[str, ChatRequest]], tuple[str, BatchAnswer]]


async def answers(
    lines: AsyncIterator[bytes], decode: Decode, requests: Mapping[str, ChatRequest]
) -> dict[str, BatchAnswer]:
    """Return the answers to `requests`; other lines are skipped, so their calls are made again."""
    received: dict[str, BatchAnswer] = {}
    async for line in lines:
        if not line.strip():
            continue
        try:
            key, answer = decode(line, requests)
        except ValueError:
            continue
        if key in requests:
            received[key] = answer
    return received


def careful(decode: Callable[P, T]) -> Callable[P, T]:
    """Return `decode` of a line, for which values that are nested too deeply are not an answer."""

    @functools.wraps(decode)
    def decoding(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return decode(*args, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    return decoding


def parsed(line: bytes, secrets: Secrets) -> tuple[str, dict[str, Any]]:
    """A line's `custom_id`, and the line, without `secrets` in its texts.

    Raises:
        ValueError: it is not a JSON object with one.
    """
    record = decoded(line, secrets)
    if not isinstance(record, dict) or not isinstance(record.get("custom_id"), str):
        raise ValueError("not a JSON object with a custom_id")
    return record["custom_id"], record


def document(answer: Any, *fields: str, billed: bool = False) -> dict[str, Any]:
    """An answer about a batch, which must have `fields` of text.

    Raises:
        ServiceError: it is something else.
    """
    if not isinstance(answer, dict) or not all(isinstance(answer.get(f), str) for f in fields):
        raise ServiceError("unexpected response to a batch request", billed=billed)
    return answer
