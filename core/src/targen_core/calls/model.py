"""What targen asks of a language model: one small protocol.

`ChatModel` is all that the call layer knows of a backend. Own clients
implement it directly, without importing langchain; any langchain chat model
is adapted to it by `targen_core.calls.langchain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = [
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Finish",
    "Message",
    "Origin",
    "Price",
    "RateHeaders",
    "Role",
]

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens, in and out."""

    input: float
    output: float

    def dollars(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (tokens_in * self.input + tokens_out * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What a service said of its limits beside an answer.

    `remaining_requests` and `remaining_tokens` are what is left in the
    window; `reset_requests` and `reset_tokens` the seconds until it refills.
    """

    remaining_requests: int | None = None
    reset_requests: float | None = None
    remaining_tokens: int | None = None
    reset_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a run a call comes from: its step, label and place, and the prompt's filling."""

    step: str
    label: str | None
    place: str
    prompt: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call.

    `params` holds the sampling parameters under their ordinary names
    (`temperature`, `max_tokens`, `top_p`, `stop`, `seed`, ...). `max_tokens`
    is always there: the budget reserves it. `schema` is the JSON schema that
    the reply must satisfy, or None for free text, and `schema_name` its name.
    `key` is the call's identity, a hex string; a scripted backend may answer
    by it. `origin` and `rehearse` are never sent anywhere: where the call
    comes from, and what makes the offline reply that the task offers for it.
    """

    messages: tuple[Message, ...]
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None
    schema_name: str = ""
    key: str = ""
    origin: Origin | None = field(default=None, compare=False, repr=False)
    rehearse: Callable[[], Any] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer: its text, why it ended, and what it took."""

    text: str
    finish: Finish = "stop"
    tokens_in: int = 0
    tokens_out: int = 0
    rate: RateHeaders | None = None


@runtime_checkable
class ChatModel(Protocol):
    """A language model behind a service or in this process.

    Attributes:
        identity: what decides the reply besides the request: service address
            or file, and model. Part of the key of every call, so it must be
            the same from run to run and hold no secret.
        structured: whether `request.schema` is enforced by the model itself.
        seeded: whether the model takes `params["seed"]`.
        max_concurrency: calls that make sense at once, or None.
        price: dollars for a million tokens; None where unknown.
    """

    identity: str
    structured: bool
    seeded: bool
    max_concurrency: int | None
    price: Price | None

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request.

        Raises:
            ServiceError: of the class that says whether trying later can help.
        """
        ...

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the request's input tokens (never an estimate below)."""
        ...

    async def aclose(self) -> None:
        """Give back connections, threads and memory."""
        ...
