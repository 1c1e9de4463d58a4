"""`Service`: a latency and parts, in the order in which a call meets them."""

from __future__ import annotations

import asyncio
import math
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from random import Random

from targen_core.calls.model import RateHeaders
from targen_testing.services.parts import Call, Latency, Limit, Part, Retry, Turn, What

_EPOCH = 1_795_000_000.25  # what a service's own clock says when it begins
_TRIP = (0.002, 0.02)  # seconds of a refusal: there and back


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a call, `seconds` after it came.

    `wait` is the answer's `Retry-After`, in seconds, rounded as `form` says; `date` is the
    service's own clock, in seconds of the epoch. `due` is when an answer would have come that never
    does.
    """

    seconds: float
    what: What
    status: int
    date: float
    wait: float | None = None
    form: str = ""
    limits: tuple[Limit, ...] = ()
    held: bool = True  # whether it is in flight until then
    due: float = 0.0

    @property
    def good(self) -> bool:
        """Return whether it is the model's answer."""
        return self.what == "answer"

    @property
    def refused(self) -> bool:
        """Return whether the service was overloaded."""
        return self.what == "status" and self.status in (429, 503, 529)

    @property
    def rate(self) -> RateHeaders | None:
        """The limits as a client reads them."""
        if not self.limits:
            return None
        limits = {limit.unit: limit for limit in self.limits}
        requests, tokens = limits.get("requests"), limits.get("tokens")
        return RateHeaders(
            requests.remaining if requests else None,
            requests.reset if requests else None,
            tokens.remaining if tokens else None,
            tokens.reset if tokens else None,
            requests.limit if requests else None,
        )

    @property
    def retry_after(self) -> float | None:
        """The wait that a client reads: from `Retry-After`, else from a limit that is used up."""
        if self.wait is not None:
            return self.wait
        return max((limit.reset for limit in self.limits if limit.remaining == 0), default=None)

    def headers(self) -> dict[str, str]:
        """The same as HTTP headers."""
        headers = {"Date": formatdate(int(self.date), usegmt=True)}
        if self.wait is not None and self.form == "ms":
            headers["retry-after-ms"] = str(round(self.wait * 1000))
        elif self.wait is not None and self.form == "date":
            headers["Retry-After"] = formatdate(int(self.date) + self.wait, usegmt=True)
        elif self.wait is not None:
            headers["Retry-After"] = f"{self.wait:.0f}"
        for limit in self.limits:
            if limit.headers == "openai":
                values = {"limit": limit.limit, "remaining": limit.remaining}
                headers |= {f"x-ratelimit-{k}-{limit.unit}": str(v) for k, v in values.items()}
                headers[f"x-ratelimit-reset-{limit.unit}"] = _duration(limit.reset)
            else:
                name = f"anthropic-ratelimit-{limit.unit}"
                then = datetime.fromtimestamp(int(self.date) + limit.reset, UTC)
                headers[f"{name}-limit"] = str(limit.limit)
                headers[f"{name}-remaining"] = str(limit.remaining)
                headers[f"{name}-reset"] = then.isoformat().replace("+00:00", "Z")
        return headers


class Service:
    """A service in virtual time, from `arrive`, which starts at 0.

    Args:
        latency: how long answers take.
        parts: what else a call meets, in this order; the latency comes last.
            They are copied, so that one description makes many services.
        seed: of all that is random. Each part draws on its own.
        timeout: seconds after which the client gives up on an answer.

    Attributes:
        in_flight: calls that it works on.
        log: every call's moment, its outcome, and calls in flight then.
    """

    def __init__(
        self, latency: Latency, *parts: Part, seed: int = 0, timeout: float = 120.0
    ) -> None:
        self.latency, self.parts = deepcopy((latency, parts))
        self.timeout = timeout
        self.in_flight = 0
        self.log: list[tuple[float, Answer, int]] = []
        self._trips = Random(f"{seed} trip")
        self._breaks = Random(f"{seed} break")
        self._began: float | None = None
        for number, part in enumerate((self.latency, *self.parts)):
            part.rng = Random(f"{seed} {number}")

    def now(self) -> float:
        """Seconds on the running event loop's clock since this was first asked."""
        time = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = time
        return time - self._began

    def arrive(self, now: float, tokens: int = 1) -> Answer:
        """Decide about a call; its sender calls `leave` when the answer arrives."""
        call = Call(now, tokens, self.in_flight, self.timeout)
        turn: Turn | None = None
        for part in (*self.parts, self.latency):
            turn = part.meet(call)
            if turn is not None:
                break
        answer = self._answer(call, turn or Turn("answer", 200))
        self.in_flight += answer.held
        self.log.append((now, answer, self.in_flight))
        return answer

    def leave(self, answer: Answer) -> None:
        """End a call whose answer has arrived."""
        self.in_flight -= answer.held

    def opens(self, now: float, tokens: int = 1) -> float:
        """The first moment at which a call is let through, if none comes or goes before."""
        parts = (*self.parts, self.latency)
        while now < math.inf:
            call = Call(now, tokens, self.in_flight, self.timeout)
            then = max(part.opens(call) for part in parts)
            if then <= now + 1e-9:
                return now
            now = then
        return now

    def _answer(self, call: Call, turn: Turn) -> Answer:
        date = _EPOCH + call.now
        trip = self._trips.uniform(*_TRIP)
        limits = _merged([part.tell(call.now) for part in self.parts], date)
        match turn.what:
            case "answer" | "garbage":
                seconds = self.latency.seconds(call)
            case "drop":
                seconds = self.latency.seconds(call) * self._breaks.random()
            case "hang":
                seconds = math.inf
            case _:
                seconds = trip
        if seconds > self.timeout:
            due = self.latency.seconds(call) if turn.what == "hang" else self.timeout
            return Answer(self.timeout, "hang", 0, date, due=min(due, self.timeout))
        wait = None if turn.retry is None else _said(turn.retry, turn.wait, date)
        return Answer(
            seconds,
            turn.what,
            turn.status,
            date,
            wait,
            turn.retry.form if turn.retry else "",
            limits,
            turn.what not in ("status", "refuse"),
        )


def _said(retry: Retry, truth: float, date: float) -> float:
    """Return a wait as a client reads it, in seconds: never less than the truth, rounded."""
    wait = min(truth, 86400.0) if retry.says is None else retry.says
    if retry.form == "ms":
        return math.ceil(wait * 1000) / 1000
    if retry.form == "date":
        return float(math.ceil(date + wait) - int(date))
    return float(max(1, math.ceil(wait)))


def _merged(limits: list[Limit | None], date: float) -> tuple[Limit, ...]:
    """One limit of each unit: the one that is nearest to its end. Resets as they are sent."""
    nearest: dict[str, Limit] = {}
    for limit in limits:
        if limit is None:
            continue
        if limit.headers == "anthropic":  # moments in whole seconds
            reset = float(math.ceil(date + limit.reset) - int(date))
        else:
            reset = round(limit.reset, 3)
        limit = Limit(limit.unit, limit.limit, limit.remaining, reset, limit.headers)
        other = nearest.get(limit.unit)
        if other is None or (limit.remaining, -reset) < (other.remaining, -other.reset):
            nearest[limit.unit] = limit
    return tuple(nearest.values())


def _duration(seconds: float) -> str:
    """OpenAI's form: "12ms", "1.5s", "6m0s"."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:.6g}s"
