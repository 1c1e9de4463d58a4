"""Print the figures of the contest between arms (contest.md): accuracy, likeness, calls and tokens.

    python bench/contest.py DATA RUNS --only sst2,trec --pair ways:loop

DATA has TASK/train.jsonl and test.jsonl, with `text` and `label`. RUNS has TASK/ARM-NUMBER for each
run: a run directory, or a file ARM-NUMBER.jsonl with rows. Figures of a file of rows have no calls.
Classifiers are logistic regressions on MiniLM's vectors and on word pairs. With torch, `--encoder`
also fine-tunes MiniLM.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from targen_analysis.semantic.embedding import load_embedder

EACH = (0, 2, 5, 20)  # real rows per label
DRAWS = 20
Row = dict[str, str]


@dataclass
class Arm:
    """A run of an arm: its rows, and what it cost per row."""

    name: str
    rows: list[Row]
    calls: float = float("nan")
    tokens: float = float("nan")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def arms_of(folder: Path) -> dict[str, list[Arm]]:
    """The runs of each arm."""
    found: dict[str, list[Arm]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        name = path.stem.rpartition("-")[0]
        if path.suffix == ".jsonl":
            found[name].append(Arm(path.stem, lines(path)))
        elif (path / "report.json").is_file():
            rows = lines(path / "dataset.jsonl")
            used = json.loads((path / "report.json").read_text("utf-8"))["usage"]["total"]
            tokens = used["input_tokens"] + used["output_tokens"]
            found[name].append(Arm(path.name, rows, used["calls"] / len(rows), tokens / len(rows)))
    return found


class Vectors:
    """MiniLM's vectors of texts, each computed once."""

    def __init__(self) -> None:
        self.known: dict[str, np.ndarray] = {}
        self.embedder = load_embedder(device="cpu", batch=64)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        new = sorted({*texts} - self.known.keys())
        for at in range(0, len(new), 256):
            some = new[at : at + 256]
            self.known.update(zip(some, map(np.asarray, self.embedder.encode(some)), strict=True))
        return np.array([self.known[text] for text in texts])


def texts(rows: Iterable[Row]) -> list[str]:
    return [row["text"] for row in rows]


def labels(rows: Iterable[Row]) -> list[str]:
    return [row["label"] for row in rows]


Hits = np.ndarray
"""Which test rows a classifier labelled right, 0 or 1."""


def by_vectors(vectors: Vectors, train: list[Row], test: list[Row]) -> Hits:
    model = LogisticRegression(C=10, max_iter=3000).fit(vectors(texts(train)), labels(train))
    return (model.predict(vectors(texts(test))) == np.array(labels(test))).astype(float)


def by_words(train: list[Row], test: list[Row]) -> Hits:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=3000))
    model.fit(texts(train), labels(train))
    return (model.predict(texts(test)) == np.array(labels(test))).astype(float)


def auc(rows: list[Row], real: list[Row]) -> float:
    """How well word pairs tell rows from as many real ones: .5 is chance."""
    real = random.Random(0).sample(real, min(len(rows), len(real)))
    both, kind = texts([*rows, *real]), np.array([1] * len(rows) + [0] * len(real))
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=3000))
    scores = cross_val_predict(model, both, kind, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(kind, scores))


def drawn(pool: list[Row], each: int, seed: int) -> list[Row]:
    by: dict[str, list[Row]] = defaultdict(list)
    for row in pool:
        by[row["label"]].append(row)
    draw = random.Random(1000 + seed)
    chosen = (draw.sample(by[label], min(each, len(by[label]))) for label in sorted(by))
    return [row for some in chosen for row in some]


def interval(values: np.ndarray) -> str:
    """The mean of runs' values per test row, in points, resampling runs and then test rows."""
    rng = np.random.default_rng(0)
    runs, rows = values.shape
    means = [
        values[rng.integers(0, runs, runs)][:, rng.integers(0, rows, rows)].mean()
        for _ in range(1000)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{100 * values.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def measure(
    name: str,
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]],
    vectors: Vectors,
    data: Path,
    runs: Path,
) -> dict[tuple[str, int, str], np.ndarray]:
    """Print a task's table, and return hits by classifier, real rows per label and arm.

    Each array has a line per run, and a column per test row.
    """
    pool, test = lines(data / name / "train.jsonl"), lines(data / name / "test.jsonl")
    found = arms_of(runs / name)
    hits: dict[tuple[str, int, str], np.ndarray] = {}
    most = max(len(arm.rows) for some in found.values() for arm in some)
    size = most // len({*labels(test)})
    print(f"\n## {name}: {len(test)} test rows\n")
    print("| classifier | arm | " + " | ".join(f"k = {k}" for k in EACH) + " |")
    print("|---|---|" + "--:|" * len(EACH))
    for kind, fit in fits.items():
        draws = DRAWS if kind != "encoder" else 2
        real = {k: [drawn(pool, k, seed) for seed in range(draws)] for k in (*EACH[1:], size)}
        alone = {k: np.mean([fit(rows, test) for rows in some], axis=0) for k, some in real.items()}
        cells = [f"{100 * alone[size].mean():.1f} (as many)"]
        cells += [f"{100 * alone[k].mean():.1f}" for k in EACH[1:]]
        print(f"| {kind} | real rows | " + " | ".join(cells) + " |")
        for arm, some in found.items():
            cells = []
            for k in EACH:
                extra = real[k] if k else [[]]
                values = [np.mean([fit(r.rows + e, test) for e in extra], axis=0) for r in some]
                hits[kind, k, arm] = np.array(values)
                gains = [100 * (v.mean() - (alone[k].mean() if k else 0)) for v in values]
                cells.append(", ".join(f"{gain:+.1f}" if k else f"{gain:.1f}" for gain in gains))
            print(f"| | {arm} | " + " | ".join(cells) + " |", flush=True)
    print("\n| run | rows | calls and tokens per row | words per row (sd) | AUC | near (.65, .9) |")
    print("|---|--:|--:|--:|--:|--:|")
    real_vectors = vectors(texts(test))
    for arm in (arm for some in found.values() for arm in some):
        length = [len(text.split()) for text in texts(arm.rows)]
        nearest = (vectors(texts(arm.rows)) @ real_vectors.T).max(axis=1)
        print(
            f"| {arm.name} | {len(arm.rows)} | {arm.calls:.2f}, {arm.tokens:.0f} "
            f"| {np.mean(length):.1f} ({np.std(length):.1f}) | {auc(arm.rows, pool):.2f} "
            f"| {(nearest >= 0.65).mean():.2f}, {(nearest >= 0.9).mean():.2f} |"
        )
    return hits


def compare(
    results: dict[str, dict[tuple[str, int, str], np.ndarray]], pair: str, kinds: Iterable[str]
) -> None:
    """Print the differences of two arms in each task, and over all."""
    first, second = pair.split(":")
    print(f"\n## {first} minus {second}, in points\n")
    print("| classifier | k | " + " | ".join(results) + " | mean |")
    print("|---|--:|" + "--:|" * (len(results) + 1))
    for kind in kinds:
        for k in EACH:
            apart = []
            for hits in results.values():
                a, b = (hits.get((kind, k, arm)) for arm in (first, second))
                if a is not None and b is not None:
                    apart.append(np.array([x - y for x in a for y in b]))
            mean = 100 * np.mean([each.mean() for each in apart])
            print(f"| {kind} | {k} | " + " | ".join(map(interval, apart)) + f" | {mean:+.1f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", default="", help="tasks, separated by commas")
    parser.add_argument("--pair", action="append", default=[], help="ARM:ARM to compare")
    parser.add_argument("--encoder", action="store_true", help="also fine-tune MiniLM")
    options = parser.parse_args()
    vectors = Vectors()
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]] = {
        "vectors": functools.partial(by_vectors, vectors),
        "tfidf": by_words,
    }
    names = [path.name for path in sorted(options.runs.iterdir()) if path.is_dir()]
    chosen = options.only.split(",") if options.only else names
    results = {name: measure(name, fits, vectors, options.data, options.runs) for name in chosen}
    for pair in options.pair:
        compare(results, pair, fits)


if __name__ == "__main__":
    main()
