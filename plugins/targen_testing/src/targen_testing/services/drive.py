"""A run of calls through the real call layer, and the least time that it could have taken."""

from __future__ import annotations

import asyncio
import heapq
import math
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, Call, CallCancelled, Scope
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import Message
from targen_core.calls.rate import ConcurrencyLimit, RateLimiter
from targen_core.calls.usage import Usage
from targen_core.errors import TargenError
from targen_testing.services.model import SimulatedModel
from targen_testing.services.service import Answer, Service
from targen_testing.virtual_time import VirtualLoop

_CEILINGS = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a run.

    Attributes:
        best: seconds that an omniscient client takes.
        wall: seconds that the call layer took.
        answered: calls that have their answer.
        sent: attempts; `refused` of them got a 429, 503 or 529, and `failed` something else.
        peak: the most calls that the service worked on at once.
        hung: calls that hung, and were answered to a later sending.
        halted: why the call layer stopped early, or "".
        log: `Service.log`: moment, answer, calls in flight.
    """

    best: float
    wall: float
    calls: int
    answered: int
    sent: int
    refused: int
    failed: int
    peak: int
    hung: int
    halted: str
    log: Sequence[tuple[float, Answer, int]]

    @property
    def goodput(self) -> float:
        """The best wall time as a share of this one; 0 where answers are missing."""
        return self.best / self.wall if self.answered == self.calls else 0.0

    def series(self, points: int = 200) -> list[tuple[float, float, float, float]]:
        """Moment, mean calls in flight, answers a second and refusals a second, evenly."""
        step = max(self.wall, 1e-9) / points
        busy, good, refused = ([0.0] * points for _ in range(3))
        for now, answer, _ in self.log:
            begin, end = now / step, (now + answer.seconds) / step
            if answer.good:
                good[min(points - 1, int(end))] += 1 / step
            elif answer.refused:
                refused[min(points - 1, int(end))] += 1 / step
            for at in range(int(begin), min(points, math.ceil(end))):
                busy[at] += min(end, at + 1) - max(begin, at)
        return [
            ((at + 0.5) * step, *row)
            for at, row in enumerate(zip(busy, good, refused, strict=True))
        ]


def drive(
    make: Callable[[], Service],
    *,
    calls: int,
    concurrency: int,
    tokens: int = 20,
    seed: int = 0,
    models: int = 1,
    rpm: float | None = None,
    tpm: float | None = None,
    max_outage: float = 600.0,
    hedge: bool = True,
) -> Result:
    """Send `calls` independent calls through a real `CallLayer`, in virtual time.

    Args:
        make: makes the service, the same each time.
        calls: how many.
        concurrency: the most calls in flight, as of `--concurrency`.
        tokens: what each call reserves.
        seed: of the run, which decides the layer's jitter.
        models: backends that share the service, each with its own limiter.
        rpm: what the user says of the limits, or None.
        tpm: tokens per minute, as the user states them, or None.
        max_outage: as of `--max-outage`.
        hedge: whether a call that takes far longer than others is sent again; `--no-hedge`.
    """
    service, shared, usage = make(), ConcurrencyLimit(concurrency), Usage()
    limiters = [RateLimiter(concurrency, rpm=rpm, tpm=tpm, shared=shared) for _ in range(models)]
    input_tokens, params = tokens // 2, {"max_tokens": tokens - tokens // 2}
    bound = {
        f"step {number}": BoundModel(
            SimulatedModel(service, input_tokens=input_tokens, name=str(number)),
            limiter,
            params,
            None,
        )
        for number, limiter in enumerate(limiters)
    }
    with (
        tempfile.TemporaryDirectory(prefix="targen-drive-") as folder,
        closing(Journal(Path(folder) / "journal", on_record=lambda record: None)) as journal,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        layer = CallLayer(
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
    refused = sum(answer.refused for _, answer, _ in service.log)
    return Result(
        best=omniscient(make, calls=calls, concurrency=concurrency, tokens=tokens),
        wall=wall,
        calls=calls,
        answered=answered,
        sent=len(service.log),
        refused=refused,
        failed=sum(not answer.good for _, answer, _ in service.log) - refused,
        peak=max((in_flight for _, _, in_flight in service.log), default=0),
        hung=layer.hung,
        halted=str(layer.halt_reason or ""),
        log=service.log,
    )


async def _ask(layer: CallLayer, calls: int) -> tuple[int, float]:
    """Ask the models in turn: how many calls were answered, and the seconds that it took."""
    steps = list(layer.models)

    async def one(number: int) -> bool:
        step, place = steps[number % len(steps)], f"drive/{number}"
        messages = (Message("user", f"question {number}"),)
        call = Call(step, None, place, 0, "inline", messages, None, "", "", None)
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
    ceilings = {max(1, round(concurrency * share)) for share in shares}
    best = math.inf
    for ceiling in sorted(ceilings):
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
        elif opens < math.inf:
            now = opens
        else:
            raise ValueError(f"the service never accepts a call of {tokens} tokens")
    return now
