"""Named services, each with a load: what targen's rate control is measured against."""

from __future__ import annotations

from dataclasses import dataclass

from targen_core.testing.services.drive import Result, drive
from targen_core.testing.services.parts import (
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
    Retry,
    Window,
    brownout,
    cold_start,
)
from targen_core.testing.services.service import Service

__all__ = ["CATALOGUE", "Case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
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


def _case(name: str, about: str, latency: Latency, *parts: Part, **load: float) -> Case:
    return Case(name=name, about=about, latency=latency, parts=parts, **load)  # type: ignore[arg-type]


_CASES = [
    _case("plain", "answers everything after 80 ms", Fixed(0.08), calls=2000),
    _case(
        "cap-40-503-after-1s",
        "503 and Retry-After 1 beyond 40 calls in flight",
        Fixed(0.08),
        Cap(40, 503, Retry(says=1)),
        calls=2000,
    ),
    _case(
        "cap-40-429",
        "429 beyond 40 calls in flight, without a word of when",
        Lognormal(0.3),
        Cap(40),
        calls=2000,
    ),
    _case(
        "storm",
        "everything at once: a cap, a bucket, lost and broken answers",
        Lognormal(0.08, 0.8),
        Cap(40, 503, Retry(says=1)),
        Bucket(100, 100, headers="openai", counts_refused=True),
        Fault("drop", 0.07),
        Fault(500, 0.13),
        Fault("garbage", 0.11),
        calls=2000,
    ),
    _case(
        "ollama",
        "one model on one machine: 4 at once, 512 wait",
        Queue(1.0, 4, 512),
        calls=300,
    ),
    _case("vllm", "throughput saturates, latency grows", Batching(1.0, 0.02), calls=2000),
    _case(
        "bucket-of-1",
        "60 a minute enforced as one a second",
        Lognormal(0.5),
        Bucket(1, 1, retry=Retry()),
        calls=200,
    ),
    _case(
        "openai-500-a-minute",
        "a small account: 500 requests a minute, refused ones count",
        Lognormal(1.2),
        Bucket(500 / 60, 500, headers="openai", retry=Retry(), counts_refused=True),
        calls=1500,
    ),
    _case(
        "window-600-silent",
        "600 in each minute of the clock, without Retry-After",
        Lognormal(0.5),
        Window(600),
        calls=2000,
    ),
    _case(
        "cap-40-15-60",
        "a cap that falls and rises",
        Lognormal(0.3),
        Cap(Level((0, 40), (10, 15), (30, 60))),
        calls=3000,
    ),
    _case(
        "bad-replica-500",
        "one replica of four answers 500",
        Lognormal(0.4),
        Fault(500, 0.25),
        calls=2000,
    ),
    _case("cold-start-30s", "a model that loads: 503 for 30 s", Lognormal(0.5), cold_start(30)),
    _case(
        "brownout-20s",
        "nothing but 503 for 20 s in the middle",
        Lognormal(0.5),
        brownout(5, 25),
        calls=3000,
    ),
]

CATALOGUE: dict[str, Case] = {case.name: case for case in _CASES}
