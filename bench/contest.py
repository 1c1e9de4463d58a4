"""Print the figures of the contest between arms (contest.md): accuracy, likeness, calls and tokens.

    python bench/contest.py DATA RUNS --only sst2,trec --pair contrast:loop --figures FOLDER
    python bench/contest.py --figures FOLDER --picture FILE.svg

DATA has TASK/train.jsonl and test.jsonl, with texts and `label`. RUNS has TASK/ARM-NUMBER for each
run: a run directory, or a file ARM-NUMBER.jsonl with rows, whose calls and tokens are in usage.json
(see examples/contest).
Classifiers are logistic regressions on MiniLM's vectors and on word pairs; of several texts, they
also see what these share. The first call measures, and writes TASK.json into the folder of figures.
The second draws a picture of the files there.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

EACH = (0, 5, 20)  # real rows per label
PRICES = (2.5, 12.5)  # dollars per million tokens, in and out
Row = dict[str, Any]


@dataclass
class Arm:
    """A run of an arm: its rows, and what it cost per row."""

    name: str
    rows: list[Row]
    calls: float = float("nan")
    tokens: float = float("nan")
    dollars: float = float("nan")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def arms_of(folder: Path) -> dict[str, list[Arm]]:
    """The runs of each arm."""
    found: dict[str, list[Arm]] = defaultdict(list)
    usage = folder / "usage.json"
    usages = json.loads(usage.read_text("utf-8")) if usage.is_file() else {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".jsonl":
            rows, used = lines(path), usages.get(path.stem)
        elif path.is_dir():
            rows = lines(path / "dataset.jsonl")
            used = json.loads((path / "report.json").read_text("utf-8"))["usage"]["total"]
        else:
            continue
        arm = Arm(path.stem, rows)
        if used:
            tokens = used["input_tokens"], used["output_tokens"]
            dollars = sum(t * price for t, price in zip(tokens, PRICES, strict=True)) / 1e6
            per_row = (each / len(rows) for each in (used["calls"], sum(tokens), dollars))
            arm.calls, arm.tokens, arm.dollars = per_row
        found[path.stem.rpartition("-")[0]].append(arm)
    return found


class Vectors:
    """MiniLM's vectors of texts, each computed once."""

    def __init__(self) -> None:
        from targen_analysis.semantic.embedding import load_embedder

        self.known: dict[str, np.ndarray] = {}
        self.embedder = load_embedder(device="cpu", batch=64)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        new = sorted({*texts} - self.known.keys())
        for at in range(0, len(new), 256):
            some = new[at : at + 256]
            self.known.update(zip(some, map(np.asarray, self.embedder.encode(some)), strict=True))
        return np.array([self.known[text] for text in texts])


def columns(rows: Sequence[Row]) -> list[list[str]]:
    """The texts of rows, field by field."""
    fields = [name for name, value in rows[0].items() if isinstance(value, str) and name != "label"]
    return [[row[name] for row in rows] for name in sorted(fields)]


def texts(rows: Sequence[Row]) -> list[str]:
    """The texts of rows, those of a row as one."""
    return [" ".join(some) for some in zip(*columns(rows), strict=True)]


def labels(rows: Iterable[Row]) -> list[str]:
    return [str(row["label"]).lower() for row in rows]


Hits = np.ndarray
"""Which test rows a classifier labelled right, 0 or 1."""


def fit(train: np.ndarray, test: np.ndarray, rows: tuple[list[Row], list[Row]]) -> Hits:
    model = LogisticRegression(C=10, max_iter=3000).fit(train, labels(rows[0]))
    return (model.predict(test) == np.array(labels(rows[1]))).astype(float)


def by_vectors(vectors: Vectors, train: list[Row], test: list[Row]) -> Hits:
    """Fit on the vectors of texts; of several, also on the differences and products of two."""

    def features(rows: list[Row]) -> np.ndarray:
        parts = [vectors(column) for column in columns(rows)]
        pairs = [*combinations(parts, 2)]
        return np.hstack([*parts, *(abs(a - b) for a, b in pairs), *(a * b for a, b in pairs)])

    known = features(train)
    # The weights lie in the span of the training rows, which has far fewer dimensions.
    span = np.linalg.svd(known, full_matrices=False)[2].T
    return fit(known @ span, features(test) @ span, (train, test))


def by_words(train: list[Row], test: list[Row]) -> Hits:
    """Fit on words and word pairs; of several texts, also on the words that two share."""
    from scipy.sparse import csr_matrix, hstack

    grams = [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(column)
        for column in columns(train)
    ]

    def features(rows: list[Row]) -> Any:
        parts = columns(rows)
        counted = [each.transform(column) for each, column in zip(grams, parts, strict=True)]
        words = [[{*re.findall(r"\w+", text.casefold())} for text in column] for column in parts]
        shared = [
            [len(a & b) / max(1, len(a)) for a, b in zip(one, other, strict=True)]
            for one, other in permutations(words, 2)
        ]
        return hstack([*counted, *(csr_matrix(column).T for column in shared)]).tocsr()

    return fit(features(train), features(test), (train, test))


def auc(rows: list[Row], real: list[Row]) -> float:
    """How well word pairs tell rows from as many real ones: .5 is chance."""
    real = random.Random(0).sample(real, min(len(rows), len(real)))
    both, kind = texts(rows) + texts(real), np.array([1] * len(rows) + [0] * len(real))
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=3000))
    scores = cross_val_predict(model, both, kind, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(kind, scores))


def drawn(pool: list[Row], each: int, seed: int) -> list[Row]:
    by: dict[str, list[Row]] = defaultdict(list)
    for row, label in zip(pool, labels(pool), strict=True):
        by[label].append(row)
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


Results = dict[tuple[str, int, str], np.ndarray]
"""Hits by classifier, real rows per label and arm: a line per run, and a column per test row."""


def measure(
    task: str,
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]],
    vectors: Vectors,
    data: Path,
    found: dict[str, list[Arm]],
    draws: int,
) -> tuple[Results, list[dict[str, Any]]]:
    """Print a task's table; return the hits, and the mean accuracy of each arm and classifier."""
    pool, test = lines(data / task / "train.jsonl"), lines(data / task / "test.jsonl")
    hits: Results = {}
    figures: list[dict[str, Any]] = []
    most = max(len(arm.rows) for some in found.values() for arm in some)
    size = most // len({*labels(test)})
    prices = [run.dollars * len(run.rows) for run in found.get("loop", ())]
    print(f"\n## {task}: {len(test)} test rows, {most} rows per run\n")
    print("| classifier | arm | " + " | ".join(f"k = {k}" for k in EACH) + " | equal dollars |")
    print("|---|---|" + "--:|" * (len(EACH) + 1))
    for kind, learn in fits.items():
        real = {k: [drawn(pool, k, seed) for seed in range(draws)] for k in (*EACH[1:], size)}
        alone = {
            k: np.mean([learn(rows, test) for rows in some], axis=0) for k, some in real.items()
        }
        hits |= {(kind, k, "real"): alone[k or size][None] for k in EACH}
        means = {str(k): 100 * alone[k or size].mean() for k in EACH}
        figures.append({"task": task, "classifier": kind, "arm": "real", "k": means})
        cells = [f"{means['0']:.1f} (as many)", *(f"{means[str(k)]:.1f}" for k in EACH[1:])]
        print(f"| {kind} | real rows | " + " | ".join(cells) + " | |")
        for arm, some in found.items():
            cells = []
            for k in EACH:
                extra = real[k] if k else [[]]
                values = [np.mean([learn(r.rows + e, test) for e in extra], axis=0) for r in some]
                hits[kind, k, arm] = np.array(values)
                gains = [100 * (v.mean() - (alone[k].mean() if k else 0)) for v in values]
                cells.append(", ".join(f"{gain:+.1f}" if k else f"{gain:.1f}" for gain in gains))
            cheap = []
            for run in some if prices else ():
                if run.dollars == run.dollars:  # the price is known
                    bought = fmean(prices) / run.dollars
                    each = max(1, round(bought / len({*labels(test)})))
                    fewer = [drawn(run.rows, each, seed) for seed in range(draws)]
                    cheap.append(100 * fmean(learn(rows, test).mean() for rows in fewer))
            cells.append(", ".join(f"{each:.1f}" for each in cheap))
            print(f"| | {arm} | " + " | ".join(cells) + " |", flush=True)
            means = {str(k): 100 * hits[kind, k, arm].mean() for k in EACH}
            known = [run.dollars for run in some if run.dollars == run.dollars]
            dollars = fmean(known) if known else None
            figures.append({"task": task, "classifier": kind, "arm": arm, "k": means})
            figures[-1] |= {"dollars": dollars, "equal_dollars": fmean(cheap) if cheap else None}
    print("\n| run | rows | calls, tokens, cents per row | words (sd) | AUC | near (.65, .9) |")
    print("|---|--:|--:|--:|--:|--:|")
    real_vectors = vectors(texts(test))
    for run in (run for some in found.values() for run in some):
        length = [len(text.split()) for text in texts(run.rows)]
        nearest = (vectors(texts(run.rows)) @ real_vectors.T).max(axis=1)
        print(
            f"| {run.name} | {len(run.rows)} | {run.calls:.2f}, {run.tokens:.0f}, "
            f"{100 * run.dollars:.3f} | {np.mean(length):.1f} ({np.std(length):.1f}) "
            f"| {auc(run.rows, pool):.2f} "
            f"| {(nearest >= 0.65).mean():.2f}, {(nearest >= 0.9).mean():.2f} |"
        )
    return hits, figures


def compare(results: dict[str, Results], pair: str, kinds: Iterable[str]) -> None:
    """Print the differences of two arms in each task that has both, and over all."""
    first, second = pair.split(":")
    both = {
        task: hits
        for task, hits in results.items()
        if all(any(arm == key[2] for key in hits) for arm in (first, second))
    }
    if not both:
        return
    print(f"\n## {first} minus {second}, in points\n")
    print("| classifier | k | " + " | ".join(both) + " | mean |")
    print("|---|--:|" + "--:|" * (len(both) + 1))
    for kind in kinds:
        for k in EACH:
            apart = [
                np.array([a - b for a in hits[kind, k, first] for b in hits[kind, k, second]])
                for hits in both.values()
            ]
            mean = 100 * np.mean([each.mean() for each in apart])
            print(f"| {kind} | {k} | " + " | ".join(map(interval, apart)) + f" | {mean:+.1f} |")


ARMS = {
    "loop": "prompt in a loop",
    "contrast": "contrast sets (default)",
    "single": "one row per call",
    "real": "real rows",
}
TITLES = {
    "trec": "TREC", "reviews": "reviews", "sst2": "SST-2", "agnews": "AG News",
    "banking": "BANKING77", "clinc150": "CLINC150", "10kgnad": "10kGNAD",
    "clickbait": "clickbait", "asset": "ASSET", "changes": "change logs",
    "rte": "RTE", "cb": "CB", "wic": "WiC", "boolq": "BoolQ",
}  # fmt: skip


def drawing(figures: list[dict[str, Any]]) -> bytes:
    """An SVG: the accuracy of each arm by `vectors`, at equal rows and at equal dollars."""
    import vl_convert

    from targen_analysis.report.pictures import theme

    panels = {"k": "about 100 rows each", "equal_dollars": "as many rows as the loop's price buys"}
    values = []
    for figure in figures:
        if figure["classifier"] != "vectors":
            continue
        at = figure["k"]["0"]
        cheap = at if figure["arm"] == "loop" else figure.get("equal_dollars")
        for panel, value in zip(panels.values(), (at, cheap), strict=True):
            if value is not None:
                shown = {"task": TITLES[figure["task"]], "rows": ARMS[figure["arm"]]}
                values.append(shown | {"panel": panel, "accuracy": value})
    tasks = [title for title in TITLES.values() if any(v["task"] == title for v in values)]
    shapes = ["circle", "diamond", "cross", "triangle-up"]
    colors = ["#d9822b", "#2f6db5", "#8250df", "#24292f"]
    domain = [*ARMS.values()]
    legend = {"orient": "top", "title": None, "labelLimit": 300, "symbolSize": 90}
    rows = {"field": "rows", "type": "nominal"}
    spec = {
        "data": {"values": values},
        "facet": {"field": "panel", "type": "nominal", "sort": [*panels.values()], "title": None},
        "spec": {
            "width": 270,
            "height": {"step": 26, "for": "position"},
            "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
            "encoding": {
                "x": {
                    "field": "accuracy", "type": "quantitative", "scale": {"zero": False},
                    "title": "accuracy on real test rows, %",
                },
                "y": {
                    "field": "task", "type": "nominal", "sort": tasks, "title": None,
                    "axis": {"grid": True},
                },
                "yOffset": rows | {"scale": {"domain": domain}},
                "color": rows | {"scale": {"domain": domain, "range": colors}, "legend": legend},
                "shape": rows | {"scale": {"domain": domain, "range": shapes}, "legend": legend},
            },
        },
    }  # fmt: skip
    svg: str = vl_convert.vegalite_to_svg(
        spec, config={**theme(dark=False), "background": "white", "padding": 12}
    )
    return svg.encode()


def main() -> None:
    """Measure and print, or draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("runs", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="tasks, separated by commas")
    parser.add_argument("--pair", action="append", default=[], help="ARM:ARM to compare")
    parser.add_argument("--draws", type=int, default=20, help="of real rows (default: 20)")
    parser.add_argument("--figures", type=Path, help="a folder for the means of each task")
    parser.add_argument("--picture", type=Path, help="draw the figures, as an SVG file")
    options = parser.parse_args()
    if options.picture:
        paths = sorted(options.figures.glob("*.json"))
        found = [figure for path in paths for figure in json.loads(path.read_text("utf-8"))]
        options.picture.write_bytes(drawing(found))
        return
    vectors = Vectors()
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]] = {
        "vectors": functools.partial(by_vectors, vectors),
        "tfidf": by_words,
    }
    names = [path.name for path in sorted(options.runs.iterdir()) if path.is_dir()]
    results = {}
    for name in options.only.split(",") if options.only else names:
        arms = arms_of(options.runs / name)
        results[name], figures = measure(name, fits, vectors, options.data, arms, options.draws)
        if options.figures:
            options.figures.mkdir(parents=True, exist_ok=True)
            text = json.dumps(figures, indent=1)
            (options.figures / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    for pair in options.pair:
        compare(results, pair, fits)


if __name__ == "__main__":
    main()
