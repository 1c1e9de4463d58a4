"""Calls, time and memory of `targen transform`: 3,000 rows of four CSV files by a script.

Nothing is waited for, so that all time is targen's own. A tenth of the rows are rejected, and the
datasets are of unlike use. Exit 1 where a run makes more calls than its rows, its rejects and 3%
of the rows together.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARE = 0.03
WORDS = (
    "amber barrel candle dwelling engine ferry garden harbour island journal kettle lantern meadow "
    "notebook orchard pocket quarry river saddle thicket umbrella valley window yard"
).split()
SCRIPT = """
import json
import zlib

def reply(request):
    system, user = request.messages[0].content, request.messages[-1].content
    if system.startswith("You describe language tasks"):
        return {"description": "A review, and whether it recommends the product."}
    if system.startswith("You choose datasets"):
        ids = sorted(line[4:] for line in user.splitlines() if line.startswith("id: "))
        return {"reasoning": "By the columns.", "datasets": ids}
    if system.startswith("You decide what the columns"):
        columns = {"input": ["review", "stars"], "output": [], "irrelevant": [], "ambiguous": []}
        return {"reasoning": "The text and the stars.", **columns}
    if system.startswith("You plan how rows"):
        steps = ("input", "The review."), ("output", "yes from three stars on, else no.")
        return {"steps": [{"action": a, "instruction": i} for a, i in steps]}
    row = json.loads(user.rpartition("Row:")[2])
    text = row["review"]
    if zlib.crc32(text.encode()) % 10 == 0:
        return {"working": "w", "input": None, "output": None, "reason": "It is no review."}
    output = "yes" if int(row["stars"]) > 2 else "no"
    return {"working": "It has %s stars." % row["stars"], "input": text, "output": output,
            "reason": ""}
"""


def files(folder: Path) -> None:
    """Four files of 2,500 rows of 30 words."""
    rng = random.Random(0)
    folder.mkdir()
    for number in range(4):
        with open(folder / f"reviews{number}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["review", "stars"])
            for row in range(2500):
                writer.writerow([f"{' '.join(rng.choices(WORDS, k=30))} {row}", row % 4 + 1])


def measure(folder: Path, rows: int) -> bool:
    """One run; whether it made no more calls than it may."""
    out = folder / f"run{len(list(folder.iterdir()))}"
    command = ["transform", "Does the review recommend the product?", "--labels", "yes,no"]
    command += ["-n", str(rows), "--catalogue", "data", "-b", "scripted"]
    command += ["-o", "script=answers.py:reply", "--no-cache", "-q", "--out", str(out)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "TARGEN_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "targen_core.cli", *command],
        cwd=folder,
        env=environment,
        check=False,
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return False
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads((out / "report.json").read_text())
    calls = report["usage"]["total"]["calls"]
    rejected = sum(sum(flow["rejected"].values()) for flow in report["flow"].values())
    over = calls - rejected - rows
    by_source = ", ".join(f"{source['rows']:,}" for source in report["sources"])
    print(
        f"{rows:,} rows ({by_source} by dataset), "
        f"{calls:,} calls, {rejected:,} of them rejects, {over:,} more than rows "
        f"({over / rows:.1%}, at most {SHARE:.0%}); {wall:.1f} s, "
        f"{cpu / calls * 1e6:,.0f} us of CPU a call, peak {after.ru_maxrss / 1024:,.0f} MiB"
    )
    return over <= SHARE * rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder / "data")
        (folder / "answers.py").write_text(SCRIPT)
        return not measure(folder, given.rows)


if __name__ == "__main__":
    sys.exit(main())
