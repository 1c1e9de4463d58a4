"""Seconds and memory of `targen analyze`, each measurement in a process of its own.

The rows are made up: words with the frequencies that words have (Zipf), 40 a
row on average in two fields, two labels. `lexical`: the metrics of words and of
repetition on one dataset of 100,000 rows. `report`: every metric that needs no
torch, on 5,000 rows against 5,000 others, report and JSON written; entities by a
pipeline of spaCy's usual size that was never trained, which takes as long.
`leakage`: 100,000 rows against 10,000. Exit 1 where a figure is above what is
promised.
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
from pathlib import Path

PROMISED = {"lexical": (60.0, 1000.0), "report": (20.0, 1000.0), "leakage": (60.0, 1000.0)}
"""What -> seconds and megabytes, at most. One process does the work, so seconds of
processor are held against them: wall times are those of the machine's other work too."""

SIZES = {"lexical": (100_000, 0), "report": (5_000, 5_000), "leakage": (100_000, 10_000)}
METRICS = {
    "lexical": ["lexical", "repetition"],
    "report": [
        "labels",
        "lexical",
        "repetition",
        "leakage",
        "artifacts",
        "entities",
        "gender",
        "paper-vocabulary",
    ],
    "leakage": ["leakage"],
}


def write(path: Path, rows: int, seed: int) -> None:
    """A file of made-up rows."""
    rng = random.Random(seed)
    kinds = 50_000
    words = [f"w{rng.randrange(36**6):x}{at}" for at in range(kinds)]
    weights = [1 / (rank + 10) for rank in range(kinds)]
    drawn = iter(rng.choices(words, weights, k=rows * 44))

    def text(max_words: int) -> str:
        return " ".join(next(drawn) for _ in range(rng.randint(max_words // 2, max_words)))

    with open(path, "w", encoding="utf-8") as file:
        for at in range(rows):
            row = {"premise": text(36), "hypothesis": text(17), "label": rng.choice("ab")}
            file.write(json.dumps({**row, "idx": at}) + "\n")


def pipeline(folder: Path) -> str:
    """A pipeline that finds entities, if nonsense ones."""
    import spacy

    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner")
    for name in ("GPE", "PRODUCT", "NORP", "PERSON"):
        ner.add_label(name)
    nlp.initialize()
    nlp.to_disk(folder)
    return str(folder)


def measure(what: str, folder: Path) -> dict[str, float]:
    """Seconds and megabytes of one command, from start to end."""
    rows, others = SIZES[what]
    write(folder / "mine.jsonl", rows, 1)
    command = [sys.executable, "-m", "targen_core.cli", "analyze", str(folder / "mine.jsonl")]
    if others:
        write(folder / "original.jsonl", others, 2)
        command += ["--against", str(folder / "original.jsonl")]
    for metric in METRICS[what]:
        command += ["--metric", metric]
    if "entities" in METRICS[what]:
        command += ["-o", f"entities.model={pipeline(folder / 'pipeline')}"]
    begun = time.perf_counter()
    subprocess.run(
        [*command, "--out", str(folder / "out"), "-q"], check=True, stdout=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - begun
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": seconds,
        "cpu": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1000,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=list(PROMISED))
    parser.add_argument("--only", choices=list(PROMISED), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        with tempfile.TemporaryDirectory(prefix="targen-bench-") as folder:
            print(json.dumps(measure(args.only, Path(folder))))
        return 0
    late = False
    for what in [args.what] if args.what else PROMISED:
        done = subprocess.run(
            [sys.executable, __file__, "--only", what], check=True, stdout=subprocess.PIPE
        )
        used = json.loads(done.stdout)
        seconds, megabytes = PROMISED[what]
        late |= used["cpu"] > seconds or used["megabytes"] > megabytes
        rows, others = SIZES[what]
        against = f" against {others:,}" if others else ""
        print(
            f"{what:8} {rows:,} rows{against}: {used['seconds']:.1f} s ({used['cpu']:.1f} of "
            f"processor), {used['megabytes']:.0f} MB; promised {seconds:.0f} s, {megabytes:.0f} MB"
        )
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
