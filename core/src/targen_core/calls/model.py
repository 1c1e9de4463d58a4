"""The protocol of language models.

`ChatModel` is all that the call layer knows of a backend. Own clients
implement it directly; models of other libraries are adapted to it (see
`targen_core.plugins.adapters`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

from targen_core.calls.scores import TokenScore

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "content-filter", "unanswered", "other"]

MAX_REPLY = 4 << 20
"""Bytes of a reply as the journal keeps it, or as a service sends it: room for a million tokens."""

_MAX_TOKENS = 10**9
"""No call takes as many: who says more does not count."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens, in and out.

    Attributes:
        input: dollars per million uncached input tokens.
        output: dollars per million output tokens, reasoning included.
        cache_read: for input read from the service's prompt cache; None for `input`.
        cache_write: for input written to that cache; None for `input`.
        cache_from: the shortest beginning of a prompt that the service caches, in tokens, or None
            if unknown.
        long_from: a prompt with more tokens costs `long_input` times its input and `long_output`
            times its output. None if there is no such limit.
        long_input: factor for the input of a long prompt.
        long_output: factor for its output.
        batch: factor for both in a batch; None if there are no batches.
        source: where the figures come from, and their date.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    cache_from: int | None = None
    long_from: int | None = None
    long_input: float = 1.0
    long_output: float = 1.0
    batch: float | None = None
    source: str = field(default="", compare=False)

    def dollars(
        self, input_tokens: int, output_tokens: int, *, cache_read: int = 0, cache_write: int = 0
    ) -> float:
        """The cost of these tokens in dollars.

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
        """An upper bound, in dollars, on the cost of a call with at most these tokens."""
        dearer = self.cache_write is not None and self.cache_write > self.input
        return self.dollars(input_tokens, output_tokens, cache_write=input_tokens if dearer else 0)


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """A service's limits, as reported with an answer.

    `remaining_requests` and `remaining_tokens` are left. `reset_requests` and `reset_tokens` are
    the seconds until the allowance is full again, and `limit_requests` is the full allowance.
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

    `params` holds the sampling parameters under their ordinary names (`temperature`, `max_tokens`,
    `top_p`, `stop`, `seed`, ...). `max_tokens` is always present, because the budget reserves it.
    `schema` is the JSON schema that the reply must satisfy, or None for free text, and
    `schema_name` its name. `key` is the call's identity, a hex string; a scripted backend may
    answer by it. With `top_logprobs` the reply must contain the probability of each of its tokens,
    and this many of the likeliest tokens at its position. Only a `ScoringModel` gets such a
    request. With `given` the reply is that text, and the model only reports its probability. Only a
    `ScoringModel` with `scores_given` gets such a request. With `next_token` the model returns a
    single token and its alternatives (`top_logprobs`). It is the reply's first, or continues the
    last message if that is the assistant's own. The end of the reply is also a token, with the text
    "". Only a `ScoringModel` with `continues` gets such a request. `origin` (where the call comes
    from) and `dry_run` (a function that returns the task's offline reply) are never sent. Neither
    is `read`, a function that raises `BadReply` for the text of a reply that the step cannot use.
    """

    messages: tuple[Message, ...]
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None
    schema_name: str = ""
    key: str = ""
    origin: Origin | None = field(default=None, compare=False, repr=False)
    dry_run: Callable[[], Any] | None = field(default=None, compare=False, repr=False)
    top_logprobs: int | None = None
    given: str | None = None
    next_token: bool = False
    read: Callable[[str], Any] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer: its text, why it ended, and the tokens used.

    `cache_read_tokens` of the `input_tokens` came from the service's own prompt cache, and
    `cache_write_tokens` went into it. `reasoning_tokens` of the `output_tokens` are not in the
    text. `model` is the service's name for the model that answered, or "", and `is_other` says that
    it is not the requested one. `tokens` are those of
    the text, if the request has `top_logprobs`. `unscored` states why the tokens that the service
    listed cannot be read, or is "". A reply with `unscored` is requested again, like an unreadable
    one. `estimated` says that the service did not report the tokens, or not readably.
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
    tokens: tuple[TokenScore, ...] = ()
    unscored: str = ""
    estimated: bool = False
    is_other: bool = False


def token_count(value: object, otherwise: int) -> int:
    """A token count that a service reports, or `otherwise` if it is invalid.

    It is valid if it is a whole number from 0 to a billion. A negative count would give the budget
    money back.
    """
    return value if type(value) is int and 0 <= value <= _MAX_TOKENS else otherwise


def counted(reply: ChatReply, max_input: int, max_output: int) -> ChatReply:
    """`reply` with counts that can be charged to a budget.

    An invalid count (see `token_count`) is replaced by the request's bound, `max_input` or
    `max_output`. Cache-read, cache-write and reasoning tokens are at most the count that they are
    part of.
    """
    input_tokens = token_count(reply.input_tokens, max_input)
    output_tokens = token_count(reply.output_tokens, max_output)
    cache_read = min(token_count(reply.cache_read_tokens, 0), input_tokens)
    cache_write = min(token_count(reply.cache_write_tokens, 0), input_tokens - cache_read)
    reasoning = min(token_count(reply.reasoning_tokens, 0), output_tokens)
    valid = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": cache_write,
        "reasoning_tokens": reasoning,
    }
    # Not by ==: a service may count in 1.0 or true, which JSON and sums would keep.
    changed: dict[str, Any] = {
        name: now for name, now in valid.items() if getattr(reply, name) is not now
    }
    return replace(reply, **changed) if changed else reply


@runtime_checkable
class ChatModel(Protocol):
    """A language model, in a service or in this process.

    Its properties may be plain attributes; targen only reads them.

    A model with a key may also have `secrets`, a tuple of texts. The call layer removes them from
    replies and errors before it stores these. It also finds keys in options of type `SecretStr` and
    in environment variables with names like those of keys.
    """

    @property
    def identity(self) -> str:
        """Return what determines the reply, apart from the request: the URL or file, and the model.

        It is part of the key of every call, so it must be stable from run to run and must not
        contain secrets.
        """
        ...

    @property
    def structured(self) -> bool:
        """Return whether the model itself enforces `request.schema`."""
        ...

    @property
    def seeded(self) -> bool:
        """Return whether the model accepts `params["seed"]`."""
        ...

    @property
    def max_concurrency(self) -> int | None:
        """Maximum useful concurrent calls, or None."""
        ...

    @property
    def price(self) -> Price | None:
        """Dollars per million tokens; None if unknown."""
        ...

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request.

        Raises:
            ServiceError: its class says whether a retry can help.
        """
        ...

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound on the request's input tokens; it must never be too low."""
        ...

    async def aclose(self) -> None:
        """Release connections, threads and memory; a later call may acquire them again.

        targen closes the models that it makes, and never one that a program passes.
        """
        ...


@runtime_checkable
class ScoringModel(ChatModel, Protocol):
    """A model that reports the probability of each token of a reply.

    A wrapper of another model returns that model's values; see `targen_core.calls.scores.most_top`.
    """

    @property
    def top_logprobs(self) -> int | None:
        """Return how many alternatives it lists per token at most; None if it lists none."""
        ...

    @property
    def scores_given(self) -> bool:
        """Return whether it accepts `request.given`; it replies "" if it cannot score the text."""
        ...

    @property
    def continues(self) -> bool:
        """Return whether it accepts `request.next_token`."""
        ...


@runtime_checkable
class DeferredModel(ChatModel, Protocol):
    """A model that answers in rounds, each perhaps hours after the request.

    The call layer treats it as follows. It sends all calls at once, with no limit on rate or
    concurrency. A run waits for them as long as it takes: the model decides how long a service may
    fail. It cancels `complete` as soon as the answer is no longer wanted. The run may end before
    there is an answer, with an error that says so, and request the same again when it is resumed.
    """

    def attach_run(self, others: Callable[[], int], sent: Callable[[Sequence[str]], None]) -> None:
        """Receive two functions of the run.

        `others` returns for how many calls the run waits that no deferred model has. `sent` takes
        the keys of requests just before they go to a service that bills them. The run's journal
        then counts them, whatever happens to this process.

        A round is best started when `others` returns 0, since no more calls come before it is
        answered. A stage whose code runs, and has no call under way, counts as a call for its first
        30 seconds. Calling it also drops the calls that are no longer wanted.
        """
        ...
