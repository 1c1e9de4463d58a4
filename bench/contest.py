"""Print the figures of the contest between arms (contest.md): accuracy, likeness, calls and tokens.

    python bench/contest.py DATA RUNS --only sst2,trec --pair contrast:loop --figures FOLDER
    python bench/contest.py DATA RUNS --classifiers encoder --each 0 --figures FOLDER
    python bench/contest.py --figures FOLDER --pair contrast:loop --picture FILE.svg

DATA has TASK/train.jsonl and test.jsonl, with texts and `label`. RUNS has TASK/ARM-NUMBER for each
run: a run directory, or a file ARM-NUMBER.jsonl with rows, whose calls and tokens are in usage.json
(see examples/contest).
Classifiers are logistic regressions on MiniLM's vectors and on word pairs; of several texts, they
also see what these share. The third is MiniLM itself, fine-tuned (encoder.py). The first two calls
measure, and write TASK.json into the folder of figures. The last reads the files there: it prints
the mean differences of two arms over tasks, and draws a picture.

Intervals are of 95%. A mean over tasks has Student's over the tasks' differences, in which the
chance of tasks, runs and test rows is. A difference in one task has Student's, too: its error is
that of test rows and that of runs, whose variance is pooled over the arms and tasks that have
several. If none has, it is that of test rows alone.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

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


def by_encoder(encoder: Any, train: list[Row], test: list[Row]) -> Hits:
    """Fine-tune an encoder on the texts."""
    rows = ([*zip(*columns(some), strict=True)] for some in (train, test))
    said = encoder.labels(next(rows), labels(train), next(rows))
    return (said == np.array(labels(test))).astype(float)


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


def interval(mean: float, error: float, freedom: float) -> str:
    """A mean with Student's interval of 95%, in points; normal with `inf` degrees of freedom."""
    half = 100 * error * float(student.ppf(0.975, freedom))
    return f"{100 * mean:+.1f} ({100 * mean - half:+.1f} to {100 * mean + half:+.1f})"


def over_tasks(apart: Sequence[float]) -> str:
    """The mean of the tasks' differences, with its interval over tasks."""
    if len(apart) < 2:
        return f"{100 * fmean(apart):+.1f}"
    return interval(fmean(apart), stdev(apart) / math.sqrt(len(apart)), len(apart) - 1)


Results = dict[tuple[str, int, str], np.ndarray]
"""Hits by classifier, real rows per label and arm: a line per run, and a column per test row."""


def measure(
    task: str,
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]],
    rows: tuple[list[Row], list[Row]],
    found: dict[str, list[Arm]],
    draws: int,
    each: Sequence[int],
    *,
    dollars: bool,
) -> tuple[Results, list[dict[str, Any]]]:
    """Print a task's table; return the hits, and the mean accuracy of each arm and classifier."""
    pool, test = rows
    hits: Results = {}
    figures: list[dict[str, Any]] = []
    most = max(len(arm.rows) for some in found.values() for arm in some)
    size = most // len({*labels(test)})
    prices = [run.dollars * len(run.rows) for run in found.get("loop", ()) if dollars]
    print(f"\n## {task}: {len(test)} test rows, {most} rows per run\n")
    print("| classifier | arm | " + " | ".join(f"k = {k}" for k in each) + " | equal dollars |")
    print("|---|---|" + "--:|" * (len(each) + 1))
    for kind, learn in fits.items():
        real = {k: [drawn(pool, k, seed) for seed in range(draws)] for k in {*each, size} - {0}}
        alone = {
            k: np.mean([learn(rows, test) for rows in some], axis=0) for k, some in real.items()
        }
        hits |= {(kind, k, "real"): alone[k or size][None] for k in each}
        means = {str(k): round(100 * alone[k or size].mean(), 2) for k in each}
        figures.append({"task": task, "classifier": kind, "arm": "real", "k": means})
        cells = [f"{mean:.1f}" + ("" if k != "0" else " (as many)") for k, mean in means.items()]
        print(f"| {kind} | real rows | " + " | ".join(cells) + " | |")
        for arm, some in found.items():
            cells = []
            for k in each:
                extra = real[k] if k else [[]]
                values = [np.mean([learn(r.rows + e, test) for e in extra], axis=0) for r in some]
                hits[kind, k, arm] = np.array(values)
                gains = [100 * (v.mean() - (alone[k].mean() if k else 0)) for v in values]
                cells.append(", ".join(f"{gain:+.1f}" if k else f"{gain:.1f}" for gain in gains))
            cheap = []
            for run in some if prices else ():
                if run.dollars == run.dollars:  # the price is known
                    bought = fmean(prices) / run.dollars
                    fewest = max(1, round(bought / len({*labels(test)})))
                    fewer = [drawn(run.rows, fewest, seed) for seed in range(draws)]
                    cheap.append(100 * fmean(learn(rows, test).mean() for rows in fewer))
            cells.append(", ".join(f"{value:.1f}" for value in cheap))
            print(f"| | {arm} | " + " | ".join(cells) + " |", flush=True)
            means = {str(k): round(100 * hits[kind, k, arm].mean(), 2) for k in each}
            known = [run.dollars for run in some if run.dollars == run.dollars]
            figures.append({"task": task, "classifier": kind, "arm": arm, "k": means})
            if known:
                figures[-1]["dollars"] = round(fmean(known), 7)
            if cheap:
                figures[-1]["equal_dollars"] = round(fmean(cheap), 2)
    return hits, figures


def describe(pool: list[Row], test: list[Row], runs: Iterable[Arm], vectors: Vectors) -> None:
    """Print what each run cost, and how its rows differ from real ones."""
    print("\n| run | rows | calls, tokens, cents per row | words (sd) | AUC | near (.65, .9) |")
    print("|---|--:|--:|--:|--:|--:|")
    real_vectors = vectors(texts(test))
    for run in runs:
        length = [len(text.split()) for text in texts(run.rows)]
        nearest = (vectors(texts(run.rows)) @ real_vectors.T).max(axis=1)
        print(
            f"| {run.name} | {len(run.rows)} | {run.calls:.2f}, {run.tokens:.0f}, "
            f"{100 * run.dollars:.3f} | {np.mean(length):.1f} ({np.std(length):.1f}) "
            f"| {auc(run.rows, pool):.2f} "
            f"| {(nearest >= 0.65).mean():.2f}, {(nearest >= 0.9).mean():.2f} |"
        )


def compare(results: dict[str, Results], pair: str) -> None:
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
    for kind, k in {key[:2]: None for hits in both.values() for key in hits}:
        pairs = [(hits[kind, k, first], hits[kind, k, second]) for hits in both.values()]
        several = [arm.mean(1) for pair in pairs for arm in pair if len(arm) > 1]
        freedom = sum(len(runs) - 1 for runs in several)
        variance = sum(((runs - runs.mean()) ** 2).sum() for runs in several) / max(freedom, 1)
        cells, apart = [], []
        for one, other in pairs:
            rows = one.mean(0) - other.mean(0)
            by_rows = rows.var(ddof=1) / len(rows)
            by_runs = variance * sum(1 / len(arm) for arm in (one, other))
            # Satterthwaite's degrees of freedom: of rows there are many.
            total = by_rows + by_runs
            own = freedom * (total / by_runs) ** 2 if by_runs else math.inf
            cells.append(interval(rows.mean(), math.sqrt(total), own))
            apart.append(float(rows.mean()))
        print(f"| {kind} | {k} | " + " | ".join(cells) + f" | {over_tasks(apart)} |")


def summarize(figures: Sequence[dict[str, Any]], pair: str) -> None:
    """Print the mean difference of two arms over the tasks whose figures have both."""
    first, second = pair.split(":")
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = defaultdict(dict)
    for figure in figures:
        values = {f"k = {k}": value for k, value in figure["k"].items()}
        values["equal dollars"] = figure.get("equal_dollars")
        if figure["arm"] == "loop":  # whose price it is
            values["equal dollars"] = figure["k"]["0"]
        for at, value in values.items():
            if value is not None:
                found[figure["classifier"], at].setdefault(figure["arm"], {})[figure["task"]] = (
                    value
                )
    print(f"\n## {first} minus {second}, in points, mean over tasks\n")
    print("| classifier | | tasks | mean |\n|---|---|--:|--:|")
    for (kind, at), arms in found.items():
        both = arms.get(first, {}).keys() & arms.get(second, {}).keys()
        apart = [(arms[first][task] - arms[second][task]) / 100 for task in sorted(both)]
        if apart:
            print(f"| {kind} | {at} | {len(apart)} | {over_tasks(apart)} |")


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
    parser.add_argument("--classifiers", default="vectors,tfidf", help="also: encoder")
    parser.add_argument("--each", default="0,5,20", help="real rows per label")
    parser.add_argument("--no-dollars", action="store_true", help="do not measure equal dollars")
    parser.add_argument("--tested", type=int, help="test rows at most, drawn at random")
    parser.add_argument("--draws", type=int, default=20, help="of real rows (default: 20)")
    parser.add_argument("--figures", type=Path, help="a folder for the means of each task")
    parser.add_argument("--picture", type=Path, help="draw the figures, as an SVG file")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else None
    if options.data is None:
        paths = sorted(options.figures.glob("*.json"))
        found = [figure for path in paths for figure in json.loads(path.read_text("utf-8"))]
        for pair in options.pair:
            summarize([each for each in found if only is None or each["task"] in only], pair)
        if options.picture:
            options.picture.write_bytes(drawing(found))
        return
    fits: dict[str, Callable[[list[Row], list[Row]], Hits]] = {}
    for kind in options.classifiers.split(","):
        if kind == "vectors":
            vectors = Vectors()
            fits[kind] = functools.partial(by_vectors, vectors)
        elif kind == "encoder":
            from encoder import Encoder

            fits[kind] = functools.partial(by_encoder, Encoder())
        else:
            fits[kind] = by_words
    names = [path.name for path in sorted(options.runs.iterdir()) if path.is_dir()]
    results = {}
    for name in only or names:
        arms = arms_of(options.runs / name)
        pool, test = (lines(options.data / name / f"{part}.jsonl") for part in ("train", "test"))
        if options.tested and options.tested < len(test):
            test = random.Random(0).sample(test, options.tested)
        results[name], figures = measure(
            name,
            fits,
            (pool, test),
            arms,
            options.draws,
            [*map(int, options.each.split(","))],
            dollars=not options.no_dollars,
        )
        if "vectors" in fits:
            describe(pool, test, (run for some in arms.values() for run in some), vectors)
        if options.figures:
            options.figures.mkdir(parents=True, exist_ok=True)
            path = options.figures / f"{name}.json"
            new = {(each["classifier"], each["arm"]) for each in figures}
            old = json.loads(path.read_text("utf-8")) if path.is_file() else []
            kept = [each for each in old if (each["classifier"], each["arm"]) not in new]
            text = json.dumps([*kept, *figures], indent=1)
            path.write_text(f"{text}\n", encoding="utf-8")
    for pair in options.pair:
        compare(results, pair)


if __name__ == "__main__":
    main()
