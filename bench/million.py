"""A million rows in one process: what a row costs near the end, and a resume at nine tenths.

Usage: python million.py [--rows 1000000] [--folder F] [--merge]

Runs RTE by `scripted` with the near-duplicate filter at 100 (its texts are too alike for 90) and
without a cache, kills it at nine tenths and resumes it. Prints a line at 10,000 rows, at each tenth
and at the end: CPU per row since the line before, and memory. With `--merge` it measures a merge of
eight runs of an eighth of the rows as well (`merge.py`). Exits 1 where a target is missed. Seconds
are of this machine; compare the ratios.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from resume import Large

EARLY = 10_000
CPU, MEMORY, SECONDS = 1.5, 1500.0, 60.0  # times that at EARLY; MB; to the first call of a resume
TICKS = os.sysconf("SC_CLK_TCK")


class Watched:
    """A run's process, looked at from outside."""

    def __init__(self, process: subprocess.Popen, run: Path) -> None:
        self.process, self.run = process, run
        self.cpu: dict[int, float] = {}  # seconds, by rows
        self.peak = 0.0

    def look(self, rows: int) -> None:
        """Print what the process has used when it has so many rows."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        now, peak = (float(status.split(f"{name}:")[1].split()[0]) for name in ("VmRSS", "VmHWM"))
        spent = sum(map(int, fields[11:13])) / TICKS
        before = max(self.cpu, default=rows)
        slope = (spent - self.cpu.get(before, spent)) / max(1, rows - before)
        self.cpu[rows], self.peak = spent, max(self.peak, peak / 1e3)
        print(
            f"{rows:9,} rows: {spent:8.1f} s CPU, {slope * 1e6:7.0f} us a row since the line "
            f"before, {now / 1e3:6.0f} MB, peak {peak / 1e3:6.0f} MB",
            flush=True,
        )

    def follow(self, marks: list[int]) -> None:
        """Look at the process at each of these counts of rows."""
        path, seen = self.run / "dataset.jsonl", 0
        while not path.exists():
            time.sleep(0.05)
        with path.open("rb") as file:
            for mark in marks:
                while seen < mark:
                    if self.process.poll() is not None:
                        raise SystemExit(f"the run ended with {seen} rows")
                    time.sleep(0.05)
                    seen += file.read().count(b"\n")
                self.look(seen)

    def per_row(self, start: int, stop: int) -> float:
        """CPU seconds per row between the looks nearest to two counts."""
        low, high = (min(self.cpu, key=lambda rows: abs(rows - at)) for at in (start, stop))
        return (self.cpu[high] - self.cpu[low]) / (high - low)


def measure(rows: int, folder: Path) -> bool:
    """Print it all; whether each target is met."""
    large, run = Large(folder, "100"), folder / "run"
    watched = Watched(large.generate(rows, run), run)
    tenths = [rows * tenth // 10 for tenth in range(1, 10)]
    late = tenths[-1] - min(EARLY, rows // 20)
    watched.follow(sorted({EARLY // 10, min(EARLY, rows // 20), *tenths, late}))
    early = watched.per_row(EARLY // 10, EARLY)
    cost = watched.per_row(late, tenths[-1])
    growth = watched.peak
    watched.process.kill()
    large.end(watched.process, killed=True)
    process, soon = large.first_call(run)
    cpu, peak = large.end(process)
    peak = max(peak, growth)
    print(f"resume at {tenths[-1]:,}: first new call after {soon:.1f} s (target {SECONDS:.0f})")
    print(f"  resume and the last tenth: {cpu:.1f} s CPU")
    print(
        f"CPU a row: {early * 1e6:.0f} us up to {EARLY:,} rows, {cost * 1e6:.0f} us before ", end=""
    )
    print(f"{tenths[-1]:,}: {cost / early:.2f}x (target {CPU})")
    print(f"peak {peak:.0f} MB (target {MEMORY:.0f}), {peak * 1e6 / rows:.0f} bytes a row in all")
    return cost <= CPU * early and peak <= MEMORY and soon <= SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the run is put, and stays")
    parser.add_argument("--merge", action="store_true", help="then merge eight runs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="targen-bench-") as made:
        met = measure(args.rows, args.folder or Path(made))
    if args.merge:
        each = ["--runs", "8", "--rows", str(args.rows // 8)]
        merge = [sys.executable, str(Path(__file__).with_name("merge.py")), *each]
        met &= subprocess.run(merge, check=False).returncode == 0
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
