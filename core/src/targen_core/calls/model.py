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
    "DeferredModel",
    "Finish",
    "Message",
    "Origin",
    "Price",
    "RateHeaders",
    "Role",
    "counted",
    "token_count",
]

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "content-filter", "other"]

_MAX_TOKENS = 10**9
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
        output: written by it, reasoning included.
        cache_read: read from the service's prompt cache; None: as `input`.
        cache_write: read and put into that cache; None: as `input`.
        long_from: a prompt of more tokens than this costs `long_input` times
            its input and `long_output` times its output; None: no such rule.
        long_input: the factor of a long prompt's input.
        long_output: the factor of its output.
        batch: the factor of both in a batch, or None where there is none.
        source: where the figures come from, and of which day they are.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    long_from: int | None = None
    long_input: float = 1.0
    long_output: float = 1.0
    batch: float | None = None
    source: str = field(default="", compare=False)

    def dollars(
        self, input_tokens: int, output_tokens: int, *, cache_read: int = 0, cache_write: int = 0
    ) -> float:
        """What so many tokens cost.

        `cache_read` of the `input_tokens` came from the service's prompt cache
        and `cache_write` of them went into it.
        """
        if not cache_read and not cache_write and self.long_from is None:
            return (input_tokens * self.input + output_tokens * self.output) / 1e6
        paid_in = (input_tokens - cache_read - cache_write) * self.input
        paid_in += cache_read * (self.input if self.cache_read is None else self.cache_read)
        paid_in += cache_write * (self.input if self.cache_write is None else self.cache_write)
        paid_out = output_tokens * self.output
        if self.long_from is not None and input_tokens > self.long_from:
            paid_in *= self.long_input
            paid_out *= self.long_output
        return (paid_in + paid_out) / 1e6

    def max_dollars(self, input_tokens: int, output_tokens: int) -> float:
        """The most that a call of at most so many tokens can cost."""
        dearer = self.cache_write is not None and self.cache_write > self.input
        return self.dollars(input_tokens, output_tokens, cache_write=input_tokens if dearer else 0)


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
    by it. `origin` and `dry_run` are never sent anywhere: where the call
    comes from, and what makes the offline reply that the task offers for it.
    """

    messages: tuple[Message, ...]
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None
    schema_name: str = ""
    key: str = ""
    origin: Origin | None = field(default=None, compare=False, repr=False)
    dry_run: Callable[[], Any] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer: its text, why it ended, and what it took.

    Of `input_tokens`, `cache_read_tokens` came from the service's own prompt
    cache and `cache_write_tokens` went into it; of `output_tokens`,
    `reasoning_tokens` are left out of the text. `model` is the name that the
    service gave the model that answered, or "".
    """

    text: str
    finish: Finish = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    rate: RateHeaders | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    model: str = ""


def token_count(value: object, otherwise: int) -> int:
    """A count of tokens that a service reports, or `otherwise` where it is none.

    It is one if it is a whole number from 0 to a billion: no fraction, no text
    and no negative number, which would give the budget money back.
    """
    return value if type(value) is int and 0 <= value <= _MAX_TOKENS else otherwise


def counted(reply: ChatReply, max_input: int, max_output: int) -> ChatReply:
    """`reply` with counts that a budget can be charged with.

    What is no count (see `token_count`) is taken as the request's bound,
    `max_input` or `max_output`; cache-read, cache-write and reasoning tokens
    are at most those of which they are a part.
    """
    input_tokens = token_count(reply.input_tokens, max_input)
    output_tokens = token_count(reply.output_tokens, max_output)
    cache_read = min(token_count(reply.cache_read_tokens, 0), input_tokens)
    cache_write = min(token_count(reply.cache_write_tokens, 0), input_tokens - cache_read)
    reasoning = min(token_count(reply.reasoning_tokens, 0), output_tokens)
    was = (
        *(reply.input_tokens, reply.output_tokens),
        *(reply.cache_read_tokens, reply.cache_write_tokens, reply.reasoning_tokens),
    )
    now = (input_tokens, output_tokens, cache_read, cache_write, reasoning)
    if was == now and all(type(count) is int for count in was):
        return reply
    return replace(
        reply,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
    )


@runtime_checkable
class ChatModel(Protocol):
    """A language model behind a service or in this process.

    What it has may be plain attributes; it is only read.
    """

    @property
    def identity(self) -> str:
        """What decides the reply besides the request: service address or file, and model.

        Part of the key of every call, so it must be the same from run to run and hold no secret.
        """
        ...

    @property
    def structured(self) -> bool:
        """Whether `request.schema` is enforced by the model itself."""
        ...

    @property
    def seeded(self) -> bool:
        """Whether the model takes `params["seed"]`."""
        ...

    @property
    def max_concurrency(self) -> int | None:
        """Calls that make sense at once, or None."""
        ...

    @property
    def price(self) -> Price | None:
        """Dollars for a million tokens; None where unknown."""
        ...

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


@runtime_checkable
class DeferredModel(ChatModel, Protocol):
    """A model that answers in rounds, each perhaps hours after it was asked.

    What follows from it for the call layer is all said here. It sends as many
    calls as there are, with neither rate nor concurrency to bound them, and a
    run waits for them as long as it takes: how long a service may fail, the
    model itself knows. It cancels `complete` as soon as nobody wants the
    answer. The run may end before there is one, with an error that says so,
    and ask the same again when it is resumed.
    """

    def attach_run(self, others: Callable[[], int]) -> None:
        """Take what says how many calls the run waits for that no deferred model has.

        A round is best begun at 0, since nothing more will come before it is
        answered. To ask for it lets those calls go that nobody wants.
        """
        ...
