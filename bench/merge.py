"""What merging costs: four runs of 25,000 rows as one, by the real command.

Usage: python merge.py [--runs 4] [--rows 25000] [--repeated 0.02] [--folder F]

The runs are shards of RTE: each has the manifest of a real scripted run, and rows, provenance,
rejects and journal in the form that runs write, of the sizes that a large model gives (premises
of about 200 letters, three calls a row). A share of the rows of each run repeats rows of the one
before but for a word. Prints seconds, rows a second, peak memory and the bytes of both sides;
exits 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from targen_core.tasks.dimensions import vocabulary

SECONDS, ROWS = 60.0, 100_000  # the target: so many rows within so many seconds
LABELS = ("entailment", "not_entailment")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--rows", type=int, default=25_000, help="of each run")
    parser.add_argument("--repeated", type=float, default=0.02, help="share that others have")
    parser.add_argument("--folder", type=Path, help="where the runs are put, and stay")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="targen-merge-") as made:
        folder = args.folder or Path(made)
        runs = [folder / f"rte-0-shard-{n + 1}of{args.runs}" for n in range(args.runs)]
        # Words of a few syllables would make texts that are far more alike than real ones.
        words = vocabulary("words")
        before: list[tuple[str, str]] = []
        for number, run in enumerate(runs):
            if not run.exists():
                before = _write(run, number, args, words, before)
        out = folder / "merged"
        shutil.rmtree(out, ignore_errors=True)
        total = args.runs * args.rows
        wanted = total - round(args.repeated * args.rows) * args.runs
        wanted -= wanted % 2
        begun, before_it = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "targen_core.cli", "merge", *map(str, runs)]
        done = subprocess.run(
            [*command, "--out", str(out), "-n", str(wanted), "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begun
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1) or not done.stdout:
            sys.exit(done.stderr)
        report = json.loads(done.stdout)
        flows = report["flow"].values()
        print(f"rows read {total:,}, asked for {wanted:,}, taken {sum(report['rows'].values()):,}")
        print(
            f"duplicates across runs {sum(flow['duplicate'] for flow in flows):,}, surplus "
            f"{sum(sum(flow['surplus'].values()) for flow in flows):,}"
        )
        print(
            f"{seconds:.1f} s, {total / seconds:,.0f} rows a second, load {os.getloadavg()[0]:.1f}"
        )
        cpu = usage.ru_utime + usage.ru_stime - before_it.ru_utime - before_it.ru_stime
        print(f"CPU {cpu:.1f} s, {cpu / total * 1e6:,.0f} us a row")
        print(f"peak memory {usage.ru_maxrss / 1024:,.0f} MB")
        print(f"runs {_size(*runs):,.0f} MB, merged {_size(out):,.0f} MB")
        sys.exit(seconds > SECONDS * max(1.0, total / ROWS))


def _write(
    run: Path,
    number: int,
    args: argparse.Namespace,
    words: Sequence[str],
    before: list[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Write one run; its premises and hypotheses."""
    shard = f"{number + 1}/{args.runs}"
    command = [sys.executable, "-m", "targen_core.cli", "generate", "rte", "-b", "scripted", "-q"]
    size = ["-n", str(args.rows * args.runs), "--shard", shard, "--max-tokens", "4000"]
    subprocess.run(  # ends early: it is for the manifest
        [*command, *size, "--no-cache", "--out", str(run)], capture_output=True, check=False
    )
    rng = random.Random(number)
    texts: list[tuple[str, str]] = []
    usage = {"calls": 0, "input_tokens": 0, "output_tokens": 0}
    with (
        (run / "dataset.jsonl").open("w") as dataset,
        (run / "provenance.jsonl").open("w") as provenance,
        (run / "rejects.jsonl").open("w"),
        (run / "journal").open("wb") as journal,
    ):

        def call(step: str, label: str | None, place: str, text: str) -> str:
            key = rng.randbytes(16).hex()
            tokens = {"in": 1200, "out": len(text) // 4}
            record: dict[str, Any] = {"key": key, "step": step, "label": label, "place": place}
            record |= {"prompt": step, "text": text, "finish": "stop", **tokens, "cost": 0.0}
            body = json.dumps(record, separators=(",", ":")).encode()
            journal.write(b"%08x %s\n" % (crc32(body), body))
            usage["calls"] += 1
            usage["input_tokens"] += tokens["in"]
            usage["output_tokens"] += tokens["out"]
            return key

        for row in range(args.rows):
            premise, hypothesis = (" ".join(rng.choices(words, k=k)) for k in (32, 8))
            if before and rng.random() < args.repeated:
                premise, hypothesis = rng.choice(before)
                premise = premise.replace(" ", " the ", 1)
            texts.append((premise, hypothesis))
            context = row // 4 * args.runs + number
            seed, label = f"{context}.{row % 4}", LABELS[row % 2]
            place = f"{seed}/{label}/0"
            keys = [
                call("seeds", None, f"seeds/{context}/{row % 4}", json.dumps({"texts": [premise]})),
                call("generate", label, f"generate/{place}", json.dumps({"h": hypothesis})),
                call("correct", label, f"correct/{place}", json.dumps({"explanation": premise})),
            ]
            line = {"premise": premise, "hypothesis": hypothesis, "label": label, "idx": row}
            dataset.write(json.dumps(line) + "\n")
            record = {"id": place, "idx": row, "rows": 1, "above": [f"context {context}"]}
            record |= {"seed": {"premise": premise}, "intended": label, "label": label}
            record |= {"explanation": "It follows from the premise.", "calls": keys}
            provenance.write(json.dumps(record) + "\n")
    report = json.loads((run / "report.json").read_text())
    rows = {name: len(range(place, args.rows, 2)) for place, name in enumerate(LABELS)}
    for name, flow in report["flow"].items():
        flow |= {"judged": rows[name], "accepted": {name: rows[name]}, "surplus": {}}
        flow |= {"rejected": {}, "reasons": {}, "duplicate": 0}
    report |= {"status": "complete", "problem": "", "rows": rows, "requested": rows, "met": True}
    report["usage"]["total"] |= usage
    (run / "report.json").write_text(json.dumps(report))
    (run / "ledger").unlink(missing_ok=True)
    return texts


def _size(*runs: Path) -> float:
    files = (path for run in runs for path in run.iterdir() if path.is_file())
    return sum(path.stat().st_size for path in files) / 2**20


if __name__ == "__main__":
    main()
