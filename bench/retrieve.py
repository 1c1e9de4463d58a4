"""What `targen retrieve` finds, and how fast: recall on held task-dataset pairs, 100,000 entries.

`recall`: the tasks of `retrieval/tasks.psv`, each with the datasets near to it, among those of
`retrieval/datasets.psv`: the share of the near ones among the first k, averaged over tasks, with
a bootstrap interval over tasks. `speed`: made-up entries of 40 words with frequencies as words
have them, through the index and `find` as the command does; the model of `dense` is a stand-in
that gives random vectors of 384 numbers, since a search costs the same whatever they say. Exit 1
where a search of 100,000 takes a second or more. `dense` and `fused` of `recall` need
`targen-datatune[minilm]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from targen_core.plugins.loader import load_registry
from targen_datatune.finding import find
from targen_datatune.index import Index
from targen_datatune.retrieval import Catalogue, DatasetEntry, Listed
from targen_datatune.retrievers import dense

HERE = Path(__file__).parent / "retrieval"
DEPTHS = (1, 5, 10, 25)
SECONDS = 1.0


def table(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines[1:]]


def made_catalogue(entries: list[DatasetEntry]) -> Catalogue:
    return Catalogue(
        summary="in memory",
        opens=lambda spec: spec == "made:",
        listing=lambda spec, options: (
            Listed(entry.id, "1", {"at": at}) for at, entry in enumerate(entries)
        ),
        describe=lambda listed, options: [entries[listed.data["at"]]],
        rows=lambda entry: iter(()),
    )


def registry_with(catalogue: Catalogue):
    """The registry of what is installed, with one catalogue more."""
    registry = load_registry()
    item = SimpleNamespace(kind="catalogue", name="made", id="bench:made", distribution="bench")
    every, resolve = registry.all, registry.resolve
    registry.all = lambda kind: [item, *every(kind)] if kind == "catalogue" else every(kind)
    registry.resolve = lambda one: catalogue if one is item else resolve(one)
    return registry


def interval(values: list[float]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    drawn = rng.choice(values, (2000, len(values))).mean(axis=1)
    return tuple(np.percentile(drawn, [2.5, 97.5]))


def recall(folder: Path, retrievers: list[str]) -> None:
    entries = [
        DatasetEntry(
            id=f"made:{name}",
            name=name,
            revision="1",
            description=description,
            tags=tuple(tags.split(",")),
            columns=dict.fromkeys(columns.split(","), "?"),
        )
        for name, tags, columns, description in table("datasets.psv")
    ]
    tasks = [
        (task, {f"made:{name}" for name in near.split(",")}) for task, near in table("tasks.psv")
    ]
    print(f"{len(tasks)} tasks, {len(entries)} datasets, {sum(len(n) for _, n in tasks)} pairs")
    registry = registry_with(made_catalogue(entries))
    heads = "  ".join(f"recall@{k:<2}  95% interval" for k in DEPTHS)
    print(f"{'':8}  {heads}  first near one: mean 1/rank")
    chance = "  ".join(f"{min(1, k / len(entries)):9.3f}{'':15}" for k in DEPTHS)
    print(f"{'chance':8}  {chance}")
    with Index(folder / "recall", create=True) as index:
        index.build(registry, "made:")
        for name in retrievers:
            is_near = []
            for task, near in tasks:
                hits = find(registry, index, task, retriever=name, k=25).matches
                is_near.append([hit.entry.id in near for hit in hits])
            cells = []
            for k in DEPTHS:
                shares = [
                    sum(one[:k]) / min(len(near), k)
                    for one, (_, near) in zip(is_near, tasks, strict=True)
                ]
                low, high = interval(shares)
                cells.append(f"{statistics.mean(shares):9.3f}  {low:.3f} to {high:.3f}")
            first = [1 / (one.index(True) + 1) if True in one else 0.0 for one in is_near]
            print(f"{name:8}  {'  '.join(cells)}  {statistics.mean(first):.3f}")
            missed = [
                task for one, (task, _) in zip(is_near, tasks, strict=True) if True not in one
            ]
            for task in missed:
                print(f"{'':10}nothing near: {task}")


def speed(folder: Path, count: int) -> bool:
    rng = random.Random(0)
    vocabulary = [f"w{at}" for at in range(50_000)]
    weights = [1 / (at + 1) for at in range(len(vocabulary))]
    text = rng.choices(vocabulary, weights, k=count * 40)
    entries = [
        DatasetEntry(
            id=f"made:{at}",
            name=f"set{at}",
            revision="1",
            description=" ".join(text[at * 40 : at * 40 + 40]),
            license="mit" if at % 2 else "",
            rows=at,
            samples=({"text": "x" * 200},),
        )
        for at in range(count)
    ]
    queries = [" ".join(rng.choices(vocabulary, weights, k=30)) for _ in range(20)]
    vectors = np.random.default_rng(0)

    def encode(texts: list[str], prefix: str) -> np.ndarray:
        drawn = vectors.standard_normal((len(texts), 384), np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    dense._model = lambda options: SimpleNamespace(fingerprint="ab12", encode=encode)
    registry = registry_with(made_catalogue(entries))
    good = True
    with Index(folder / "speed", create=True) as index:
        began = time.perf_counter()
        index.build(registry, "made:")
        size = (index.folder / "index.sqlite").stat().st_size
        print(
            f"{count:,} entries: built in {time.perf_counter() - began:.0f} s, {size >> 20:,} MiB"
        )
        entries.clear()
        del text
        for name in ("bm25", "dense", "fused"):
            began = time.perf_counter()
            find(registry, index, queries[0], retriever=name)
            made = time.perf_counter() - began
            seconds, busy = [], []
            for query in queries:
                began, ran = time.perf_counter(), time.process_time()
                find(registry, index, query, retriever=name)
                seconds.append(time.perf_counter() - began)
                busy.append(time.process_time() - ran)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            files = sum(p.stat().st_size for p in (index.folder / "retrievers").rglob("*"))
            middle = statistics.median(seconds)
            print(
                f"{name:6} indexed in {made:5.1f} s; a search: median {middle:.2f} s, longest "
                f"{max(seconds):.2f} s, CPU {statistics.median(busy):.2f} s; "
                f"peak memory so far {peak:,} MiB, files {files >> 20:,} MiB"
            )
            good = good and middle < SECONDS
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["recall", "speed"])
    parser.add_argument("--entries", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.what == "speed":
            return 0 if speed(Path(folder), args.entries) else 1
        whole = importlib.util.find_spec("sentence_transformers") is not None
        recall(Path(folder), ["bm25", "dense", "fused"] if whole else ["bm25"])
        return 0


if __name__ == "__main__":
    sys.exit(main())
