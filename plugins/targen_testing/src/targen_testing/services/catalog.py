"""Named services, each with a load: what targen's rate control is measured against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any

from targen_testing.services.drive import Result, drive
from targen_testing.services.parts import (
    Batching,
    Bucket,
    Cap,
    Fault,
    Fixed,
    Headers,
    Latency,
    Level,
    Lognormal,
    Part,
    Queue,
    Retry,
    Window,
    brownout,
    cold_start,
)
from targen_testing.services.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A service and the load that it gets.

    Attributes:
        about: what it imitates, in a sentence.
        models: backends that share it.
    """

    name: str
    about: str
    latency: Latency
    parts: tuple[Part, ...] = ()
    calls: int = 1000
    concurrency: int = 64
    tokens: int = 20
    timeout: float = 120.0
    models: int = 1

    def service(self, seed: int = 0) -> Service:
        """The service, as new."""
        return Service(self.latency, *self.parts, seed=seed, timeout=self.timeout)

    def drive(self, seed: int = 0) -> Result:
        """Its calls through the call layer."""
        return drive(
            lambda: self.service(seed),
            calls=self.calls,
            concurrency=self.concurrency,
            tokens=self.tokens,
            seed=seed,
            models=self.models,
        )


def _of(name: str, about: str, latency: Latency, *parts: Part, **load: Any) -> Scenario:
    return Scenario(name=name, about=about, latency=latency, parts=parts, **load)


_QUICK, _CHAT, _SLOW = Lognormal(0.08, 0.3), Lognormal(0.8, 0.4), Lognormal(6.0, 0.4)
_AFTER = Retry()

_SCENARIOS = (
    # nothing in the way
    _of("plain", "answers every call after 80 ms", Fixed(0.08), calls=2000),
    _of("plain-slow", "a reasoning model: 20 s, occasionally a minute", Lognormal(20, 0.5)),
    _of("heavy-tail", "some answers take twenty times the median", Lognormal(0.5, 1.2)),
    # servers of one's own
    _of("ollama", "one model: 4 calls at once, 512 queued", Queue(1.0, 4, 512), calls=300),
    _of("ollama-alone", "OLLAMA_NUM_PARALLEL=1, the default", Queue(1.5, 1, 512), calls=200),
    _of(
        "short-queue", "4 calls at once, 10 queued, 503 for the rest", Queue(1.0, 4, 10), calls=400
    ),
    _of(
        "queue-timeout",
        "2 calls at once, an unbounded queue: calls that wait longer than the timeout are lost",
        Queue(2.0, 2),
        calls=300,
        timeout=45,
    ),
    _of("vllm", "throughput saturates, latency grows", Batching(1.0, 0.02), calls=2000),
    _of(
        "tgi",
        "text-generation-inference: max_concurrent_requests 24, 429 beyond that",
        Batching(1.0, 0.05),
        Cap(24),
        calls=1500,
    ),
    # caps of calls in flight
    _of(
        "cap-40-503-after-1s",
        "503 and Retry-After: 1 beyond 40 calls in flight",
        Fixed(0.08),
        Cap(40, 503, Retry(says=1)),
        calls=2000,
    ),
    _of(
        "cap-40-429",
        "429 beyond 40 calls in flight, without Retry-After",
        Lognormal(0.3),
        Cap(40),
        calls=2000,
    ),
    _of("cap-5-429", "a free tier: 5 calls at once", _CHAT, Cap(5), calls=600),
    _of("cap-1-429", "one call at a time", Lognormal(0.5, 0.3), Cap(1), calls=300),
    _of("cap-20-529", "529 (overloaded) beyond 20 calls in flight", Lognormal(2.0), Cap(20, 529)),
    _of("cap-60-slow", "a cap just below the concurrency, and slow answers", _SLOW, Cap(60)),
    _of(
        "cap-absurd-hour",
        "a gateway that always sends Retry-After: 3600",
        _CHAT,
        Cap(32, 429, Retry(says=3600)),
    ),
    _of(
        "cap-absurd-day",
        "503 with tomorrow's date in Retry-After",
        _CHAT,
        Cap(32, 503, Retry("date", 86400)),
    ),
    # buckets of requests
    _of(
        "bucket-of-1",
        "60 calls per minute, enforced as one per second",
        Lognormal(0.5),
        Bucket(1, 1, retry=_AFTER),
        calls=200,
    ),
    _of(
        "bucket-of-1-silent",
        "60 calls per minute, enforced as one per second, without Retry-After",
        Fixed(0.2),
        Bucket(2, 1),
        calls=300,
    ),
    _of(
        "bucket-below-latency",
        "3 calls per minute, answered within a second: usually no call is in flight",
        _CHAT,
        Bucket(0.05, 3, retry=_AFTER),
        calls=200,
        concurrency=8,
    ),
    _of(
        "bucket-10-a-second-ms",
        "10 calls per second, with retry-after-ms",
        _CHAT,
        Bucket(10, 10, retry=Retry("ms")),
    ),
    _of(
        "bucket-date",
        "20 calls per second, with Retry-After as a date",
        _CHAT,
        Bucket(20, 40, retry=Retry("date")),
    ),
    _of(
        "bucket-absurd-hour",
        "8 calls per second, and Retry-After: 3600 with every 429",
        Lognormal(0.5),
        Bucket(8, 16, retry=Retry(says=3600)),
    ),
    _of(
        "openai-500-a-minute",
        "a small account: 500 requests per minute, including refused ones",
        Lognormal(1.2),
        Bucket(500 / 60, 500, headers="openai", retry=_AFTER, counts_refused=True),
        calls=1500,
    ),
    _of(
        "openai-3-a-minute",
        "OpenAI's former free tier: 3 requests per minute, including refused ones",
        Lognormal(1.2),
        Bucket(3 / 60, 3, headers="openai", retry=_AFTER, counts_refused=True),
        calls=200,
        concurrency=16,
    ),
    _of(
        "counts-refused-silent",
        "refused calls count towards the limit, and replies do not say when to retry",
        _CHAT,
        Bucket(10, 20, counts_refused=True),
    ),
    _of(
        "anthropic-50-a-minute",
        "tier 1: 50 requests per minute, refilled evenly",
        Lognormal(3.0),
        Bucket(50 / 60, 50, headers="anthropic", retry=_AFTER),
        calls=250,
    ),
    _of(
        "anthropic-1000-a-minute",
        "tier 2, enforced per second, with occasional 529s",
        Lognormal(2.0),
        Bucket(1000 / 60, 17, headers="anthropic", retry=_AFTER),
        Fault(529, 0.03),
    ),
    # buckets of tokens
    _of(
        "tokens-30k-a-minute",
        "30,000 tokens per minute, 600 per call",
        Lognormal(2.0),
        Bucket(500, 30_000, "tokens", "openai", _AFTER),
        calls=200,
        tokens=600,
    ),
    _of(
        "tokens-and-requests",
        "limits on requests and on tokens; the token limit is tighter",
        Lognormal(1.0),
        Bucket(1000 / 60, 1000, headers="openai", retry=_AFTER),
        Bucket(200_000 / 60, 200_000, "tokens", "openai", _AFTER),
        calls=600,
        tokens=800,
    ),
    _of(
        "anthropic-tokens",
        "40,000 input tokens per minute, refilled evenly, 1,000 per call",
        Lognormal(3.0),
        Bucket(40_000 / 60, 40_000, "tokens", "anthropic", _AFTER),
        calls=200,
        tokens=1000,
    ),
    # windows of the clock
    _of(
        "window-600-silent",
        "600 calls per clock minute, without Retry-After",
        Lognormal(0.5),
        Window(600),
        calls=2000,
    ),
    _of(
        "window-300-after",
        "300 calls per one-minute window, with Retry-After",
        Lognormal(0.5),
        Window(300, retry=_AFTER),
    ),
    _of(
        "window-headers",
        "400 calls per clock minute, with OpenAI's headers",
        Lognormal(1.0),
        Window(400, headers="openai", retry=_AFTER, phase=23),
        calls=1500,
    ),
    _of(
        "azure-10s",
        "100 calls per ten-second window, with retry-after-ms",
        _CHAT,
        Window(100, 10, retry=Retry("ms")),
        calls=1500,
    ),
    _of(
        "litellm",
        "a proxy: 429 beyond 300 calls per minute or 20 in flight",
        _CHAT,
        Window(300, phase=41),
        Cap(20),
    ),
    _of(
        "day-ends",
        "the day's 600 calls are used up two minutes before midnight",
        _CHAT,
        Window(600, 86_400, retry=_AFTER, phase=120),
    ),
    # limits that change
    _of(
        "cap-40-15-60",
        "a cap that falls and rises",
        Lognormal(0.3),
        Cap(Level((0, 40), (10, 15), (30, 60))),
        calls=3000,
    ),
    _of(
        "rate-halves",
        "20 calls per second, then 10 after half a minute",
        _CHAT,
        Bucket(Level((0, 20), (30, 10)), 20, retry=_AFTER),
    ),
    _of(
        "rate-grows",
        "a rate limit that doubles every 15 s",
        _CHAT,
        Bucket(Level((0, 2), (15, 4), (30, 8), (45, 16), (60, 32)), 4),
        calls=1500,
    ),
    _of(
        "neighbour-quota",
        "for 20 s of every 50, another client uses half of 24 calls per second",
        _CHAT,
        Bucket(Level((0, 24), (30, 12), every=50), 24, retry=_AFTER),
        calls=2000,
    ),
    _of(
        "neighbour-cap",
        "for 20 s of every 40, another client uses half of 48 slots",
        _CHAT,
        Cap(Level((0, 48), (20, 24), every=40)),
        calls=3000,
    ),
    _of(
        "two-models-one-key",
        "two backends, each with its own limiter, and one cap of 40",
        _CHAT,
        Cap(40),
        models=2,
        calls=2000,
    ),
    _of(
        "two-models-one-quota",
        "two backends with separate limiters that share one bucket of 15 calls per second",
        _CHAT,
        Bucket(15, 15, headers="openai", retry=_AFTER),
        models=2,
    ),
    # faults
    _of(
        "bad-replica-500",
        "one of four replicas answers 500",
        Lognormal(0.4),
        Fault(500, 0.25),
        calls=2000,
    ),
    _of(
        "bad-replica-503",
        "one of four replicas answers 503",
        Lognormal(0.4),
        Fault(503, 0.25),
        calls=2000,
    ),
    _of(
        "bad-replica-refuses",
        "one of four replicas refuses connections",
        _CHAT,
        Fault("refuse", 0.25),
    ),
    _of(
        "bad-replica-hangs",
        "one of four replicas does not answer before the timeout of 20 s",
        _CHAT,
        Fault("hang", 0.25),
        calls=2000,
        timeout=20,
    ),
    _of("garbage", "one answer in ten is a web page", _CHAT, Fault("garbage", 0.1)),
    _of("flaky-network", "one connection in twelve breaks", _CHAT, Fault("drop", 0.08), calls=2000),
    _of(
        "rare-hangs",
        "one call in a hundred hangs for a minute",
        _CHAT,
        Fault("hang", 0.01),
        timeout=60,
        calls=3000,
    ),
    # calls that are never answered, and a time-out of ten minutes
    _of(
        "hangs-1-in-50",
        "one call in fifty is never answered",
        Fixed(0.09),
        Fault("hang", 0.02),
        timeout=600,
    ),
    _of(
        "hangs-1-in-500",
        "one call in five hundred is never answered",
        Fixed(0.09),
        Fault("hang", 0.002),
        timeout=600,
    ),
    _of(
        "hangs-replica",
        "one of four replicas never answers",
        _CHAT,
        Fault("hang", 0.25),
        calls=2000,
        timeout=600,
    ),
    _of(
        "hangs-reasoning",
        "a reasoning model that never answers one call in fifty",
        Lognormal(20, 0.5),
        Fault("hang", 0.02),
        timeout=600,
    ),
    _of(
        "hangs-heavy-tail",
        "some answers take twenty times the median, and one in fifty never arrives",
        Lognormal(0.5, 1.2),
        Fault("hang", 0.02),
        timeout=600,
    ),
    _of(
        "hangs-cap",
        "429 beyond 40 calls in flight, and one call in fifty is never answered",
        _CHAT,
        Cap(40),
        Fault("hang", 0.02),
        timeout=600,
    ),
    _of(
        "hangs-bucket",
        "10 calls per second, and one call in fifty is never answered",
        _CHAT,
        Bucket(10, 10, retry=_AFTER),
        Fault("hang", 0.02),
        timeout=600,
    ),
    _of(
        "hangs-few",
        "two calls at a time, one in fifty of them never answered",
        _CHAT,
        Fault("hang", 0.02),
        calls=300,
        concurrency=2,
        timeout=600,
    ),
    _of(
        "hangs-all",
        "calls sent in two seconds of every half minute are never answered",
        _CHAT,
        Fault("hang", Level((0, 0), (10, 1), (12, 0), every=30)),
        calls=3000,
        timeout=600,
    ),
    _of(
        "shedding", "529 for one call in ten, whatever the load", _CHAT, Fault(529, 0.1), calls=2000
    ),
    # outages
    _of(
        "cold-start-30s",
        "a model that is still loading: 503 for 30 s",
        Lognormal(0.5),
        cold_start(30),
    ),
    _of(
        "cold-start-after",
        "a model that is still loading: 503 with Retry-After for 30 s",
        Lognormal(0.5),
        cold_start(45, 503, _AFTER),
    ),
    _of("brownout-20s", "503 for every call for 20 s", Lognormal(0.5), brownout(5, 25), calls=3000),
    _of("brownout-500", "500 for every call for 40 s", _CHAT, brownout(10, 50, 500), calls=3000),
    _of(
        "brownout-half",
        "half of the calls get 500 for 30 s of every 60",
        _CHAT,
        brownout(15, 45, 500, rate=0.5, every=60),
        calls=3000,
    ),
    # all together
    _of(
        "storm",
        "a cap, a bucket, lost and broken answers",
        Lognormal(0.08, 0.8),
        Cap(40, 503, Retry(says=1)),
        Bucket(100, 100, headers="openai", counts_refused=True),
        Fault("drop", 0.07),
        Fault(500, 0.13),
        Fault("garbage", 0.11),
        calls=2000,
    ),
    _of(
        "bad-day",
        "a cold start, a small cap, a bucket and another client",
        Lognormal(1.5, 0.6),
        cold_start(12),
        Cap(Level((0, 30), (40, 12), (80, 30)), 529),
        Bucket(Level((0, 15), (60, 8), every=100), 30, retry=Retry("ms")),
        Fault(500, 0.04),
    ),
)

CATALOG: dict[str, Scenario] = {each.name: each for each in _SCENARIOS}


def compose(seed: int) -> Scenario:
    """A scenario of a random latency, up to two limits, and up to two faults."""
    rng = Random(f"service {seed}")
    concurrency = rng.choice([8, 16, 32, 64, 128])
    median = math.exp(rng.uniform(math.log(0.08), math.log(20.0)))
    latency: Latency = rng.choice(
        [
            Fixed(median),
            Lognormal(median, rng.uniform(0.2, 1.0)),
            Lognormal(median, rng.uniform(0.2, 1.0)),
            Batching(median, median / rng.uniform(4, 40)),
            Queue(median, rng.choice([2, 4, 16]), rng.choice([16, 64, 512])),
        ]
    )
    headers: Headers = rng.choice(["", "openai", "anthropic"])
    natural = min(concurrency, getattr(latency, "slots", concurrency)) / median

    def retry() -> Retry | None:
        says = 3600.0 if rng.random() < 0.05 else None
        return rng.choice([None, Retry("seconds", says), Retry("ms", says), Retry("date", says)])

    def wavy(value: float) -> float | Level:
        if rng.random() < 0.7:
            return value
        first, every = rng.uniform(10, 60), rng.choice([math.inf, 120.0])
        return Level((0, value), (first, value * rng.choice([0.5, 2.0])), every=every)

    def limit() -> Part:
        rate = natural * rng.uniform(0.1, 1.1)
        match rng.randrange(3):
            case 0:
                size = wavy(max(1, round(concurrency * rng.uniform(0.1, 1.1))))
                return Cap(size, rng.choice([429, 503, 529]), retry())
            case 1:
                capacity = max(1.0, round(rate * rng.choice([0.1, 1, 10, 60])))
                hammered = rng.random() < 0.3
                return Bucket(
                    wavy(rate),
                    capacity,
                    headers=headers,
                    retry=retry(),
                    counts_refused=hammered,
                )
        seconds = rng.choice([1.0, 10.0, 60.0])
        size = max(1, round(rate * seconds))
        return Window(size, seconds, headers=headers, retry=retry(), phase=rng.uniform(0, seconds))

    def fault() -> Part:
        if rng.random() < 0.3:
            start = rng.choice([0.0, rng.uniform(1, 60)])
            return brownout(start, start + rng.uniform(5, 40), rng.choice([500, 503]))
        return Fault(rng.choice([500, 503, 529, "drop", "refuse", "garbage"]), rng.uniform(0, 0.2))

    parts = [limit() for _ in range(rng.choice([0, 1, 1, 2]))]
    parts += [fault() for _ in range(rng.choice([0, 0, 1, 2]))]
    return Scenario(
        name=f"random-{seed}",
        about="composed at random",
        latency=latency,
        parts=tuple(parts),
        calls=max(200, min(3000, round(natural * 60))),
        concurrency=concurrency,
    )
