"""Memory that a committed row costs, and the near-duplicate index's share of it.

One process a measurement, so that nobody inherits another's heap. Each runs
`workload.py` through the real `Job` at zero latency and notes resident memory
and `tracemalloc`'s total when so many rows are committed. Growth a row is the
slope between `--from` and `--to` rows; the index's bytes a row are the index
alone, filled with as many texts. Exit 1 where growth beside the index reaches
1 kB a row.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

TARGET = 1000.0  # bytes a row
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def measure_run(
    start: int, stop: int, *, near_duplicates: float, labels: int, trace: bool, top: int
) -> dict:
    """Growth of a run between two counts of committed rows, in bytes a row."""
    import workload

    from targen_core.engine.events import Committed
    from targen_core.runs.job import Job

    marks: dict[int, tuple[int, int]] = {}
    snapshots = []
    rows = characters = 0
    if trace:
        tracemalloc.start(12 if top else 1)

    def listen(event) -> None:
        nonlocal rows, characters
        if not isinstance(event, Committed) or not event.rows:
            return
        rows += event.rows
        characters += len(event.instance.text)
        if rows in (start, stop - SLACK):
            gc.collect()
            marks[rows] = (resident(), tracemalloc.get_traced_memory()[0])
            if top:
                snapshots.append(tracemalloc.take_snapshot())

    config = workload.config(
        stop, latency_ms=0, concurrency=256, near_duplicates=near_duplicates, labels=labels
    )
    with (
        tempfile.TemporaryDirectory(prefix="targen-bench-") as folder,
        Job.create(workload.registry(), config, Path(folder) / "run") as job,
    ):
        job.run(listen)
    if top:
        for line in snapshots[1].compare_to(snapshots[0], "lineno")[:top]:
            print(f"{line.size_diff / (stop - SLACK - start):8.0f} B a row  {line.traceback}")
    (low, low_traced), (high, high_traced) = marks[start], marks[stop - SLACK]
    apart = stop - SLACK - start
    return {
        "resident": (high - low) / apart,
        "traced": (high_traced - low_traced) / apart,
        "characters": characters / rows,
    }


SLACK = 2048
"""Rows before the end where the second mark is: up to there the window of
candidates past the commit point is as full as it was at the first mark."""


def measure_index(start: int, stop: int) -> dict:
    """The near-duplicate index alone: bytes a row, texts included."""
    import workload

    from targen_standard.filters.near_duplicates.index import NearDuplicates

    index = NearDuplicates(90.0)
    rng = random.Random(5)
    gc.collect()
    before = 0
    for number in range(stop):
        if number == start:
            gc.collect()
            before = resident()
        text = workload.text(rng, 42)
        index.add(f"{number // 10}.{number % 5}", text, text)
    gc.collect()
    return {"resident": (resident() - before) / (stop - start)}


def apart(kind: str, args: argparse.Namespace, *more: str) -> dict:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--from", str(args.start), "--to", str(args.stop)]
    done = subprocess.run(
        [*command, "--only", kind, *more], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="start", type=int, default=5000)
    parser.add_argument("--to", dest="stop", type=int, default=22000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["off", "on", "traced", "one", "index"])
    parser.add_argument(
        "--top", type=int, default=0, help="lines that grew most, with --only traced"
    )
    args = parser.parse_args()
    if args.only == "index":
        print(json.dumps(measure_index(args.start, args.stop)))
        return 0
    if args.only:
        near = 90.0 if args.only == "on" else 0.0
        traced = args.only == "traced"
        measured = measure_run(
            args.start,
            args.stop,
            near_duplicates=near,
            labels=1 if args.only == "one" else 2,
            trace=traced,
            top=args.top,
        )
        print(json.dumps(measured))
        return 0

    def median(kind: str, name: str = "resident") -> tuple[float, list[float]]:
        values = [apart(kind, args)[name] for _ in range(args.runs)]
        return statistics.median(values), values

    growth, all_growth = median("off")
    total, all_total = median("on")
    index, all_index = median("index")
    one, all_one = median("one")
    traced = apart("traced", args)
    print(f"rows {args.start} to {args.stop - SLACK}, {traced['characters']:.0f} characters a row")
    print(f"growth a row, filter off: {growth:6.0f} B resident  {_each(all_growth)}")
    print(f"                          {traced['traced']:6.0f} B traced (tracemalloc, one run)")
    print(f"  a seed for each row:    {one:6.0f} B resident  {_each(all_one)}")
    print(f"growth a row, filter on:  {total:6.0f} B resident  {_each(all_total)}")
    print(f"the index alone:          {index:6.0f} B resident  {_each(all_index)}")
    print(
        f"beside the index: {growth:.0f} B a row with two rows a seed, {one:.0f} with one; "
        f"target below {TARGET:.0f}"
    )
    return int(max(growth, one) >= TARGET)


def _each(values: list[float]) -> str:
    return "(" + ", ".join(f"{value:.0f}" for value in values) + ")"


if __name__ == "__main__":
    sys.exit(main())
