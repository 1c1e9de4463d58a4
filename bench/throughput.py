"""The wall time of a whole run against the time that its calls must take.

2,000 instances of `workload.py` (4 dependent calls each, and the lists) on the
scripted backend, through the real `Job`: journal, outputs, near-duplicate
filter. The floor is all calls that the rows need x latency / concurrency, and
one chain's latency (first context batch, first seed batch, four calls).
Beside it, in the same run, stands what bare asyncio takes for as many sleeps.
Exit 1 above the target of 1.10x.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import workload

from targen_core.runs.job import Job

TARGET = 1.10
STEPS = 4  # dependent calls of an instance
LISTS = 2  # calls before the first instance
SIGMA = 0.6  # of the lognormal latency


@dataclass
class Run:
    """One run's figures, in seconds."""

    wall: float
    cpu: float
    calls: int
    wasted: int
    cached: int
    floor: float
    ramp: float
    tail: float
    steady_in_flight: float
    overshoot: float

    @property
    def ratio(self) -> float:
        return self.wall / self.floor


def run(registry, args, folder: Path, cache: Path | None, sigma: float = 0.0) -> Run:
    """One run in a fresh directory."""
    config = workload.config(
        args.rows,
        latency_ms=0 if sigma else args.latency_ms,
        concurrency=args.concurrency,
        near_duplicates=args.near_duplicates,
    )
    gc.collect()
    began, cpu = time.perf_counter(), _cpu()
    with Job.create(registry, config, folder, cache=cache) as job:
        model = workload.TimedModel.last
        assert model is not None
        model.spans = spans = []
        model.median, model.sigma = args.latency_ms / 1000, sigma
        report = job.run()
    wall, cpu = time.perf_counter() - began, _cpu() - cpu
    usage, wasted = report["usage"]["total"], report["unused_calls"]
    latency = model.asked / len(spans) if spans else args.latency_ms / 1000  # the mean
    needed = usage["calls"] + usage["cached"] - wasted
    floor = needed * latency / args.concurrency + (STEPS + LISTS) * latency
    ramp, tail, steady = _phases(spans, args.concurrency)
    mean = statistics.fmean(end - start for start, end in spans) if spans else 0.0
    return Run(
        wall,
        cpu,
        usage["calls"],
        wasted,
        usage["cached"],
        floor,
        ramp,
        tail,
        steady,
        mean - latency if spans else 0.0,
    )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _phases(spans: list[tuple[float, float]], concurrency: int) -> tuple[float, float, float]:
    """Seconds until 95% of the slots are taken, seconds after they last were,
    and the mean of calls in flight between the two."""
    if not spans:
        return 0.0, 0.0, 0.0
    changes = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    in_flight, full_from, full_to = 0, 0.0, 0.0
    for at, change in changes:
        if change < 0 and in_flight >= 0.95 * concurrency:
            full_to = at
        in_flight += change
        if in_flight >= 0.95 * concurrency and not full_from:
            full_from = at
    first, last = changes[0][0], changes[-1][0]
    if not full_from:
        return last - first, 0.0, 0.0
    busy = sum(max(0.0, min(end, full_to) - max(start, full_from)) for start, end in spans)
    steady = busy / (full_to - full_from) if full_to > full_from else 0.0
    return full_from - first, last - full_to, steady


def show(name: str, runs: list[Run]) -> Run:
    """Print the medians of one kind of run; return the median run."""
    middle = sorted(runs, key=lambda one: one.ratio)[len(runs) // 2]
    answered = max(1, middle.calls + middle.cached)
    ratios = ", ".join(f"{one.ratio:.3f}" for one in runs)
    cpu = statistics.median(one.cpu for one in runs)
    print(f"{name}: wall {middle.ratio:.3f}x floor (runs: {ratios})")
    print(
        f"    wall {middle.wall:.2f} s, floor {middle.floor:.2f} s, CPU {cpu:.2f} s = "
        f"{cpu / answered * 1e6:.0f} us a call, busy {middle.cpu / middle.wall:.0%} of the wall"
    )
    print(
        f"    {middle.calls} calls, {middle.cached} from the cache, {middle.wasted} that no row "
        f"used ({middle.wasted / answered:.1%})"
    )
    if middle.calls:
        print(
            f"    ramp {middle.ramp:.2f} s to 95% of the slots, then "
            f"{middle.steady_in_flight:.0f} calls in flight, tail {middle.tail:.2f} s; "
            f"a call took {middle.overshoot * 1e3:+.1f} ms against its latency"
        )
    return middle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--latency-ms", type=float, default=200.0)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--near-duplicates", type=float, default=90.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="one run under cProfile, then stop")
    args = parser.parse_args()
    plain = workload.registry()
    with tempfile.TemporaryDirectory(prefix="targen-bench-") as name:
        folder = Path(name)
        if args.profile:
            profile = cProfile.Profile()
            profile.runcall(run, plain, args, folder / "profiled", None)
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
            return 0
        lossy = workload.registry(rejected=0.1, relabelled=0.1)
        kinds: dict[str, list[Run]] = {
            "no cache": [],
            "cold cache": [],
            "warm cache": [],
            "lossy": [],
            "uneven": [],
        }
        bare: dict[str, list[float]] = {"fixed": [], "lognormal": []}
        for turn in range(args.runs):
            here = folder / str(turn)
            here.mkdir()
            kinds["no cache"].append(run(plain, args, here / "a", None))
            latency = args.latency_ms / 1000
            for name, sigma in (("fixed", 0.0), ("lognormal", SIGMA)):
                chains = workload.bare_chains(
                    args.rows, STEPS, latency, args.concurrency, sigma=sigma
                )
                bare[name].append(asyncio.run(chains))
            kinds["cold cache"].append(run(plain, args, here / "b", here / "cache"))
            kinds["warm cache"].append(run(plain, args, here / "c", here / "cache"))
            kinds["lossy"].append(run(lossy, args, here / "d", None))
            kinds["uneven"].append(run(plain, args, here / "e", None, sigma=SIGMA))
        print(
            f"{args.rows} rows, {args.latency_ms:g} ms, concurrency {args.concurrency}, "
            f"{workload.about()}; median of {args.runs}"
        )
        middle = show("no cache", kinds["no cache"])
        cached = show("with a cache, empty at first", kinds["cold cache"])
        show("with the cache that run left", kinds["warm cache"])
        show("10% rejected and 10% relabelled, no cache", kinds["lossy"])
        show(f"lognormal latency, sigma {SIGMA}, no cache", kinds["uneven"])
        print(
            f"bare asyncio, {args.rows} chains of {STEPS} sleeps: "
            f"{statistics.median(bare['fixed']):.3f}x their floor, lognormal "
            f"{statistics.median(bare['lognormal']):.3f}x"
        )
        print(f"no cache {middle.ratio:.3f}x, with a cache {cached.ratio:.3f}x, target {TARGET:g}x")
        return int(max(middle.ratio, cached.ratio) > TARGET)


if __name__ == "__main__":
    sys.exit(main())
