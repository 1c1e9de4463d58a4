"""Named services, each with a load: what targen's rate control is measured against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from tests.simulated import (
    Batching,
    Bucket,
    Cap,
    Fault,
    Fixed,
    Latency,
    Level,
    Lognormal,
    Part,
    Queue,
    Result,
    Retry,
    Service,
    Window,
    drive,
    outage,
)


@dataclass(frozen=True)
class Scenario:
    """A service, and the load that it gets from `models` backends."""

    about: str
    latency: Latency
    parts: tuple[Part, ...] = ()
    calls: int = 1000
    concurrency: int = 64
    tokens: int = 20
    timeout: float = 120.0
    models: int = 1

    def drive(self, seed: int = 0) -> Result:
        """Send its calls through the call layer."""
        return drive(
            lambda: Service(self.latency, *self.parts, seed=seed, timeout=self.timeout),
            calls=self.calls,
            concurrency=self.concurrency,
            tokens=self.tokens,
            seed=seed,
            models=self.models,
        )


def _service(about: str, latency: Latency, *parts: Part, **load: float) -> Scenario:
    return Scenario(about, latency, parts, **load)


_CHAT = Lognormal(0.8, 0.4)
_AFTER = Retry()

CATALOG = {
    # own servers
    "plain": _service("answers every call after 80 ms", Fixed(0.08), calls=2000),
    "plain-slow": _service("a reasoning model: 20 s, rarely a minute", Lognormal(20, 0.5)),
    "ollama": _service("4 calls at once, 512 queued", Queue(1.0, 4, 512), calls=300),
    "short-queue": _service("4 calls at once, 10 queued", Queue(1.0, 4, 10), calls=400),
    "vllm": _service("throughput saturates, latency grows", Batching(1.0, 0.02), calls=2000),
    "tgi": _service("429 beyond 24 calls in flight", Batching(1.0, 0.05), Cap(24), calls=1500),
    # caps of calls in flight
    "cap-40-503-after-1s": _service(
        "503 and Retry-After: 1 beyond 40 calls",
        Fixed(0.08),
        Cap(40, 503, Retry(says=1)),
        calls=2000,
    ),
    "cap-40-429": _service("429 beyond 40 calls", Lognormal(0.3), Cap(40), calls=2000),
    "cap-1-429": _service("one call at a time", Lognormal(0.5, 0.3), Cap(1), calls=300),
    "cap-absurd-day": _service(
        "503 beyond 32 calls, and Retry-After: a day", _CHAT, Cap(32, 503, Retry(says=86400))
    ),
    # buckets and windows
    "bucket-of-1": _service(
        "60 calls per minute, enforced as one per second",
        Lognormal(0.5),
        Bucket(1, 1, retry=_AFTER),
        calls=200,
    ),
    "bucket-10-a-second-ms": _service(
        "10 calls per second, with retry-after-ms", _CHAT, Bucket(10, 10, retry=Retry("ms"))
    ),
    "bucket-absurd-hour": _service(
        "8 calls per second, and Retry-After: 3600 with every 429",
        Lognormal(0.5),
        Bucket(8, 16, retry=Retry(says=3600)),
    ),
    "openai-500-a-minute": _service(
        "500 requests per minute, including refused ones",
        Lognormal(1.2),
        Bucket(500 / 60, 500, headers=True, retry=_AFTER, counts_refused=True),
        calls=1500,
    ),
    "counts-refused-silent": _service(
        "refused calls count, and replies do not say when to retry",
        _CHAT,
        Bucket(10, 20, counts_refused=True),
    ),
    "anthropic-50-a-minute": _service(
        "50 requests per minute, refilled evenly",
        Lognormal(3.0),
        Bucket(50 / 60, 50, headers=True, retry=_AFTER),
        calls=250,
    ),
    "tokens-30k-a-minute": _service(
        "30,000 tokens per minute, 600 per call",
        Lognormal(2.0),
        Bucket(500, 30_000, "tokens", True, _AFTER),
        calls=200,
        tokens=600,
    ),
    "window-600-silent": _service(
        "600 calls per clock minute, without Retry-After", Lognormal(0.5), Window(600), calls=2000
    ),
    "litellm": _service(
        "429 beyond 300 calls per minute or 20 in flight", _CHAT, Window(300, phase=41), Cap(20)
    ),
    # limits that change
    "cap-40-15-60": _service(
        "a cap that falls and rises",
        Lognormal(0.3),
        Cap(Level((0, 40), (10, 15), (30, 60))),
        calls=3000,
    ),
    "rate-grows": _service(
        "a rate limit that doubles every 15 s",
        _CHAT,
        Bucket(Level((0, 2), (15, 4), (30, 8), (45, 16), (60, 32)), 4),
        calls=1500,
    ),
    "neighbour-quota": _service(
        "for 20 s of every 50, another client uses half of 24 calls per second",
        _CHAT,
        Bucket(Level((0, 24), (30, 12), every=50), 24, retry=_AFTER),
        calls=2000,
    ),
    "two-models-one-quota": _service(
        "two backends that share 15 calls per second",
        _CHAT,
        Bucket(15, 15, headers=True, retry=_AFTER),
        models=2,
    ),
    # faults
    "bad-replica-503": _service(
        "one of four replicas answers 503", Lognormal(0.4), Fault(503, 0.25), calls=2000
    ),
    "bad-replica-hangs": _service(
        "one of four replicas does not answer before the timeout of 20 s",
        _CHAT,
        Fault("hang", 0.25),
        calls=2000,
        timeout=20,
    ),
    "garbage": _service("one answer in ten is a web page", _CHAT, Fault("garbage", 0.1)),
    "flaky-network": _service(
        "one connection in twelve breaks", _CHAT, Fault("drop", 0.08), calls=2000
    ),
    "hangs-1-in-50": _service(
        "one call in fifty is never answered", Fixed(0.09), Fault("hang", 0.02), timeout=600
    ),
    "hangs-heavy-tail": _service(
        "some answers take twenty times the median, and one in fifty never arrives",
        Lognormal(0.5, 1.2),
        Fault("hang", 0.02),
        timeout=600,
    ),
    "hangs-cap": _service(
        "429 beyond 40 calls in flight, and one call in fifty is never answered",
        _CHAT,
        Cap(40),
        Fault("hang", 0.02),
        timeout=600,
    ),
    "hangs-few": _service(
        "two calls at a time, one in fifty of them never answered",
        _CHAT,
        Fault("hang", 0.02),
        calls=300,
        concurrency=2,
        timeout=600,
    ),
    "hangs-all": _service(
        "calls sent in two seconds of every half minute are never answered",
        _CHAT,
        Fault("hang", Level((0, 0), (10, 1), (12, 0), every=30)),
        calls=3000,
        timeout=600,
    ),
    # outages
    "cold-start-30s": _service(
        "a model that is still loading: 503 for 30 s", Lognormal(0.5), outage(0, 30)
    ),
    "brownout-20s": _service(
        "503 for every call for 20 s", Lognormal(0.5), outage(5, 25), calls=3000
    ),
    # all together
    "storm": _service(
        "a cap, a bucket, lost and broken answers",
        Lognormal(0.08, 0.8),
        Cap(40, 503, Retry(says=1)),
        Bucket(100, 100, headers=True, counts_refused=True),
        Fault("drop", 0.07),
        Fault(500, 0.13),
        Fault("garbage", 0.11),
        calls=2000,
    ),
    "bad-day": _service(
        "a cold start, a small cap, a bucket and another client",
        Lognormal(1.5, 0.6),
        outage(0, 12),
        Cap(Level((0, 30), (40, 12), (80, 30)), 529),
        Bucket(Level((0, 15), (60, 8), every=100), 30, retry=Retry("ms")),
        Fault(500, 0.04),
    ),
}


def compose(seed: int) -> Scenario:
    """A scenario of a random latency, up to two limits, and up to two faults."""
    rng = Random(f"service {seed}")
    concurrency = rng.choice([8, 16, 32, 64, 128])
    median = math.exp(rng.uniform(math.log(0.08), math.log(20.0)))
    latency: Latency = rng.choice(
        [
            Lognormal(median, rng.uniform(0.0, 1.0)),
            Batching(median, median / rng.uniform(4, 40)),
            Queue(median, rng.choice([2, 4, 16]), rng.choice([16, 64, 512])),
        ]
    )
    natural = min(concurrency, getattr(latency, "slots", concurrency)) / median

    def limit() -> Part:
        rate = natural * rng.uniform(0.1, 1.1)
        retry = rng.choice([None, Retry(), Retry("ms"), Retry(says=3600)])
        headers, hammered = rng.random() < 0.5, rng.random() < 0.3
        cap = max(1, round(concurrency * rng.uniform(0.1, 1.1)))
        capacity = max(1.0, round(rate * rng.choice([0.1, 1, 10, 60])))
        seconds = rng.choice([1.0, 10.0, 60.0])
        wave = Level((0, rate), (rng.uniform(10, 60), rate * rng.choice([0.5, 2.0])), every=120)
        return rng.choice(
            [
                Cap(cap, rng.choice([429, 503, 529]), retry),
                Bucket(rng.choice([rate, wave]), capacity, "requests", headers, retry, hammered),
                Window(max(1, round(rate * seconds)), seconds, headers, retry),
            ]
        )

    def fault() -> Part:
        if rng.random() < 0.3:
            start = rng.choice([0.0, rng.uniform(1, 60)])
            return outage(start, start + rng.uniform(5, 40), rng.choice([500, 503]))
        return Fault(rng.choice([500, 503, 529, "drop", "refuse", "garbage"]), rng.uniform(0, 0.2))

    parts = [limit() for _ in range(rng.choice([0, 1, 1, 2]))]
    parts += [fault() for _ in range(rng.choice([0, 0, 1, 2]))]
    calls = max(200, min(3000, round(natural * 60)))
    return Scenario("composed at random", latency, tuple(parts), calls, concurrency)
