"""What excluded rows cost, and which edited rows are found among them.

For each number of excluded rows, in a process of its own: CPU and memory of their index, the CPU
of a candidate, both against nothing being excluded; and which share is found of rows that were
edited until they are just 90 alike (see dedup.py), of texts that hold thirteen words of one, and of
rows that have nothing to do with any. Exit 1 where a candidate takes more than 0.3 ms, or 10**5
rows more than 300 MB, where of edits of words less than 99 in 100 or of letters less than 60 is
found, or where something is found that is neither alike nor shares words.

"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import mean

from dedup import EDITS, LETTERS_HIT, Language, edited, spread
from memory import resident
from rapidfuzz import fuzz

from targen_core.tasks.words import normalized
from targen_standard.filters.excluded.index import ExclusionIndex

SIZES = (10_000, 100_000)
KEPT = 2000  # excluded rows that are edited
PROMISED_US, PROMISED_BYTES = 300.0, 300e6


def texts(language: Language) -> Iterator[str]:
    while True:
        yield language.text(language.rng.randint(120, 280))


def measure(rows: int, candidates: int, count: int) -> dict[str, object]:
    """Build an index, and look candidates up: what it takes, and what is found."""
    rng = random.Random(11)
    language = Language(rng)
    excluded = [text for _, text in zip(range(rows), texts(language), strict=False)]
    free = [text for _, text in zip(range(candidates), texts(language), strict=False)]
    kept = random.Random(5).sample([*enumerate(excluded)], KEPT)
    before, begun = resident(), time.process_time()
    index = ExclusionIndex()
    for text in excluded:
        index.add([text])
    built, memory = time.process_time() - begun, resident() - before
    begun = time.process_time()
    wrong = sum(index.find([text]) is not None for text in free)
    spent = time.process_time() - begun
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
    return {
        "built": built / rows * 1e6,
        "us": spent / candidates * 1e6,
        "memory": memory,
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest number of rows")
    parser.add_argument("--candidates", type=int, default=5_000)
    parser.add_argument("--edited", type=int, default=300, help="texts of each kind")
    parser.add_argument("--of", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.of:
        print(json.dumps(measure(args.of, args.candidates, args.edited)))
        return 0
    failed = False
    for rows in sorted({*(size for size in SIZES if size < args.rows), args.rows}):
        more = ["--candidates", args.candidates, "--edited", args.edited, "--of", rows]
        command = [sys.executable, __file__, *map(str, more)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        there = json.loads(done.stdout)
        print(
            f"{rows:>9,} rows: built in {there['built']:.0f} us CPU a row, "
            f"{there['memory'] / 1e6:.0f} MB resident; a candidate {there['us']:.0f} us CPU; "
            f"wrong {there['wrong']}",
            flush=True,
        )
        for kind, share in there["found"].items():
            print(f"    {kind:18} found {share:6.1%} of {args.edited}", flush=True)
        failed |= there["us"] > PROMISED_US or there["wrong"] > 0
        of = {True: [], False: []}
        for kind, share in there["found"].items():
            of[kind in LETTERS_HIT].append(share)
        failed |= mean(of[False]) < 0.99 or mean(of[True]) < 0.6
        failed |= there["memory"] > PROMISED_BYTES * max(1, rows / 10**5)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
