"""Whole runs through the `llama` backend, beside bare aiohttp and other frameworks.

The workloads, the mock server, the bare client and the measuring are those of a
shared bench outside this repository (`../shared/bench` beside its root, or
`--shared`). targen runs as its users run it, with journal and cache on; see
`targen_.py`. Each turn runs the bare client and targen one after the other;
figures are medians over the turns, ratios are taken within a turn. Exit 1 where
a target is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS = 1000  # of the runs with faults
LIMIT_ROWS, PER_MINUTE, LIMIT_MS = 700, 1200, 100
SDKS = {"openai", "anthropic", "httpx", "aiohttp", "langchain_core", "langchain_openai", "ollama"}

# What the runs with faults ask of the mock; the latency stands first.
FAULTS = {
    "limit": ["--latency-ms", str(LIMIT_MS), "--rpm", str(PER_MINUTE)],
    "limit-ms": ["--latency-ms", str(LIMIT_MS), "--rpm", str(PER_MINUTE), "--retry-after-ms"],
    "garbage": ["--latency-ms", "50", "--garbage-rate", "0.1"],
    "errors": ["--latency-ms", "50", "--error-rate", "0.1"],
    "drops": ["--latency-ms", "50", "--drop-rate", "0.02"],
}


@dataclass
class Figure:
    """One measured figure against its target."""

    name: str
    values: list[float]
    maximum: float | None = None
    minimum: float | None = None
    digits: int = 2

    @property
    def middle(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool:
        if self.maximum is not None and self.middle > self.maximum:
            return False
        return self.minimum is None or self.middle >= self.minimum

    def __str__(self) -> str:
        d = self.digits
        spread = f"{min(self.values):.{d}f} to {max(self.values):.{d}f}"
        expected = f"<= {self.maximum:g}" if self.maximum is not None else ""
        expected += f">= {self.minimum:g}" if self.minimum is not None else ""
        said = "" if not expected else "met" if self.met else "MISSED"
        return f"  {self.name:44}{self.middle:9.{d}f}  ({spread:18}) {expected:9} {said}"


def load(shared: Path, venvs: str):
    """The shared bench as a module, with our client and this interpreter in its table."""
    sys.dont_write_bytecode = True  # the shared folder stays as it is
    spec = importlib.util.spec_from_file_location("shared_bench", shared / "bench.py")
    if spec is None or spec.loader is None or not (shared / "bench.py").exists():
        sys.exit(f"no shared bench in {shared}: name it with --shared")
    harness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harness)
    harness.VENVS = venvs or harness.VENVS
    if not Path(harness.VENVS, "mock", "bin", "python").exists():
        sys.exit(f"no mock server's environment in {harness.VENVS}: setup_venvs.sh mock makes it")
    paths = os.pathsep.join(filter(None, [str(shared / "clients"), os.environ.get("PYTHONPATH")]))
    harness.ENV |= {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    Path(harness.SCRATCH).mkdir(parents=True, exist_ok=True)
    mine = str(HERE / "targen_.py")
    harness.CLIENTS["floor-aiohttp"] = (sys.prefix, "floor_aiohttp.py", "", "")
    harness.CLIENTS["targen"] = (sys.prefix, mine, "", "")
    harness.CLIENTS["targen-structured"] = (sys.prefix, mine, "structured", "")
    for name, options in FAULTS.items():
        rows = LIMIT_ROWS if name.startswith("limit") else ROWS
        harness.WORK[f"A-{name}"] = (rows, 64, 1, options)  # A: one call an item
    harness.subreaper()
    return harness


class Turns:
    """Runs clients in turns and keeps what was measured."""

    def __init__(self, harness, turns: int, peers: list[str]) -> None:
        self.harness = harness
        self.turns = turns
        self.peers = peers

    def run(self, workload: str, *clients: str) -> dict[str, list[dict]]:
        timings: dict[str, list[dict]] = {name: [] for name in clients}
        for turn in range(self.turns):
            for name in clients:
                one = self.harness.one(name, workload, 150, seed=turn)
                if one["rc"] != 0 or "run_wall" not in one:
                    sys.exit(f"{name} failed on {workload}: {one.get('error', one['rc'])}")
                timings[name].append(one)
        return timings

    def beside_bare(self, workload: str) -> tuple[list[dict], list[dict]]:
        """The runs of bare aiohttp and of targen; peers are printed."""
        timings = self.run(workload, "floor-aiohttp", "targen", *self.peers)
        calls = timings["targen"][0]["calls"]
        print(f"\n{workload}: {calls:,} calls, medians of {self.turns}")
        bare = timings["floor-aiohttp"]
        for name, runs in timings.items():
            wall, total, cpu, rss = (
                statistics.median(one[key] for one in runs)
                for key in ("run_wall", "wall", "cpu_us_call", "rss_mb")
            )
            ratio = statistics.median(ratios(runs, bare, "run_wall"))
            good = min(one["rows_good"] for one in runs)
            print(
                f"  {name:20} run {wall:6.2f} s ({ratio:5.2f}x), whole {total:6.2f} s, "
                f"CPU {cpu:6.0f} us a call, peak {rss:4.0f} MB, {calls / wall:6.0f} calls/s, "
                f"{good:,} good rows"
            )
        return bare, timings["targen"]


def ratios(ours: list[dict], bare: list[dict], key: str) -> list[float]:
    return [a[key] / b[key] for a, b in zip(ours, bare, strict=True)]


def side_by_side(turns: Turns) -> list[Figure]:
    """A: many calls at once, with a model's latency."""
    bare, ours = turns.beside_bare("A")
    return [
        Figure("A: run wall / bare aiohttp", ratios(ours, bare, "run_wall"), maximum=1.15),
        Figure("A: CPU a call / bare aiohttp", ratios(ours, bare, "cpu_us_call"), maximum=3),
        Figure("A: peak memory, MB", [one["rss_mb"] for one in ours], maximum=150, digits=0),
        *rows_and_calls("A", ours, 2000),
    ]


def overhead(turns: Turns) -> list[Figure]:
    """B: no latency, so that nothing but overhead is left."""
    bare, ours = turns.beside_bare("B")
    return [
        Figure("B: calls/s / bare aiohttp", ratios(ours, bare, "calls_s"), minimum=0.30),
        *rows_and_calls("B", ours, 5000),
    ]


def chains(turns: Turns) -> list[Figure]:
    """C: four dependent calls an item, uneven latency."""
    bare, ours = turns.beside_bare("C")
    return [
        Figure("C: run wall / bare aiohttp", ratios(ours, bare, "run_wall"), maximum=1.05),
        Figure("C: start-up included / bare aiohttp", ratios(ours, bare, "wall"), maximum=1.15),
        *rows_and_calls("C", ours, 250),
    ]


def limited(turns: Turns) -> list[Figure]:
    """A limit of requests a minute, with and without `retry-after-ms`."""
    burst, rate = PER_MINUTE / 60, PER_MINUTE / 60
    allowed = (LIMIT_ROWS - burst) / rate + LIMIT_MS / 1000
    figures = []
    for name in ("limit", "limit-ms"):
        ours = turns.run(f"A-{name}", "targen")["targen"]
        walls = [one["run_wall"] / allowed for one in ours]
        refused = [one["mock"]["statuses"].get("429", 0) for one in ours]
        figures += [
            Figure(f"{name}: run wall / the {allowed:.1f} s that it allows", walls, maximum=1.05),
            Figure(f"{name}: answers 429", refused, maximum=64, digits=0),
            Figure(f"{name}: CPU seconds", [one["cpu_run"] for one in ours]),
            Figure(f"{name}: good rows", good(ours), minimum=LIMIT_ROWS, digits=0),
        ]
    return figures


def faulty(turns: Turns) -> list[Figure]:
    """Garbage for answers, errors, dropped connections: a tenth, a tenth, a fiftieth."""
    figures = []
    for name in ("garbage", "errors", "drops"):
        ours = turns.run(f"A-{name}", "targen-structured")["targen-structured"]
        walls = [one["run_wall"] for one in ours]
        maximum = 2.5 if name == "errors" else None
        figures += [
            Figure(f"{name}: run wall, s", walls, maximum=maximum),
            Figure(f"{name}: CPU us a call", [one["cpu_us_call"] for one in ours], digits=0),
            *rows_and_calls(name, ours, ROWS),
        ]
    return figures


def good(ours: list[dict]) -> list[float]:
    return [one["rows_good"] for one in ours]


def rows_and_calls(name: str, ours: list[dict], rows: int) -> list[Figure]:
    """That all rows are there and good, and that only failed calls were sent again."""
    bad = [one["rows_bad"] for one in ours]
    per_row = ours[0]["calls"] // rows
    again = [one["mock"]["sent_again_after_answer"] for one in ours]
    failed = [
        sum(count for status, count in one["mock"]["statuses"].items() if status != "200")
        + sum(one["mock"]["garbage"].values())
        for one in ours
    ]
    beyond = [
        one["mock"]["requests"] - rows * per_row - lost
        for one, lost in zip(ours, failed, strict=True)
    ]
    return [
        Figure(f"{name}: good rows", good(ours), minimum=rows, digits=0),
        Figure(f"{name}: bad rows", bad, maximum=0, digits=0),
        Figure(f"{name}: failed answers", failed, digits=0),
        Figure(f"{name}: answered calls sent again", again, maximum=0, digits=0),
        Figure(f"{name}: calls beyond rows and failed ones", beyond, maximum=rows // 100, digits=0),
    ]


def listing(turns: Turns) -> list[Figure]:
    """`targen list-backends` imports no client library."""
    command = [sys.executable, "-X", "importtime", "-m", "targen_core.cli", "list-backends"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    clients = sorted(modules & SDKS)
    print(f"\nlist-backends: {len(modules)} modules, of client libraries {clients or 'none'}")
    return [Figure("list-backends: client libraries imported", [len(clients)], maximum=0, digits=0)]


PARTS: dict[str, Callable[[Turns], list[Figure]]] = {
    "A": side_by_side,
    "B": overhead,
    "C": chains,
    "limit": limited,
    "faults": faulty,
    "listing": listing,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "bench")
    parser.add_argument("--venvs", default="", help="default: $PERF_VENVS, as the shared bench")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, of %(default)s")
    parser.add_argument("--peers", default="", help="of the shared bench's clients, for A, B and C")
    args = parser.parse_args()
    harness = load(args.shared.resolve(), args.venvs)
    turns = Turns(harness, args.turns, [name for name in args.peers.split(",") if name])
    figures: list[Figure] = []
    before = os.getloadavg()[0]
    for name in args.only.split(","):
        figures += PARTS[name](turns)
    loads = f"load {before:.1f} at first, {os.getloadavg()[0]:.1f} at last"
    print(f"\nmedians of {args.turns} (range); {loads}, {os.cpu_count()} cores")
    for figure in figures:
        print(figure)
    missed = [figure.name for figure in figures if not figure.met]
    print(f"\nmissed: {'; '.join(missed) or 'none'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
