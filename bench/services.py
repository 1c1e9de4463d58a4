"""The call layer against simulated services: how near it comes to a client that knows all.

Every service of the catalogue (`tests/simulated_catalog.py`), and some
composed at random, in virtual time, with several seeds. Goodput is an
omniscient client's wall time as a share of the call layer's: that client is
never refused, and waits for nothing but the service. Exit 1 where a service's
median is below 0.95 or its worst seed below 0.70.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulated_catalog import CATALOG, Scenario, compose

MEDIAN, WORST = 0.95, 0.70
HEAD = ("service", "best s", "ours s", "median", "worst", "refused", "sent/calls", "halted")


@dataclass(frozen=True)
class Row:
    """A service's figures over all seeds; times and counts are those of the median seed."""

    name: str
    best: float
    wall: float
    median: float
    worst: float
    refused: int
    sent: float
    halted: int

    @property
    def good(self) -> bool:
        return self.median >= MEDIAN and self.worst >= WORST

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            f"{self.best:.1f}",
            f"{self.wall:.1f}",
            f"{self.median:.2f}",
            f"{self.worst:.2f}",
            str(self.refused),
            f"{self.sent:.2f}",
            str(self.halted or ""),
        )


def scenario(name: str) -> Scenario:
    return compose(int(name.removeprefix("random-"))) if "random-" in name else CATALOG[name]


def measure(name: str, seeds: int) -> Row:
    """A service's row; at the top level, so that another process can do it."""
    results = sorted((scenario(name).drive(seed) for seed in range(seeds)), key=lambda r: r.goodput)
    goodput, middle = [result.goodput for result in results], results[(seeds - 1) // 2]
    return Row(
        name,
        middle.best,
        middle.wall,
        statistics.median(goodput),
        goodput[0],
        middle.refused,
        middle.sent / middle.calls,
        sum(bool(result.halted) for result in results),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each service")
    parser.add_argument("--only", action="append", metavar="NAME", help="this one; repeatable")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="and N composed ones")
    parser.add_argument("--markdown", action="store_true", help="a table for a page")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    args = parser.parse_args()
    names = args.only or ([] if args.random else [*CATALOG])
    names = [*names, *(f"random-{seed}" for seed in range(args.random))]
    form = "| {} | {} | {} | {} | {} | {} | {} | {} |"
    if args.markdown:
        print(form.format(*HEAD) + "\n|---|" + "---:|" * (len(HEAD) - 1))
    else:
        form = "{:24}{:>9}{:>9}{:>8}{:>7}{:>9}{:>12}{:>8}"
        print(form.format(*HEAD))
    rows = []
    with ProcessPoolExecutor(args.jobs) as pool:
        for row in pool.map(measure, names, [args.seeds] * len(names)):
            print(form.format(*row.cells()), flush=True)
            rows.append(row)
    missed = [row.name for row in rows if not row.good]
    mean = statistics.fmean(row.median for row in rows)
    print(f"\n{len(rows) - len(missed)} of {len(rows)} reach {MEDIAN} (median) and {WORST} (worst)")
    print(f"mean goodput {mean:.3f}; below: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
