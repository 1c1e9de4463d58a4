"""The call layer against simulated services: how near it comes to a client that knows all.

Every service of the catalogue (`targen_core.testing.services`), in virtual
time, with several seeds. Goodput is an omniscient client's wall time as a
share of the call layer's. Exit 1 where a service's median is below 0.95 or
its worst seed below 0.70.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from targen_core.testing.services import CATALOGUE, Result

MEDIAN, WORST = 0.95, 0.70
_HEAD = ("service", "best s", "ours s", "median", "worst", "refused", "sent/calls", "halted")


def row(name: str, results: list[Result]) -> tuple[str, ...]:
    """A service's line of the table; times and counts are those of the median seed."""
    results = sorted(results, key=lambda result: result.goodput)
    middle = results[(len(results) - 1) // 2]
    goodput = [result.goodput for result in results]
    return (
        name,
        f"{middle.best:.1f}",
        f"{middle.wall:.1f}",
        f"{statistics.median(goodput):.2f}",
        f"{goodput[0]:.2f}",
        str(middle.refused),
        f"{middle.sent / middle.calls:.2f}",
        str(sum(bool(result.halted) for result in results)),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", metavar="NAME")
    args = parser.parse_args()
    missed = []
    print("{:24}{:>9}{:>9}{:>8}{:>7}{:>9}{:>11}{:>8}".format(*_HEAD))
    for name in args.only or CATALOGUE:
        results = [CATALOGUE[name].drive(seed) for seed in range(args.seeds)]
        found = row(name, results)
        print("{:24}{:>9}{:>9}{:>8}{:>7}{:>9}{:>11}{:>8}".format(*found), flush=True)
        if float(found[3]) < MEDIAN or float(found[4]) < WORST:
            missed.append(name)
    if missed:
        print(f"\nbelow {MEDIAN} (median) or {WORST} (worst): {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
