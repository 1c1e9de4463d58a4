"""What `targen trace`, `diff` and `replay` take on a large scripted run, beside a small one.

Seconds of processor time of whole commands, the best of three, and the peak memory. Exit 1 where a
trace of a row of the large run takes more than three times that of one of a small run, where a
replay asks anything or gives other bytes, or where a comparison takes more than 400 MB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 3.0
MEGABYTES = 400
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


def run(*words: object) -> tuple[float, float]:
    """Run the command; its processor seconds and peak megabytes."""
    command = [sys.executable, "-m", "targen_core.cli", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, words))}: status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def best(*words: object) -> float:
    return min(run(*words)[0] for _ in range(3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=25_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="targen-bench-") as folder:
        os.environ["TARGEN_CACHE_DIR"] = f"{folder}/cache"
        small, large, again = (Path(folder) / name for name in ("small", "large", "again"))
        options = ("-b", "scripted", "-q", "--no-cache", "--out")
        run("generate", "axg", "-n", 100, *options, small)
        made, _ = run("generate", "axg", "-n", rows, *options, large)
        first, last = best("trace", small, 50), best("trace", large, rows - 10)
        ratio = last / first
        print(f"trace of a row: {first:.2f} s of 100 rows, {last:.2f} s of {rows:,}: {ratio:.2f}x")
        replayed, memory = run("replay", large, "--out", again, "-q")
        same = all((large / name).read_bytes() == (again / name).read_bytes() for name in FILES)
        print(
            f"replay: {replayed:.1f} s, {replayed / rows * 1e3:.2f} ms a row, {memory:.0f} MB; "
            f"{replayed / made:.2f}x of generate; {'the same' if same else 'OTHER'} bytes"
        )
        compared, memory = run("diff", large, again)
        print(f"diff: {compared:.1f} s, {memory:.0f} MB")
        return int(ratio > MOST or not same or memory > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
