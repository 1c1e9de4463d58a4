"""What calls that hang cost a run: wall time beside that of the same run without any.

A task in a file on the loopback server: 90 ms, 64 calls in flight. Each kind of service runs
with second calls and with `--no-hedge` (which is stopped after `--patience` seconds), in turns with
a service that answers everything. Prints wall time as a ratio, the rows that were there, and the
requests that the server got beside those of the run without a hanging call. Exit 1 where a ratio is
above its target.
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

from loopback import Loopback

TASK = """\
description: Notes of a small town's mayor.
labels: {plan: The note is about what will be done., report: The note is about what was done.}
"""
KINDS: dict[str, tuple[str, ...]] = {
    "2% hang": ("--hang", "0.02"),
    "0.2% hang": ("--hang", "0.002"),
    "one replica of four hangs": ("--hanging-replica", "4"),
    "lognormal, sigma 1.2": ("--sigma", "1.2"),
}
MOST = dict(zip(KINDS, (1.5, 1.3, 2.0, 1.0), strict=True))  # the ratio of each


Figures = tuple[float, int, int, str]


def run(
    args: argparse.Namespace, server: tuple[str, ...], *more: str
) -> tuple[float, int, int, str]:
    """Seconds, rows and requests of one run, and what the report says of calls that hung."""
    with tempfile.TemporaryDirectory() as folder, Loopback(args.ms, args.ms, *server) as service:
        out = Path(folder, "run")
        command = ["targen", "generate", "mayor.yaml", "-n", str(args.rows), "-b", "llama", "-q"]
        command += ["-o", f"base_url={service.base_url}", "-o", "model=any", "--out", str(out)]
        command += ["--concurrency", str(args.concurrency), "--no-cache", *more]
        began = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            process.wait(args.patience)
        except subprocess.TimeoutExpired:
            process.kill()
        wall = time.perf_counter() - began
        process.communicate()
        dataset = out / "dataset.jsonl"
        rows = len(dataset.read_bytes().splitlines()) if dataset.exists() else 0
        report = out / "report.json"
        hung = json.loads(report.read_text()).get("hung", 0) if report.exists() else ""
        return wall, rows, int(service.stats()["calls"]), str(hung)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--ms", type=float, default=90.0)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for one run")
    parser.add_argument("--kind", choices=KINDS, action="append")
    args = parser.parse_args()
    os.environ["TARGEN_CACHE_DIR"] = tempfile.mkdtemp()
    os.chdir(os.environ["TARGEN_CACHE_DIR"])
    Path("mayor.yaml").write_text(TASK)
    print(f"{'':28}{'wall':>8}{'ratio':>8}{'rows':>8}{'requests':>10}{'hung':>8}")

    def show(name: str, of: Figures, floor: float) -> None:
        wall, rows, requests, hung = of
        print(
            f"{name:28}{wall:>7.1f}s{wall / floor:>8.2f}{rows:>8}{requests:>10}{hung:>8}",
            flush=True,
        )

    missed = 0
    for kind in args.kind or KINDS:
        sigma = KINDS[kind] if "--sigma" in KINDS[kind] else ()
        base = run(args, sigma, "--no-hedge")
        show("nothing hangs" if not sigma else f"{kind}, --no-hedge", base, base[0])
        hedged = run(args, KINDS[kind])
        show(kind, hedged, base[0])
        missed += hedged[0] > MOST[kind] * base[0]
        if not sigma:
            show("  with --no-hedge", run(args, KINDS[kind], "--no-hedge"), base[0])
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
