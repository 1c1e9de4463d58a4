"""A run on Ray beside the same run in one process: throughput, the driver's CPU, and kills.

Needs `targen-ray` and `targen-backends[local]` (the environment of `sh scripts/test --ray`). Each
run is a process of its own; the start of Ray is not measured.

- latency: RTE's paper variant against a loopback server that takes 100 to 300 ms, 64 calls in
  flight: answers a second between the first and the last, here and by `--workers` workers; CPU of
  the run's process (RUSAGE_SELF, all threads, Ray's among them) a candidate between the first
  commit and the last; are the files the same bytes.
- local: the embedded model, one engine of one thread here, and one on each of two workers, some
  premises (`--premises 50`) to write hypotheses for: answers a second; are the files the same
  bytes. And what the machine gives: the runs of so many processes at once that know nothing of
  each other.
- kills (`--kills N`): runs on two workers, of which workers are killed (SIGKILL) at random moments,
  and with every fourth kill the run's process, which is then resumed with Ray or without in turn.
  Counted are calls sent again although the journal held their whole record at a kill.

Exit 1 where bytes differ or a journaled call was sent again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loopback import Loopback
from resume import journaled

FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
RAY = {"name": "ray", "workers": 2}


def cpu() -> float:
    """Seconds that this process has computed, in all of its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def child(asked: dict) -> None:
    """One run, measured from inside; prints what it saw."""
    from targen_core.api.request import asked as request_for
    from targen_core.api.request import elsewhere
    from targen_core.engine.events import Committed
    from targen_core.errors import JobFailed
    from targen_core.plugins.loader import load_registry

    answered: list[float] = []
    commits: list[tuple[float, float]] = []

    def observe(*_: object) -> None:
        answered.append(time.monotonic())

    def listen(event: object) -> None:
        if isinstance(event, Committed):
            commits.append((time.monotonic(), cpu()))

    registry = load_registry()
    where = elsewhere(registry, asked["executor"])
    with request_for(registry, "rte", cache=False, **asked["spec"]) as request:
        job = request.job(asked["out"])
    job.elsewhere = where
    with job, contextlib.suppress(JobFailed):  # a small model may fall short
        job.run(listen, observer=observe)
    (_, first), (_, last) = commits[0], commits[-1]
    seconds = answered[-1] - answered[0]
    print(
        json.dumps(
            {
                "calls": len(answered),
                "rate": (len(answered) - 1) / seconds,
                "seconds": seconds,
                "cpu": (last - first) / max(1, len(commits) - 1),
                "candidates": len(commits),
            }
        )
    )


def measured(out: Path, executor: object, **spec: object) -> dict:
    """What `child` says of one run."""
    asked = json.dumps({"out": str(out), "executor": executor, "spec": spec})
    command = [sys.executable, __file__, "--child", asked]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"a run failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def at_once(folder: Path, spec: dict) -> float:
    """Answers a second of as many runs at once as there are workers, all together."""
    outs = [folder / f"at-once-{number}" for number in range(RAY["workers"])]
    with ThreadPoolExecutor(len(outs)) as pool:
        runs = list(pool.map(lambda out: measured(out, None, **spec), outs))
    return sum(run["rate"] for run in runs)


def same(one: Path, other: Path) -> bool:
    """Whether two runs have the same files, byte by byte."""
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def compare(folder: Path, name: str, turns: int, here: dict, there: dict) -> tuple[bool, float]:
    """Take turns, print medians and their ratios.

    Gives whether all bytes were the same, and the answers a second here.
    """
    alone, spread, equal = [], [], True
    for turn in range(turns):
        outs = folder / f"{name}-here-{turn}", folder / f"{name}-there-{turn}"
        alone.append(measured(outs[0], None, **here))
        spread.append(measured(outs[1], RAY, **there))
        equal = equal and same(*outs)
    rates = [side["rate"] for side in (*alone, *spread)]
    ratios = [b["rate"] / a["rate"] for a, b in zip(alone, spread, strict=True)]
    more = [1e6 * (b["cpu"] - a["cpu"]) for a, b in zip(alone, spread, strict=True)]
    print(
        f"{name}: {statistics.median(rates[:turns]):.2f} answers/s here, "
        f"{statistics.median(rates[turns:]):.2f} on {RAY['workers']} workers: "
        f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"{alone[0]['candidates']} candidates, {alone[0]['calls']} calls"
    )
    print(
        f"  CPU a candidate in the run's process: "
        f"{1e6 * statistics.median(s['cpu'] for s in alone):.0f} us here, "
        f"{1e6 * statistics.median(s['cpu'] for s in spread):.0f} us with Ray: "
        f"{statistics.median(more):+.0f} us ({min(more):+.0f} to {max(more):+.0f})"
    )
    print(f"  the same bytes: {'yes' if equal else 'NO'}", flush=True)
    return equal, statistics.median(rates[:turns])


def workers_of(process: int) -> list[int]:
    """The workers that a run has, by Linux's list of processes."""
    children: dict[int, list[int]] = {}
    names = {}
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            _, _, tail = (path / "stat").read_text().rpartition(")")
            names[int(path.name)] = (path / "cmdline").read_bytes()
        except OSError:
            continue
        children.setdefault(int(tail.split()[1]), []).append(int(path.name))
    found, todo = [], [process]
    while todo:
        below = children.get(todo.pop(), [])
        todo += below
        found += [pid for pid in below if names[pid].startswith(b"ray::Member")]
    return found


def kill(server: Loopback, folder: Path, kills: int, rows: int, seed: int) -> bool:
    """Kill and go on, as often as that; whether nothing was sent again and all bytes are right."""
    rng = random.Random(seed)
    targen = [sys.executable, "-m", "targen_core.cli"]
    reference = folder / "undisturbed"
    spec = ["-b", "llama", "--model", "mock", "--base-url", server.base_url]
    spec += ["-n", str(rows), "--variant", "paper", "--concurrency", "24", "--no-cache", "-q"]
    subprocess.run(
        [*targen, "generate", "rte", *spec, "--out", reference], check=True, capture_output=True
    )
    ray = ["--executor", "ray", "--workers", "2"]
    done = again = lost = stories = 0
    right = True
    while done < kills:
        out = folder / f"story-{stories}"
        server.reset()
        command = [*targen, "generate", "rte", *spec, "--out", out, *ray]
        story: list[tuple[float, set[int]]] = []  # when, and what the journal had
        while True:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            before = server.stats()["calls"]
            while process.poll() is None and server.stats()["calls"] == before:
                time.sleep(0.02)
            while process.poll() is None and done < kills:
                time.sleep(rng.uniform(0.3, 1.5))
                driver = len(story) % 4 == 3
                victims = [process.pid] if driver else workers_of(process.pid)
                if not victims or process.poll() is not None:
                    if process.poll() is None:
                        continue
                    break
                try:
                    os.kill(rng.choice(victims), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                story.append((time.monotonic(), journaled(out / "journal")))
                done += 1
                lost += not driver
                if driver:
                    process.wait()
                    break
            _, error = process.communicate()
            if process.returncode == 0:
                break
            if process.returncode != -signal.SIGKILL:
                raise SystemExit(f"a run failed ({process.returncode}): {error[-2000:]}")
            with_ray = ray if rng.random() < 0.5 else []
            command = [*targen, "resume", str(out), "--no-cache", "-q", *with_ray]
        for at, known in story:
            again += sum(1 for call in server.log() if call[3] > at and call[2] in known)
        right = right and same(reference, out)
        stories += 1
        shutil.rmtree(out)
    print(
        f"kills: {done} ({lost} of workers, {done - lost} of runs) over {stories} runs of {rows} "
        f"rows; journaled calls sent again: {again}; the same bytes: {'yes' if right else 'NO'}"
    )
    return right and not again


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--only", default="latency,local,kills")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--premises", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if args.child:
        child(json.loads(args.child))
        return 0
    RAY["workers"] = args.workers
    good = True
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="targen-bench-") as name:
        folder = Path(name)
        only = args.only.split(",")
        if "latency" in only:
            with Loopback(100, 300) as server:
                options = {"base_url": server.base_url, "model": "mock"}
                spec = {"model": "llama", "options": options, "variants": ["paper"]}
                spec |= {"n": args.rows, "concurrency": 64}
                good &= compare(folder, "latency", args.turns, spec, spec)[0]
        if "local" in only:
            # Premises of its own, and step 3 alone: its lists would be one call after the other.
            places = [
                f"{place} of {town}"
                for town in ("Arlen", "Bray", "Corve", "Dunmore", "Eastry")
                for place in ("museum", "bakery", "library", "harbour")
            ]
            premises = [
                f"After {number + 3} years the {places[number % len(places)]} opened again."
                for number in range(args.premises)
            ]
            spec = {"model": "local", "seeds": premises, "correct": False}
            spec |= {"n": 3 * args.premises // 2, "options": {"parallel": 1, "threads": 1}}
            same_bytes, alone = compare(folder, "local", args.turns, spec, spec)
            good &= same_bytes
            given = at_once(folder, spec) / alone
            print(f"  {args.workers} runs at once that share nothing: {given:.2f}x", flush=True)
        if "kills" in only:
            with Loopback(50, 150) as server:
                good &= kill(server, folder, args.kills, args.rows, args.seed)
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
