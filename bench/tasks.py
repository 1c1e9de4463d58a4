"""What a row of each task costs: calls and tokens, with rejects and relabels.

Every task that is installed runs on the scripted backend, by its dry-run replies,
with a corrector that rejects 10% of the candidates and relabels 10% (wrong
on purpose). At concurrency 1 nothing runs ahead of need; at 64 something
does. Target: at most 3% more calls. With --suite NAME, instead: that
plugin's tasks by their paper preset through the real command, in a process
of its own, with its exact counts and its peak memory (target: below 1.5 GB).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from targen_core import Correction, hookimpl
from targen_core.engine.quotas import Quotas
from targen_core.plugins.loader import Source, installed_sources, load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard.correction.dataset import flip
from targen_standard.correctors.meta import meta

TARGET = 1.03
MEMORY = 1.5e9
LATENCY_MS = 20
PAPER = "axg boolq cb copa multirc record rte wic wsc".split()
SHARE = 0.1  # of candidates that are rejected, and as many relabelled


async def noisy(llm, instance):
    """The paper's call, and then a verdict of our own for a fifth of the candidates."""
    correction = await meta(llm, instance)
    rng = llm.rng("noise")
    draw = rng.random()
    if draw < SHARE:
        return Correction.reject("bench", "rejected for the measure")
    if draw < 2 * SHARE:
        return Correction(llm.task.label_of(flip(llm.task, instance, rng)), "relabelled")
    return correction


def registry_with_noise():
    module = ModuleType("noise")
    module.register_correctors = hookimpl(lambda register: register("noisy", noisy))
    return load_registry([*installed_sources(), Source("bench", "1", "noise", module)])


def run(registry, task, rows, concurrency, folder):
    config = RunConfig(
        task=task.id,
        quotas=Quotas.even(rows, registry.resolve(task)),
        backend="targen-standard:scripted",
        options={"latency_ms": LATENCY_MS if concurrency > 1 else 0},
        corrector="bench:noisy",
        concurrency=concurrency,
    )
    with Job.create(registry, config, folder) as job:
        return job.run()


def measure_tasks(args):
    registry = registry_with_noise()
    tasks = [t for t in registry.all("task") if t.name in (args.task or PAPER)]
    print(f"{args.rows} rows a task; 10% of candidates rejected, 10% relabelled")
    heads = (
        "task",
        "calls a row",
        "input tokens",
        "output tokens",
        "at 64: calls",
        "ratio",
        "unused",
    )
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    worst = 0.0
    for task in tasks:
        unit = registry.resolve(task).rows_per_instance
        rows = args.rows // unit * unit
        with tempfile.TemporaryDirectory() as folder:
            one = run(registry, task, rows, 1, Path(folder) / "one")
            many = run(registry, task, rows, 64, Path(folder) / "many")
            same = [(Path(folder) / f / "dataset.jsonl").read_bytes() for f in ("one", "many")]
        if same[0] != same[1]:
            print(f"{task.name}: other rows at another concurrency")
            return 1
        alone, ahead = one["usage"]["total"], many["usage"]["total"]
        made = sum(one["rows"].values())
        ratio = ahead["calls"] / alone["calls"]
        worst = max(worst, ratio)
        figures = (
            task.name,
            f"{alone['calls'] / made:.2f}",
            f"{alone['input_tokens'] / made:,.0f}",
            f"{alone['output_tokens'] / made:,.0f}",
            f"{ahead['calls'] / made:.2f}",
            f"{ratio:.3f}",
            f"{many['unused_calls']} of {ahead['calls']}",
        )
        print("| " + " | ".join(figures) + " |", flush=True)
        if args.steps:
            for name, report in (("1", one), ("64", many)):
                steps = [(s["step"], s["calls"]) for s in report["usage"]["by_step"]]
                print(name, steps)
    print(f"worst ratio {worst:.3f}, target {TARGET}")
    return int(worst > TARGET)


def measure_suite(args):
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "targen_core.cli", "generate", "--suite", args.suite]
        command += ["--preset", "paper", "-b", "scripted", "--out", f"{folder}/suite", "--json"]
        began = time.perf_counter()
        environment = {**os.environ, "TARGEN_CACHE_DIR": f"{folder}/cache"}
        child = subprocess.Popen(
            [*command, "-q"], stdout=subprocess.PIPE, text=True, env=environment
        )
        out, _ = child.communicate()
        wall = time.perf_counter() - began
        import resource

        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        reports = json.loads(out)
        counts = {r["task"]: r["rows"] for r in reports}
        exact = all(r["rows"] == r["requested"] for r in reports) and child.returncode == 0
        lines = sum(
            len(path.read_bytes().splitlines())
            for path in Path(folder).glob("suite/*/dataset.jsonl")
        )
    for name, rows in counts.items():
        print(f"{name}: {rows}")
    calls = sum(r["usage"]["total"]["calls"] for r in reports)
    print(
        f"{lines:,} rows, {calls:,} calls, {wall:.0f} s, peak {peak / 1e6:.0f} MB, "
        f"{'exact' if exact else 'NOT EXACT'}"
    )
    return int(not exact or peak > MEMORY)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--task", nargs="*", default=[])
    parser.add_argument("--steps", action="store_true", help="calls of each step")
    parser.add_argument("--suite", default="")
    args = parser.parse_args()
    sys.exit(measure_suite(args) if args.suite else measure_tasks(args))


if __name__ == "__main__":
    main()
