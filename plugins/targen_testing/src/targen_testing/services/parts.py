"""Parts of services: latencies, limits and faults, each small, with its own state.

A part meets every call in its turn and may end it (`meet`). An omniscient client asks it when it
would accept the next one (`opens`). Times are seconds since the service began.

Where the forms come from, all read 2026-11-20:

- OpenAI also counts refused requests. It counts a call's tokens as the larger of `max_tokens` and
  an estimate. Azure checks requests over windows of 1 or 10 s and sends `retry-after-ms`. Anthropic
  refills continuously, so that 60 a minute may mean one a second. Azure and Anthropic both limit
  how fast traffic may grow:
  learn.microsoft.com/microsoft-cloud/dev/dev-proxy/concepts/llm-rate-limits
- OpenAI's headers after one request of 5,000 a minute: 4,999 remain, whole
  again in 12 ms, which is a bucket that fills evenly:
  community.openai.com/t/how-to-get-rate-limit-reset-time-for-response-api/1268905
- Ollama queues up to `OLLAMA_MAX_QUEUE` (512) and then answers 503 without
  `Retry-After`: github.com/ollama/ollama/pull/4144
- vLLM's throughput grows with the calls in flight until it is saturated, and latency after that:
  docs.vultr.com/inference-cookbook/rocm/optimization/concurrency-tuning. Beyond the capacity of the
  KV cache it starts calls over:
  dev.to/ji_ai/vllm-preemption-why-1-in-50-requests-restarts-from-scratch-32kk
- text-generation-inference answers 429 "Model is overloaded" at once beyond
  `max_concurrent_requests`, without `Retry-After`:
  github.com/huggingface/text-generation-inference/issues/439; hosted services
  do the same: docs.coreweave.com/support/inference, "Concurrency limit reached"
- LiteLLM's proxy has limits a minute and `max_parallel_requests`, both 429:
  github.com/BerriAI/litellm/issues/9440
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

_EPS = 1e-9  # seconds, requests or tokens that rounding may lose

What = Literal["answer", "status", "garbage", "drop", "refuse", "hang"]
Unit = Literal["requests", "tokens"]
Headers = Literal["", "openai", "anthropic"]


# --- values that change ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """A value that changes: `Level((0, 40), (60, 15))` is 40 and from 60 s on 15.

    With `every` the steps repeat after that many seconds.
    """

    steps: tuple[tuple[float, float], ...]
    every: float

    def __init__(self, *steps: tuple[float, float], every: float = math.inf) -> None:
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "every", every)

    def at(self, now: float) -> float:
        """The value at a moment."""
        phase = math.fmod(now + _EPS, self.every)
        return [value for start, value in self.steps if start <= phase][-1]

    def change(self, now: float) -> float:
        """The next moment at which the value may change, later than `now`."""
        phase = math.fmod(now + _EPS, self.every)
        later = [start for start, _ in self.steps if start > phase]
        return now + _EPS - phase + min(later, default=self.every)


def _at(value: float | Level, now: float) -> float:
    return value.at(now) if isinstance(value, Level) else value


def _change(value: float | Level, now: float) -> float:
    return value.change(now) if isinstance(value, Level) else math.inf


def _until(value: float | Level, now: float, fits: Callable[[float], bool]) -> float:
    """The first moment from `now` on at which the value fits; infinite where it never does."""
    for _ in range(1 + (len(value.steps) if isinstance(value, Level) else 0)):
        if fits(_at(value, now)):
            return now
        now = _change(value, now)
        if now == math.inf:
            break
    return math.inf


# --- what passes between a service and its parts -------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a part meets it.

    `in_flight` leaves the call itself out; `timeout` is the seconds after
    which its client goes.
    """

    now: float
    tokens: int = 1
    in_flight: int = 0
    timeout: float = math.inf


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit's own report: `reset` is the seconds until it is whole again."""

    unit: Unit
    limit: int
    remaining: int
    reset: float
    headers: Headers


@dataclass(frozen=True, slots=True)
class Retry:
    """The form of the wait in a refusal: whole seconds, milliseconds or a date.

    `says` is the claimed wait, in seconds; None for the true one.
    """

    form: Literal["seconds", "ms", "date"] = "seconds"
    says: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The end of a call by a part; `wait` is the seconds that its refusal names."""

    what: What
    status: int = 0
    retry: Retry | None = None
    wait: float = 0.0


@dataclass(slots=True, kw_only=True)
class Part:
    """A part that lets every call through."""

    rng: Random = field(default_factory=Random, repr=False, compare=False)

    def meet(self, call: Call) -> Turn | None:
        """End the call, or count it and let it through."""
        return None

    def opens(self, call: Call) -> float:
        """The moment from which on this call is let through, if none comes or goes before.

        Infinite where a call in flight must end first.
        """
        return call.now

    def tell(self, now: float) -> Limit | None:
        """Return its report beside an answer."""
        return None


# --- how long an answer takes --------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Latency(Part):
    """Seconds for an answer: a part that also says how long."""

    loaded = False  # whether it depends on the calls in flight

    def seconds(self, call: Call) -> float:
        """Return how long the answer to this call takes."""
        raise NotImplementedError


@dataclass(slots=True)
class Fixed(Latency):
    """Always the same."""

    median: float

    def seconds(self, call: Call) -> float:
        return self.median


@dataclass(slots=True)
class Lognormal(Latency):
    """Half above `median` seconds, with a tail that grows with `sigma`."""

    median: float
    sigma: float = 0.5

    def seconds(self, call: Call) -> float:
        return self.median * math.exp(self.rng.gauss(0.0, self.sigma))


@dataclass(slots=True)
class Batching(Latency):
    """A server that works on all calls together, as vLLM: `each` more seconds for each of them.

    Throughput saturates at one in `each` seconds.
    """

    alone: float
    each: float
    sigma: float = 0.2
    loaded = True

    def seconds(self, call: Call) -> float:
        mean = self.alone + self.each * (call.in_flight + 1)
        return mean * math.exp(self.rng.gauss(0.0, self.sigma))


@dataclass(slots=True)
class Queue(Latency):
    """`slots` calls at once, the others wait in turn; more than `waiting` get `status`.

    Ollama's OLLAMA_NUM_PARALLEL and OLLAMA_MAX_QUEUE, or vLLM's max_num_seqs. A client that gives
    up leaves the queue, or the slot.
    """

    work: float
    slots: int
    waiting: float = math.inf
    status: int = 503
    retry: Retry | None = None
    sigma: float = 0.3
    loaded = True
    _free: list[float] = field(default_factory=list, init=False, repr=False)
    _starts: list[float] = field(default_factory=list, init=False, repr=False)

    def meet(self, call: Call) -> Turn | None:
        opens = self.opens(call)
        if opens <= call.now + _EPS:
            return None
        return Turn("status", self.status, self.retry, opens - call.now)

    def opens(self, call: Call) -> float:
        if self._start(call.now) <= call.now + _EPS or len(self._starts) < self.waiting:
            return call.now
        later = sorted(start for start in self._starts if start > call.now + _EPS)
        too_many = len(later) - self.waiting
        return call.now if too_many < 0 else later[int(too_many)]

    def _start(self, now: float) -> float:
        return now if len(self._free) < self.slots else max(now, self._free[0])

    def seconds(self, call: Call) -> float:
        start, gone = self._start(call.now), call.now + call.timeout
        while self._starts and self._starts[0] <= call.now + _EPS:
            heapq.heappop(self._starts)
        if start > call.now + _EPS:
            heapq.heappush(self._starts, min(start, gone))
        if start >= gone:
            return math.inf
        if len(self._free) >= self.slots:
            heapq.heappop(self._free)
        end = start + self.work * math.exp(self.rng.gauss(0.0, self.sigma))
        heapq.heappush(self._free, min(end, gone))
        return end - call.now


# --- limits ----------------------------------------------------------------------


@dataclass(slots=True)
class Bucket(Part):
    """A token bucket: `rate` a second flow in, up to `capacity`.

    `window` is what the headers call whole (60: the limit of a minute). With
    `counts_refused` a refused call takes what is left, so that hammering
    keeps it empty (OpenAI).
    """

    rate: float | Level
    capacity: float
    unit: Unit = "requests"
    headers: Headers = ""
    retry: Retry | None = None
    status: int = 429
    window: float = 60.0
    counts_refused: bool = False
    _left: float = field(default=-1.0, init=False, repr=False)
    _seen: float = field(default=0.0, init=False, repr=False)

    def _cost(self, call: Call) -> float:
        return min(self.capacity, call.tokens if self.unit == "tokens" else 1)

    def _level(self, now: float) -> float:
        left, seen = self.capacity if self._left < 0 else self._left, self._seen
        while seen < now and left < self.capacity:
            until = min(now, _change(self.rate, seen))
            left = min(self.capacity, left + _at(self.rate, seen) * (until - seen))
            seen = until
        return left

    def meet(self, call: Call) -> Turn | None:
        opens = self.opens(call)
        through = opens <= call.now + _EPS
        if through or self.counts_refused:
            self._left = max(0.0, self._level(call.now) - self._cost(call))
            self._seen = call.now
        if through:
            return None
        return Turn("status", self.status, self.retry, self.opens(call) - call.now)

    def opens(self, call: Call) -> float:
        then, left, cost = call.now, self._level(call.now), self._cost(call)
        while left + _EPS < cost:
            rate, change = _at(self.rate, then), _change(self.rate, then)
            full = then + (cost - left) / rate if rate > 0 else math.inf
            if full <= change:
                return full
            left, then = left + rate * (change - then), change
        return then

    def tell(self, now: float) -> Limit | None:
        if not self.headers:
            return None
        rate, left = _at(self.rate, now), self._level(now)
        reset = (self.capacity - left) / rate if rate > 0 else self.window
        return Limit(self.unit, round(rate * self.window), int(left + _EPS), reset, self.headers)


@dataclass(slots=True)
class Window(Part):
    """At most `limit` in each fixed window of `seconds`; the first ends after `phase`, if given."""

    limit: float | Level
    seconds: float = 60.0
    unit: Unit = "requests"
    headers: Headers = ""
    retry: Retry | None = None
    status: int = 429
    phase: float | None = None
    _used: float = field(default=0.0, init=False, repr=False)
    _seen: float = field(default=0.0, init=False, repr=False)  # the end of the window of `_used`

    def _ends(self, now: float) -> float:
        first = self.seconds if self.phase is None else self.phase
        return first + self.seconds * math.ceil((now + 2 * _EPS - first) / self.seconds)

    def _left(self, now: float) -> float:
        used = self._used if self._ends(now) == self._seen else 0.0
        return max(0.0, _at(self.limit, now) - used)

    def _cost(self, call: Call) -> float:
        cost = call.tokens if self.unit == "tokens" else 1
        return min(cost, _at(self.limit, call.now))

    def meet(self, call: Call) -> Turn | None:
        opens = self.opens(call)
        if opens > call.now + _EPS:
            return Turn("status", self.status, self.retry, opens - call.now)
        ends = self._ends(call.now)
        self._used = self._cost(call) + (self._used if ends == self._seen else 0.0)
        self._seen = ends
        return None

    def opens(self, call: Call) -> float:
        if self._cost(call) <= self._left(call.now) + _EPS:
            return call.now
        return min(self._ends(call.now), _change(self.limit, call.now))

    def tell(self, now: float) -> Limit | None:
        if not self.headers:
            return None
        limit, left = int(_at(self.limit, now)), int(self._left(now))
        return Limit(self.unit, limit, left, self._ends(now) - now, self.headers)


@dataclass(slots=True)
class Cap(Part):
    """At most so many calls in flight; the others get `status`."""

    limit: float | Level
    status: int = 429
    retry: Retry | None = None

    def meet(self, call: Call) -> Turn | None:
        if call.in_flight < _at(self.limit, call.now):
            return None
        return Turn("status", self.status, self.retry)

    def opens(self, call: Call) -> float:
        return _until(self.limit, call.now, lambda limit: call.in_flight < limit)


# --- faults ------------------------------------------------------------------------


@dataclass(slots=True)
class Fault(Part):
    """A share of the calls fails: with a status, or by the network.

    `what` is an HTTP status, "garbage" (200 without JSON), or "drop" (the connection breaks within
    the answer). It may also be "refuse" (it cannot be opened) or "hang" (silence until the client's
    time-out). A quarter is one bad replica of four.
    """

    what: int | Literal["garbage", "drop", "refuse", "hang"]
    rate: float | Level
    retry: Retry | None = None

    def meet(self, call: Call) -> Turn | None:
        rate = _at(self.rate, call.now)
        if rate <= 0 or (rate < 1 and self.rng.random() >= rate):
            return None
        if isinstance(self.what, str):
            return Turn(self.what)
        return Turn("status", self.what, self.retry, self.opens(call) - call.now)

    def opens(self, call: Call) -> float:
        return _until(self.rate, call.now, lambda rate: rate < 1)


def cold_start(seconds: float, status: int = 503, retry: Retry | None = None) -> Fault:
    """Answer only `status` for `seconds` after the service started."""
    return Fault(status, Level((0, 1), (seconds, 0)), retry)


def brownout(
    start: float, end: float, status: int = 503, *, rate: float = 1.0, every: float = math.inf
) -> Fault:
    """From `start` to `end` a share of the calls gets `status`; again after `every` seconds."""
    return Fault(status, Level((0, 0), (start, rate), (end, 0), every=every))
