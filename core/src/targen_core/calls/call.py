"""A call: its messages, its model, its purpose, and its key."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from targen_core.calls.model import ChatModel, ChatReply, DeferredModel, Message, Price
from targen_core.calls.rate import RateLimiter
from targen_core.calls.secrets import Secrets
from targen_core.errors import TargenError

_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(slots=True)
class BoundModel:
    """A model as one step uses it: with its parameters, limiter and price."""

    model: ChatModel
    limiter: RateLimiter
    params: Mapping[str, Any]
    price: Price | None
    backend: str = ""  # its full id, to say whose bug a failure of its code is
    cacheable: bool = True  # whether replies go to and come from the cache of other runs
    shares_replies: bool = True  # whether new replies go there, if they are `cacheable`
    shared_by: str = ""  # of lists: who shares cached replies; "": all callers with the key
    settled: frozenset[str] = frozenset()  # parameters that no call sets for itself
    secrets: Secrets = field(default_factory=Secrets)  # removed from replies and errors
    deferred: bool = field(init=False)  # whether it is a `DeferredModel`
    _prefixes: dict[tuple[Any, ...], bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.deferred = isinstance(self.model, DeferredModel)

    def params_of(self, call: Call) -> dict[str, Any]:
        """Return a call's sampling parameters: its own, or the step's if the run settles them."""
        own = {name: value for name, value in call.sampling.items() if name not in self.settled}
        if call.given is not None:  # no token is shorter than a byte
            own["max_tokens"] = len(call.given.encode("utf-8", "replace"))
        if call.next_token:  # which one is written does not matter
            own |= {"max_tokens": 1, "temperature": 0.0}
        return {**self.params, **own}

    def key_prefix(self, call: Call) -> bytes:
        """The part of a call's key that calls of this step, schema and sampling share.

        Optional wishes of a call count only if it has them, so that keys of other calls never
        change.
        """
        if call.given is not None:  # hardly ever the same
            return self._prefix(call)
        sampling = _canonical(self.params_of(call)) if call.sampling else ""
        alike = (call.schema_digest, sampling, call.top_logprobs, call.next_token)
        prefix = self._prefixes.get(alike)
        if prefix is None:
            prefix = self._prefixes[alike] = self._prefix(call)
        return prefix

    def _prefix(self, call: Call) -> bytes:
        parts = [self.model.identity, self.params_of(call), call.schema_digest]
        asked = {
            "top_logprobs": call.top_logprobs,
            "given": call.given,
            "next_token": call.next_token or None,
        }
        more = {name: value for name, value in asked.items() if value is not None}
        text = _canonical([*parts, more] if more else parts)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def cache_key(self, key: bytes) -> bytes:
        """Return the key of a call's reply in the cache that runs share."""
        if not self.shared_by:
            return key
        return hashlib.sha256(self.shared_by.encode() + b"\n" + key).digest()[:16]


STOPS = (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)
"""What ends code from outside. Anything else that a plugin raises is its fault, even a
`SystemExit`, which would end the process without a word.
"""


class CallCancelled(Exception):
    """The run is stopping, or the answer is no longer wanted: send no call.

    This is not an `asyncio.CancelledError`: the asking task continues, and other calls of the run
    finish.
    """


@dataclass(slots=True)
class Scope:
    """On whose behalf calls are made: a candidate, a list batch, or one pass over a step's code.

    Once `abandoned`, it does not send further calls. `lacking` are calls that it needs and that
    have no answer, in a run that sends no calls. Results for such a scope do not count.

    A pass (`begin`) is watched: it knows whether the step made calls from several asyncio tasks,
    and whether any call was sent. Their order may then depend on which answer came first.
    """

    abandoned: bool = False
    turn: asyncio.Event | None = None  # calls without a known reply wait until it is set
    lacking: tuple[Call, ...] = ()
    parent: Scope | None = None
    closed: bool = False  # the pass has ended: tasks that it left behind cannot send calls
    failure: BaseException | None = None  # why a call got no answer, whatever the step did about it
    known: dict[bytes, ChatReply] | None = None
    observed: list[tuple[Call, tuple[Message, ...], ChatReply, str]] = field(default_factory=list)
    _keys: list[list[str]] = field(default_factory=list)
    _task: asyncio.Task[Any] | None = None  # that awaits the step itself
    _aside: bool = False  # whether a call was made from another task
    _sent: bool = False
    _sending: set[asyncio.Task[ChatReply]] = field(default_factory=set)

    @property
    def keys(self) -> list[str]:
        """The calls that it used, in the order in which they were made: not answered."""
        return [*chain.from_iterable(self._keys)]

    @property
    def attempts(self) -> list[list[str]]:
        """The same, the attempts of each call apart."""
        return [[*attempts] for attempts in self._keys]

    @property
    def wanted(self) -> bool:
        """Return whether its answers are still wanted."""
        return not self.abandoned and (self.parent is None or self.parent.wanted)

    @property
    def unordered(self) -> bool:
        """Return whether another pass, with every answer known, may reorder its calls."""
        return self._aside and self._sent and not self.lacking

    def let_send(self) -> None:
        """Send what is still to be asked, if that waited for its turn."""
        if self.turn is not None:
            self.turn.set()

    def abandon(self) -> None:
        """Stop sending: the answers are no longer needed."""
        self.abandoned = True
        self.let_send()  # a call that waits for its turn sees that it is not wanted

    async def await_turn(self) -> None:
        """Wait until its calls may be sent."""
        for scope in (self, self.parent):
            if scope is not None and scope.turn is not None:
                await scope.turn.wait()

    def begin(self, known: dict[bytes, ChatReply]) -> Scope:
        """Start a pass over a step's code, in the current task.

        `known` are the replies of the passes before it, by key; it gets those of this one.
        """
        return Scope(parent=self, known=known, _task=asyncio.current_task())

    def made(self) -> list[str]:
        """Where the keys of one more call, one for each attempt, are to be put."""
        self._aside = self._aside or self._is_aside
        self._keys.append([])
        return self._keys[-1]

    async def send(self, answer: Coroutine[Any, Any, ChatReply]) -> ChatReply:
        """Await an answer; if another task asks, it arrives even if that task is cancelled.

        The answer is paid for. If a task is cancelled when another one has its answer, chance would
        otherwise decide whether the journal contains this one.
        """
        self._sent = True
        if not self._is_aside:
            return await answer
        sending = asyncio.ensure_future(answer)
        self._sending.add(sending)
        return await asyncio.shield(sending)

    def fail(self, error: BaseException) -> None:
        """Note why a call got no answer; a run that is stopping is the least of the reasons."""
        if self.failure is None or not isinstance(self.failure, TargenError):
            self.failure = error

    async def end(self) -> None:
        """Close the pass, and wait for the answers to calls that it sent."""
        self.closed = True
        if self._sending:
            try:
                ended = await asyncio.gather(*self._sending, return_exceptions=True)
            except asyncio.CancelledError:
                self.cancel()
                raise
            for answer in ended:  # the task that asked for it may be cancelled by now
                if isinstance(answer, BaseException):
                    self.fail(answer)

    def cancel(self) -> None:
        """Close the pass without waiting."""
        self.closed = True
        for sending in self._sending:
            sending.cancel()

    def take(self, over: Scope) -> None:
        """Take the calls of a pass that has ended, and no call that it may still make."""
        self._keys += map(list, over._keys)
        self.lacking = (*self.lacking, *over.lacking)

    @property
    def _is_aside(self) -> bool:
        return self._task is not None and asyncio.current_task() is not self._task


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A stage's question to a model, independent of attempts.

    `place` is its place in the run, a path of structure; `occurrence` counts the same messages
    within one stage. `sampling` are parameters that the task sets only for this call, and
    `top_logprobs` is as in a `ChatRequest`. With `may_be_cut` a reply that reaches `max_tokens` is
    whole. With `given` the reply is that text, to be scored; `next_token` and `read` are as in a
    `ChatRequest`.
    """

    step: str
    label: str | None
    place: str
    occurrence: int
    prompt: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None
    schema_name: str
    schema_digest: str
    dry_run: Callable[[bytes], Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    top_logprobs: int | None = None
    may_be_cut: bool = False
    given: str | None = None
    next_token: bool = False
    read: Callable[[str], Any] | None = None


Observer = Callable[[Call, tuple[Message, ...], ChatReply, str], None]
"""Called with each call, the messages of the attempt, the reply to it, and its key."""


def call_key(
    bound: BoundModel, call: Call, messages: tuple[Message, ...], seed: int, attempt: int
) -> bytes:
    """A call's key: 16 bytes of SHA-256 over all that decides the reply."""
    parts = hashlib.sha256(bound.key_prefix(call))
    for message in messages:
        content = message.content.encode("utf-8", "surrogatepass")
        parts.update(b"%s %d\n" % (message.role.encode(), len(content)))
        parts.update(content)
    where = f"{seed}\n{call.place}\n{call.occurrence}\n{attempt}"
    parts.update(where.encode())
    return parts.digest()[:16]


def with_schema(messages: tuple[Message, ...], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """Ask for JSON in words, of a model that cannot be held to a schema."""
    last = messages[-1]
    text = (
        f"{last.content}\n\nReply with one JSON object and nothing else. Its JSON schema:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )
    return (*messages[:-1], Message(last.role, text))
