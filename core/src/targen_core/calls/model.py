"""What targen asks of a language model: one small protocol.

`ChatModel` is all that the call layer knows of a backend. Own clients
implement it directly, without importing langchain; any langchain chat model
is adapted to it by `targen_core.calls.langchain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    "counted",
    "told",
]

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "content-filter", "other"]

_MOST_TOKENS = 10**9
"""No call takes as many: who says more does not count."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens, in and out.

    Attributes:
        input: read by the model for the first time.
        output: written by it, thoughts included.
        cached: read from the service's prompt cache; None: as `input`.
        written: read and put into that cache; None: as `input`.
        long_from: a prompt of more tokens than this costs `long_input` times
            its input and `long_output` times its output; None: no such rule.
        long_input: the factor of a long prompt's input.
        long_output: the factor of its output.
        batch: the factor of both in a batch, or None where there is none.
        source: where the figures come from, and of which day they are.
    """

    input: float
    output: float
    cached: float | None = None
    written: float | None = None
    long_from: int | None = None
    long_input: float = 1.0
    long_output: float = 1.0
    batch: float | None = None
    source: str = field(default="", compare=False)

    def dollars(self, tokens_in: int, tokens_out: int, *, read: int = 0, written: int = 0) -> float:
        """What so many tokens cost.

        `read` of the `tokens_in` came from the service's prompt cache and
        `written` of them went into it.
        """
        if not read and not written and self.long_from is None:
            return (tokens_in * self.input + tokens_out * self.output) / 1e6
        paid_in = (tokens_in - read - written) * self.input
        paid_in += read * (self.input if self.cached is None else self.cached)
        paid_in += written * (self.input if self.written is None else self.written)
        paid_out = tokens_out * self.output
        if self.long_from is not None and tokens_in > self.long_from:
            paid_in *= self.long_input
            paid_out *= self.long_output
        return (paid_in + paid_out) / 1e6

    def most(self, tokens_in: int, tokens_out: int) -> float:
        """The most that a call of at most so many tokens can cost."""
        dearer = self.written is not None and self.written > self.input
        return self.dollars(tokens_in, tokens_out, written=tokens_in if dearer else 0)


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What a service said of its limits beside an answer.

    `remaining_requests` and `remaining_tokens` are what is left;
    `reset_requests` and `reset_tokens` the seconds until it is whole again;
    `limit_requests` is what whole means.
    """

    remaining_requests: int | None = None
    reset_requests: float | None = None
    remaining_tokens: int | None = None
    reset_tokens: float | None = None
    limit_requests: int | None = None


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
    """One answer: its text, why it ended, and what it took.

    Of `tokens_in`, `tokens_read` came from the service's own prompt cache and
    `tokens_written` went into it; of `tokens_out`, `tokens_thought` were
    thoughts that the text leaves out. `model` is the name that the service
    gave the model that answered, or "".
    """

    text: str
    finish: Finish = "stop"
    tokens_in: int = 0
    tokens_out: int = 0
    rate: RateHeaders | None = None
    tokens_read: int = 0
    tokens_written: int = 0
    tokens_thought: int = 0
    model: str = ""


def told(count: object, otherwise: int) -> int:
    """A count of tokens that a service tells, or `otherwise` where it is none.

    It is one if it is a whole number from 0 to a billion: no fraction, no text
    and no negative number, which would give the budget money back.
    """
    return count if type(count) is int and 0 <= count <= _MOST_TOKENS else otherwise


def counted(reply: ChatReply, most_in: int, most_out: int) -> ChatReply:
    """`reply` with counts that a budget can be charged with.

    What is no count (see `told`) is taken as the request's bound, `most_in` or
    `most_out`; tokens that were read, written or thought are at most those of
    which they are a part.
    """
    tokens_in, tokens_out = told(reply.tokens_in, most_in), told(reply.tokens_out, most_out)
    read = min(told(reply.tokens_read, 0), tokens_in)
    written = min(told(reply.tokens_written, 0), tokens_in - read)
    thought = min(told(reply.tokens_thought, 0), tokens_out)
    was = (
        *(reply.tokens_in, reply.tokens_out),
        *(reply.tokens_read, reply.tokens_written, reply.tokens_thought),
    )
    now = (tokens_in, tokens_out, read, written, thought)
    if was == now and all(type(count) is int for count in was):
        return reply
    return replace(
        reply,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_read=read,
        tokens_written=written,
        tokens_thought=thought,
    )


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
        """Give back connections, threads and memory; a later call may have them anew."""
        ...
