"""What excluded rows cost, and which edited rows are found among them.

For each number of excluded rows: CPU and peak memory of building their index from a stream, in a
process of its own; in another, the memory that an open index takes once candidates have looked all
over it, and the CPU of a candidate, both against nothing being excluded; and which share is found
of rows that were edited until they are just 90 alike (see dedup.py), of texts that hold thirteen
words of one, and of rows that have nothing to do with any. Exit 1 where a candidate takes more
than 0.3 ms or 10**6 rows more than 200 MB, where of any kind of edit less than 98 in 100 is found,
or where something is found that is neither alike nor shares words.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dedup import EDITS, Language, edited, spread
from memory import resident
from rapidfuzz import fuzz

from targen_core.tasks.checks import normalized
from targen_standard.filters.excluded.building import build_index
from targen_standard.filters.excluded.index import ExclusionIndex

SIZES = (10_000, 100_000, 1_000_000)
KEPT = 2000  # excluded rows that are edited
PROMISED_US, PROMISED_BYTES, PROMISED_FOUND = 300.0, 200e6, 0.98


def texts(language: Language) -> Iterator[str]:
    while True:
        yield language.text(language.rng.randint(120, 280))


def build(folder: Path, rows: int) -> dict[str, float]:
    """Build an index, and keep some of its rows beside it."""
    language = Language(random.Random(11))
    kept: list[tuple[int, str]] = []
    every = max(1, rows // KEPT)

    def stream() -> Iterator[list[str]]:
        for number, text in zip(range(rows), texts(language), strict=False):
            if number % every == 0:
                kept.append((number, text))
            yield [text]

    begun = time.process_time()
    for _ in zip(range(2000), texts(language), strict=False):
        pass
    made_up = (time.process_time() - begun) / 2000
    before, begun = resident(), time.process_time()
    build_index(stream(), folder)
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (folder / "kept").write_text(json.dumps(kept), encoding="utf-8")
    return {"us": (spent / rows - made_up) * 1e6, "peak": max(0, peak - before)}


def look(folder: Path, candidates: int, count: int) -> dict[str, object]:
    """Look candidates up: what it takes, and what is found."""
    rng = random.Random(5)
    language = Language(rng)
    free = [text for _, text in zip(range(candidates), texts(language), strict=False)]
    for text in free[:100]:
        normalized(text)
    before = resident()
    index = ExclusionIndex(folder)
    for text in free[:100]:
        index.find([text])
    index.read = wrong = 0
    begun = time.process_time()
    for text in free:
        wrong += index.find([text]) is not None
    spent = time.process_time() - begun
    memory, read = resident() - before, index.read / candidates
    kept = json.loads((folder / "kept").read_text(encoding="utf-8"))
    found: dict[str, float] = {}
    for kind in (*EDITS, "letters, evenly", "thirteen words"):
        tried = hits = 0
        while tried < count:
            number, text = rng.choice(kept)
            made = _made(rng, language, kind, text)
            if made is None:
                continue
            tried += 1
            match = index.find([made])
            hits += match is not None
            if match is not None and kind != "thirteen words" and match.row != number + 1:
                wrong += fuzz.ratio(normalized(text), normalized(made)) < 90
        found[kind] = hits / tried
    size = sum(path.stat().st_size for path in folder.iterdir())
    size -= sum((folder / name).stat().st_size for name in ("texts", "kept"))
    return {
        "us": spent / candidates * 1e6,
        "memory": memory,
        "index": size,
        "read": read,
        "wrong": wrong,
        "found": found,
    }


def _made(rng: random.Random, language: Language, kind: str, text: str) -> str | None:
    if kind == "letters, evenly":
        return spread(rng, text)
    if kind != "thirteen words":
        return edited(rng, text, kind, 90)
    words = normalized(text).split()
    begin = rng.randrange(max(1, len(words) - 12))
    taken = words[begin : begin + 13]
    if len(taken) < 13:
        return None
    return f"{language.text(200)} {' '.join(taken)} {language.text(200)}"


def in_process(*args: object) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, *map(str, args)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest number of rows")
    parser.add_argument("--candidates", type=int, default=20_000)
    parser.add_argument("--edited", type=int, default=300, help="texts of each kind")
    parser.add_argument("--build", nargs=2, metavar=("FOLDER", "ROWS"), help=argparse.SUPPRESS)
    parser.add_argument("--look", metavar="FOLDER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.build:
        print(json.dumps(build(Path(args.build[0]), int(args.build[1]))))
        return 0
    if args.look:
        print(json.dumps(look(Path(args.look), args.candidates, args.edited)))
        return 0
    failed = False
    for rows in sorted({*(size for size in SIZES if size < args.rows), args.rows}):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "index"
            made = in_process("--build", folder, rows)
            there = in_process(
                "--look", folder, "--candidates", args.candidates, "--edited", args.edited
            )
        print(
            f"{rows:>9,} rows: built in {made['us']:.0f} us CPU a row, {made['peak'] / 1e6:.0f} MB "
            f"at the peak; index {there['index'] / 1e6:.0f} MB, of which "
            f"{there['memory'] / 1e6:.0f} MB resident; a candidate {there['us']:.0f} us CPU, "
            f"{there['read']:.1f} rows read back; wrong {there['wrong']}",
            flush=True,
        )
        for kind, share in there["found"].items():
            print(f"    {kind:18} found {share:6.1%} of {args.edited}", flush=True)
        failed |= there["us"] > PROMISED_US or there["wrong"] > 0
        failed |= min(there["found"].values()) < PROMISED_FOUND
        failed |= max(there["memory"], there["index"]) > PROMISED_BYTES * max(1, rows / 10**6)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
