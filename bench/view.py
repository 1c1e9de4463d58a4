"""What the page of `targen view` costs, with two datasets side by side.

python view.py                 two datasets of 50,000 rows
python view.py --rows 5000

Seconds from the command to the first page; pages of the list in each order, the first and the
last, with a text searched for, and a row, as milliseconds over HTTP; then the same while likeness
is worked out, and how long that takes; resident memory of the server before and after.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from review import Server, show, write

MAX_MS = 100
TURNS = 5
LISTS = (
    "sort=as+they+are", "sort=longest", "sort=hardest", "sort=shortest&label=positive",
    "text=word1999", "as=list", "as=list&sort=longest&data=changed",
)  # fmt: skip


class View(Server):
    def __init__(self, *data: Path) -> None:
        start = time.perf_counter()
        line = [sys.executable, "-m", "targen_core.cli", "view", *map(str, data), "--no-open"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        self.enter()
        self.seconds = time.perf_counter() - start


def changed(path: Path) -> Path:
    """The same rows in another order, a tenth of them with another text."""
    rng = random.Random(1)
    lines = path.read_text().splitlines()
    rng.shuffle(lines)
    other = path.with_name("changed.jsonl")
    other.write_text(
        "".join(
            f"{line.replace('word1', 'word2', 1) if rng.random() < 0.1 else line}\n"
            for line in lines
        )
    )
    return other


def pages(server: View) -> list[float]:
    """Milliseconds of each page."""
    times = []
    for query in LISTS:
        last = re.search(r"page 1 of ([\d,]+)", server.ask(f"/view/rows?{query}")[2])
        number = last[1].replace(",", "") if last else "1"
        for path in (f"rows?{query}", f"rows?{query}&page={number}", f"row/77?{query}&place=40"):
            for _ in range(TURNS):
                start = time.perf_counter()
                status, _, _ = server.ask(f"/view/{path}")
                times.append(1000 * (time.perf_counter() - start))
                assert status == 200, path
    return times


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--patience", type=float, default=3600, help="seconds for likeness")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, _ = write(Path(folder), asked.rows)
        server = View(data, changed(data))
        try:
            print(f"2 x {asked.rows:,} rows: {server.seconds:.1f} s to the first page")
            good = show("a page over HTTP", pages(server), MAX_MS)
            print(f"memory of the server: {server.megabytes():.0f} MB")
            start = time.perf_counter()
            server.ask("/view/rows?sort=most+alike")
            good &= show("a page while likeness is worked out", pages(server), MAX_MS)
            near: list[float] = []
            while "ol class" not in server.ask("/view/row/7/near")[2]:
                time.sleep(0.2)
            print(f"neighbours can be asked for after {time.perf_counter() - start:.1f} s")
            for row in range(100, 120):
                begun = time.perf_counter()
                server.ask(f"/view/row/{row}/near")
                near.append(1000 * (time.perf_counter() - begun))
            show("neighbours of a row", near, MAX_MS)
            said = ""
            while "data-done" not in said and time.perf_counter() - start < asked.patience:
                time.sleep(0.5)
                said = server.ask("/view/rows?sort=most+alike&only=progress")[2]
            print(
                f"likeness after {time.perf_counter() - start:.0f} s: {re.sub('<[^>]*>', '', said)}"
            )
            print(f"memory of the server: {server.megabytes():.0f} MB")
        finally:
            server.end()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
