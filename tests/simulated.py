"""Simulated model services in virtual time, and runs of the real call layer against them.

A service is a latency and parts (limits and faults), in the order in which a call meets them. A
part meets every call in its turn and may end it (`meet`); an omniscient client asks it when it
would accept the next one (`opens`). Times are seconds since the service began.

Sources of the forms, read 2026-11-20: OpenAI also counts refused requests, and its headers describe
a bucket that fills evenly. Anthropic refills continuously, so that 60 a minute may mean one a
second. Ollama queues up to OLLAMA_MAX_QUEUE calls, then answers 503 without `Retry-After`. vLLM's
throughput grows with the calls in flight until it is saturated. text-generation-inference answers
429 at once beyond `max_concurrent_requests`.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import tempfile
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, CallCancelled, Scope
from targen_core.calls.call import Call as LayerCall
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, Message, RateHeaders
from targen_core.calls.rate import ConcurrencyLimit, RateLimiter
from targen_core.calls.usage import Usage
from targen_core.errors import ServiceError, TargenError
from targen_testing.virtual_time import VirtualLoop

_EPS = 1e-9  # seconds, requests or tokens that rounding may lose
_REFUSAL_SECONDS = (0.002, 0.02)
_CEILINGS = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)


# --- values that change ---------------------------------------------------------------


class Level:
    """A value that changes: `Level((0, 40), (60, 15))` is 40, and 15 from 60 s on.

    With `every`, the steps repeat after that many seconds.
    """

    def __init__(self, *steps: tuple[float, float], every: float = math.inf) -> None:
        self.steps, self.every = steps, every

    def at(self, now: float) -> float:
        phase = math.fmod(now + _EPS, self.every)
        return [value for start, value in self.steps if start <= phase][-1]

    def change(self, now: float) -> float:
        """The next moment after `now` at which the value may change."""
        phase = math.fmod(now + _EPS, self.every)
        later = [start for start, _ in self.steps if start > phase]
        return now + _EPS - phase + min(later, default=self.every)


def _level(value: float | Level) -> Level:
    return value if isinstance(value, Level) else Level((0, value))


def _first_moment(level: Level, now: float, fits: Callable[[float], bool]) -> float:
    """The first moment from `now` on at which the value fits; infinite if there is none."""
    for _ in range(1 + len(level.steps)):
        if now == math.inf or fits(level.at(now)):
            return now
        now = level.change(now)
    return math.inf


# --- what passes between a service and its parts ----------------------------------------


@dataclass(frozen=True)
class Call:
    """A call as a part meets it; `in_flight` excludes the call itself."""

    now: float
    tokens: int
    in_flight: int
    timeout: float


@dataclass(frozen=True)
class Retry:
    """A refusal's `Retry-After`, in whole seconds or as milliseconds; `says` replaces the truth."""

    form: Literal["seconds", "ms"] = "seconds"
    says: float | None = None

    def seconds(self, truth: float) -> float:
        """The wait as a client reads it, never less than the truth."""
        wait = min(truth, 86400.0) if self.says is None else self.says
        return math.ceil(wait * 1000) / 1000 if self.form == "ms" else max(1.0, math.ceil(wait))


@dataclass(frozen=True)
class Turn:
    """The end of a call by a part: a status or a fault, and the true wait."""

    what: int | str
    retry: Retry | None = None
    wait: float = 0.0


@dataclass(kw_only=True)
class Part:
    """A part that lets every call through."""

    rng: Random = field(default_factory=Random, repr=False)

    def meet(self, call: Call) -> Turn | None:
        """End the call, or count it and let it through."""
        return None

    def opens(self, call: Call) -> float:
        """When this call would be let through; infinite if a call in flight must end first."""
        return call.now

    def limit_report(self, now: float) -> tuple[str, int, int, float] | None:
        """The unit, limit, remainder and seconds until reset that accompany an answer."""
        return None


# --- latencies --------------------------------------------------------------------------


@dataclass
class Lognormal(Part):
    """Half above `median` seconds, with a tail that grows with `sigma`."""

    median: float
    sigma: float = 0.5
    loaded = False  # whether the latency depends on the calls in flight

    def seconds(self, call: Call) -> float:
        return self.median * math.exp(self.rng.gauss(0.0, self.sigma))


def Fixed(seconds: float) -> Lognormal:  # noqa: N802 - reads as the others do
    """Always the same."""
    return Lognormal(seconds, 0.0)


@dataclass
class Batching(Part):
    """A server that works on all calls together, as vLLM: `each` more seconds for each of them."""

    alone: float
    each: float
    loaded = True

    def seconds(self, call: Call) -> float:
        mean = self.alone + self.each * (call.in_flight + 1)
        return mean * math.exp(self.rng.gauss(0.0, 0.2))


@dataclass
class Queue(Part):
    """`slots` calls at once, and up to `waiting` in turn; the rest get 503.

    A client that gives up leaves the queue, or the slot.
    """

    work: float
    slots: int
    waiting: float = math.inf
    loaded = True
    _free: list[float] = field(default_factory=list, init=False)
    _starts: list[float] = field(default_factory=list, init=False)

    def meet(self, call: Call) -> Turn | None:
        return None if self.opens(call) <= call.now + _EPS else Turn(503)

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
        end = start + self.work * math.exp(self.rng.gauss(0.0, 0.3))
        heapq.heappush(self._free, min(end, gone))
        return end - call.now


Latency = Lognormal | Batching | Queue


# --- limits -------------------------------------------------------------------------------


@dataclass
class Bucket(Part):
    """A token bucket: `rate` a second flow in, up to `capacity`.

    With `counts_refused` a refused call takes what is left, so that hammering keeps it empty.
    """

    rate: float | Level
    capacity: float
    unit: str = "requests"
    headers: bool = False
    retry: Retry | None = None
    counts_refused: bool = False
    _left: float = field(default=-1.0, init=False)
    _seen: float = field(default=0.0, init=False)

    def _cost(self, call: Call) -> float:
        return min(self.capacity, call.tokens if self.unit == "tokens" else 1)

    def _content(self, now: float) -> float:
        left, seen = self.capacity if self._left < 0 else self._left, self._seen
        rate = _level(self.rate)
        while seen < now and left < self.capacity:
            until = min(now, rate.change(seen))
            left = min(self.capacity, left + rate.at(seen) * (until - seen))
            seen = until
        return left

    def meet(self, call: Call) -> Turn | None:
        through = self.opens(call) <= call.now + _EPS
        if through or self.counts_refused:
            self._left = max(0.0, self._content(call.now) - self._cost(call))
            self._seen = call.now
        return None if through else Turn(429, self.retry, self.opens(call) - call.now)

    def opens(self, call: Call) -> float:
        then, left, cost = call.now, self._content(call.now), self._cost(call)
        level = _level(self.rate)
        while left + _EPS < cost:
            rate, change = level.at(then), level.change(then)
            full = then + (cost - left) / rate if rate > 0 else math.inf
            if full <= change:
                return full
            left, then = left + rate * (change - then), change
        return then

    def limit_report(self, now: float) -> tuple[str, int, int, float] | None:
        if not self.headers:
            return None
        rate, left = _level(self.rate).at(now), self._content(now)
        return self.unit, round(rate * 60), int(left + _EPS), (self.capacity - left) / rate


@dataclass
class Window(Part):
    """At most `limit` calls in each window of `seconds`; the first ends after `phase`, if given."""

    limit: float
    seconds: float = 60.0
    headers: bool = False
    retry: Retry | None = None
    phase: float | None = None
    _used: int = field(default=0, init=False)
    _until: float = field(default=0.0, init=False)

    def _ends(self, now: float) -> float:
        first = self.seconds if self.phase is None else self.phase
        return first + self.seconds * math.ceil((now + 2 * _EPS - first) / self.seconds)

    def _left(self, now: float) -> float:
        return self.limit - (self._used if self._ends(now) == self._until else 0)

    def meet(self, call: Call) -> Turn | None:
        opens = self.opens(call)
        if opens > call.now + _EPS:
            return Turn(429, self.retry, opens - call.now)
        ends = self._ends(call.now)
        self._used = 1 + (self._used if ends == self._until else 0)
        self._until = ends
        return None

    def opens(self, call: Call) -> float:
        return call.now if self._left(call.now) >= 1 else self._ends(call.now)

    def limit_report(self, now: float) -> tuple[str, int, int, float] | None:
        if not self.headers:
            return None
        return "requests", int(self.limit), int(self._left(now)), self._ends(now) - now


@dataclass
class Cap(Part):
    """At most so many calls in flight; the others get `status`."""

    limit: float | Level
    status: int = 429
    retry: Retry | None = None

    def meet(self, call: Call) -> Turn | None:
        if call.in_flight < _level(self.limit).at(call.now):
            return None
        return Turn(self.status, self.retry)

    def opens(self, call: Call) -> float:
        return _first_moment(_level(self.limit), call.now, lambda limit: call.in_flight < limit)


# --- faults -------------------------------------------------------------------------------


@dataclass
class Fault(Part):
    """A share of the calls fails, with a status or by the network.

    `what` is an HTTP status, "garbage" (200 without JSON), "drop" (the connection breaks within the
    answer), "refuse" (it cannot be opened) or "hang" (silence until the client's time-out).
    """

    what: int | str
    rate: float | Level
    retry: Retry | None = None

    def meet(self, call: Call) -> Turn | None:
        rate = _level(self.rate).at(call.now)
        if rate <= 0 or (rate < 1 and self.rng.random() >= rate):
            return None
        return Turn(self.what, self.retry, self.opens(call) - call.now)

    def opens(self, call: Call) -> float:
        return _first_moment(_level(self.rate), call.now, lambda rate: rate < 1)


def outage(
    start: float,
    end: float,
    status: int = 503,
    retry: Retry | None = None,
    *,
    rate: float = 1.0,
    every: float = math.inf,
) -> Fault:
    """From `start` to `end`, a share of the calls gets `status`; again after `every` seconds."""
    steps = ((0, 0), (start, rate), (end, 0)) if start else ((0, rate), (end, 0))
    return Fault(status, Level(*steps, every=every), retry)


# --- the service --------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """The outcome of a call, `seconds` after it came.

    `due` is when the answer would have come that never does.
    """

    seconds: float
    what: int | str
    retry_after: float | None = None
    rate: RateHeaders | None = None
    held: bool = True
    due: float = 0.0

    @property
    def good(self) -> bool:
        return self.what == 200

    @property
    def refused(self) -> bool:
        return self.what in (429, 503, 529)


class Service:
    """A service in virtual time.

    Attributes:
        in_flight: calls that it works on.
        log: each call's moment, its outcome, and the calls in flight then.
    """

    def __init__(
        self, latency: Latency, *parts: Part, seed: int = 0, timeout: float = 120.0
    ) -> None:
        self.latency, self.parts = deepcopy((latency, parts))
        self.timeout = timeout
        self.in_flight = 0
        self.log: list[tuple[float, Answer, int]] = []
        self._rng = Random(f"{seed} service")
        self._began: float | None = None
        for number, part in enumerate((self.latency, *self.parts)):
            part.rng = Random(f"{seed} {number}")

    def now(self) -> float:
        """Seconds on the running loop's clock since the first call of this."""
        time = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = time
        return time - self._began

    def arrive(self, now: float, tokens: int = 1) -> Answer:
        """Decide about a call; its sender calls `leave` when the answer arrives."""
        call = Call(now, tokens, self.in_flight, self.timeout)
        turns = (part.meet(call) for part in (*self.parts, self.latency))
        answer = self._answer(call, next((turn for turn in turns if turn), Turn(200)))
        self.in_flight += answer.held
        self.log.append((now, answer, self.in_flight))
        return answer

    def leave(self, answer: Answer) -> None:
        self.in_flight -= answer.held

    def opens(self, now: float, tokens: int = 1) -> float:
        """The first moment at which a call is let through, if none comes or goes before."""
        while now < math.inf:
            call = Call(now, tokens, self.in_flight, self.timeout)
            then = max(part.opens(call) for part in (*self.parts, self.latency))
            if then <= now + _EPS:
                break
            now = then
        return now

    def _answer(self, call: Call, turn: Turn) -> Answer:
        refusal = self._rng.uniform(*_REFUSAL_SECONDS)
        if turn.what == "hang":
            seconds = math.inf
        elif turn.what == "drop":
            seconds = self.latency.seconds(call) * self._rng.random()
        else:
            seconds = self.latency.seconds(call) if turn.what in (200, "garbage") else refusal
        if seconds > self.timeout:
            due = self.latency.seconds(call) if turn.what == "hang" else self.timeout
            return Answer(self.timeout, "hang", due=min(due, self.timeout))
        reports = [part.limit_report(call.now) for part in self.parts]
        limits = {report[0]: report[1:] for report in reports if report}
        wait = turn.retry.seconds(turn.wait) if turn.retry else None
        if wait is None and turn.what != 200:
            used_up = [reset for _, remaining, reset in limits.values() if remaining == 0]
            wait = max(used_up, default=None)
        held = (isinstance(turn.what, str) and turn.what != "refuse") or turn.what == 200
        return Answer(seconds, turn.what, wait, _headers(limits), held)


def _headers(limits: dict[str, tuple[int, int, float]]) -> RateHeaders | None:
    if not limits:
        return None
    limit, remaining, reset = limits.get("requests", (None, None, None))
    _, tokens, tokens_reset = limits.get("tokens", (None, None, None))
    return RateHeaders(remaining, reset, tokens, tokens_reset, limit)


class SimulatedModel:
    """A chat model that answers as `service` does, by sleeping and raising.

    Several models may share one service, as several models share one key.
    """

    structured = True
    seeded = False
    max_concurrency = None
    price = None

    def __init__(self, service: Service, *, input_tokens: int = 10, name: str = "") -> None:
        self.service = service
        self.identity = f"simulated {name}"
        self.input_tokens = input_tokens

    async def complete(self, request: Any) -> ChatReply:
        tokens = self.input_tokens + int(request.params["max_tokens"])
        answer = self.service.arrive(self.service.now(), tokens)
        try:
            await asyncio.sleep(answer.seconds)
        finally:
            self.service.leave(answer)
        wait = answer.retry_after
        match answer.what:
            case 200:
                return ChatReply("{}", "stop", self.input_tokens, 1, answer.rate)
            case "hang":
                raise ServiceError("no answer in time", billed=True, cause="timeout")
            case "refuse":
                raise ServiceError("no connection", cause="connection")
            case "drop":
                raise ServiceError("the connection broke", billed=True, cause="connection")
            case "garbage":
                raise ServiceError("the answer is not JSON", billed=True)
            case 429 | 503 | 529:
                raise ServiceError(
                    f"HTTP {answer.what}", retry_after=wait, rate=answer.rate, cause="rate-limit"
                )
        raise ServiceError(f"HTTP {answer.what}", retry_after=wait)

    def count_tokens(self, request: Any) -> int:
        return self.input_tokens

    async def aclose(self) -> None:
        pass


# --- runs -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of a run.

    Attributes:
        best: seconds that an omniscient client takes.
        wall: seconds that the call layer took.
        answered: calls that have their answer.
        sent: attempts, of which `refused` got a 429, 503 or 529.
        halted: why the call layer stopped early, or "".
    """

    best: float
    wall: float
    calls: int
    answered: int
    sent: int
    refused: int
    halted: str

    @property
    def goodput(self) -> float:
        """The best wall time as a share of this one; 0 if answers are missing."""
        return self.best / self.wall if self.answered == self.calls else 0.0


def drive(
    make: Callable[[], Service],
    *,
    calls: int,
    concurrency: int,
    tokens: int = 20,
    seed: int = 0,
    models: int = 1,
    max_outage: float = 600.0,
    hedge: bool = True,
) -> Result:
    """Send independent calls through a real `Calls`, in virtual time.

    Args:
        make: makes the service, the same each time.
        calls: how many.
        concurrency: the most calls in flight.
        tokens: what each call reserves.
        seed: of the run, which decides the layer's jitter.
        models: backends that share the service, each with its own limiter.
        max_outage: as of `--max-outage`.
        hedge: whether a call that takes far longer than others is sent again.
    """
    service, shared, usage = make(), ConcurrencyLimit(concurrency), Usage()
    bound = {
        f"step {number}": BoundModel(
            SimulatedModel(service, input_tokens=tokens // 2, name=str(number)),
            RateLimiter(concurrency, rpm=None, tpm=None, shared=shared),
            {"max_tokens": tokens - tokens // 2},
            None,
        )
        for number in range(models)
    }
    with (
        tempfile.TemporaryDirectory(prefix="targen-drive-") as folder,
        closing(Journal(Path(folder) / "journal", on_record=lambda record: None)) as journal,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        layer = Calls(
            bound,
            seed=seed,
            journal=journal,
            cache=None,
            budget=Budget(usage),
            usage=usage,
            max_outage=max_outage,
            hedge=hedge,
        )
        answered, wall = runner.run(_ask(layer, calls))
    return Result(
        best=omniscient(make, calls=calls, concurrency=concurrency, tokens=tokens),
        wall=wall,
        calls=calls,
        answered=answered,
        sent=len(service.log),
        refused=sum(answer.refused for _, answer, _ in service.log),
        halted=str(layer.halt_reason or ""),
    )


async def _ask(layer: Calls, calls: int) -> tuple[int, float]:
    """Ask the models in turn; return how many calls were answered, and the seconds."""
    steps = list(layer.models)

    async def one(number: int) -> bool:
        step, place = steps[number % len(steps)], f"drive/{number}"
        messages = (Message("user", f"question {number}"),)
        call = LayerCall(step, None, place, 0, "inline", messages, None, "", "", None)
        try:
            await layer.ask(call, Scope(), str)
        except CallCancelled:
            return False
        except TargenError as error:  # ends the run, as the engine does
            layer.halt(error)
            return False
        return True

    began = asyncio.get_running_loop().time()
    answered = sum(await asyncio.gather(*map(one, range(calls))))
    return answered, asyncio.get_running_loop().time() - began


def omniscient(
    make: Callable[[], Service], *, calls: int, concurrency: int, tokens: int = 20
) -> float:
    """Return the seconds for `calls` answers, for a client that knows the service's state.

    It sends each call at the moment at which the service accepts it, and is never refused. It
    resends calls lost to faults of chance at once, and a call that is never answered, when its
    answer was due. If latency depends on the load, it tries several ceilings, and the best counts.
    """
    shares = _CEILINGS if make().latency.loaded else (1.0,)
    best = math.inf
    for ceiling in sorted({max(1, round(concurrency * share)) for share in shares}):
        best = min(best, _best(make(), calls, ceiling, tokens, best))
    return best


def _best(service: Service, calls: int, ceiling: int, tokens: int, enough: float) -> float:
    """The seconds that it takes with at most `ceiling` in flight, or infinity above `enough`."""
    flying: list[tuple[float, int, Answer]] = []
    now, left = 0.0, calls
    while left:
        if now > enough:
            return math.inf
        opens = math.inf
        if len(flying) < min(ceiling, left):
            opens = service.opens(now, tokens)
            if opens <= now:
                answer = service.arrive(now, tokens)
                seconds = answer.due if answer.what == "hang" else answer.seconds
                heapq.heappush(flying, (now + seconds, len(service.log), answer))
                continue
        if flying and flying[0][0] <= opens:
            now, _, answer = heapq.heappop(flying)
            service.leave(answer)
            left -= answer.good
        else:
            now = opens
    return now
