"""The protocol of services that answer batches.

A batch is many requests handed over at once and answered within a day, at a
lower price. A request is a line of JSON with the call's key as its
`custom_id`; an answer is a line with the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import ServiceError

BatchAnswer = ChatReply | ServiceError
"""The outcome of one request: the reply, or the reason why it failed."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """The state of a batch.

    `answers` contains the answers so far, by the requests' keys. Once a batch has `ended`, requests
    without an answer have failed, for `problem` if the service gives a reason for the whole batch.
    """

    ended: bool
    answers: Mapping[str, BatchAnswer] = field(default_factory=dict)
    problem: str = ""


class BatchProvider(Protocol):
    """A model behind a service that takes batches: lines of a file, and lines as answers.

    A batch belongs to the provider with the same identity.

    Attributes:
        identity: that of the model.
        max_requests: requests that one batch may hold.
        max_bytes: bytes that one batch's lines may have.
    """

    identity: str
    max_requests: int
    max_bytes: int

    def encode(self, request: ChatRequest) -> bytes:
        """The request as a line without its line break; its `custom_id` is `request.key`."""
        ...

    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of one line that came back.

        `requests` are the known ones by key; a key that is not among them is
        returned as well.

        Raises:
            ValueError: the line is not an answer.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...

    async def submit(self, lines: Sequence[bytes]) -> str:
        """Hand a batch over; returns the service's name for it.

        Raises:
            ServiceError: the batch was not handed over, or, with `billed`, may have been.
        """
        ...

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        """The state of a batch, with its answers to `requests` so far.

        Raises:
            ServiceError: its class says whether a retry can help.
        """
        ...
