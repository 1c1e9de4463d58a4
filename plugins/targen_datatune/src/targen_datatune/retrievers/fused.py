"""`fused`: several retrievers asked, and their ranks put together.

Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): an entry's score is the sum of 1/(c +
rank) over the retrievers that found it. Ranks, unlike scores, can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import Field

from targen_core.errors import UsageError
from targen_core.retrieval.model import DatasetEntry, Hit, Retriever, RetrieverOptions, Searcher

__all__ = ["FUSED"]

_DEEP = 200  # entries that each is asked for, where fewer are wanted


class Options(RetrieverOptions):
    """Which retrievers, and how much first places count."""

    of: str = Field("bm25,dense", description="names of retrievers, with commas between")
    c: float = Field(60, gt=0, description="the larger, the less do first places count")
    model: str = Field("", description="of those that have a model")


def _index(
    entries: Collection[DatasetEntry],
    options: Options,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    from targen_core import load_registry
    from targen_datatune.finding import retriever_folder
    from targen_datatune.index import options_from

    (folder / "fused.json").unlink(missing_ok=True)
    registry = load_registry()
    names = [name.strip() for name in options.of.split(",") if name.strip()]
    if len(set(names)) < 2 or "fused" in names:
        raise UsageError(
            f"-o of={options.of}: not two retrievers", hint="for example -o of=bm25,dense"
        )
    parts = []
    for name in names:
        item = registry.find("retriever", name)
        retriever: Retriever = registry.resolve(item)
        values = {"model": options.model} if options.model else {}
        known = {key: v for key, v in values.items() if key in retriever.options.model_fields}
        chosen = options_from(name, retriever, known)
        # Beside ours, where the retriever itself has its index when it is asked alone.
        place = retriever_folder(folder.parent, item, retriever, chosen)
        place.mkdir(exist_ok=True)
        with FileLock(place / ".lock"):
            retriever.index(entries, chosen, place, progress)
        parts.append({"name": item.name, "id": item.id, "folder": place.name})
    facts = {"c": options.c, "entries": len(entries), "parts": parts}
    (folder / "fused.json").write_text(json.dumps(facts), encoding="utf-8")


def _load(folder: Path) -> Any:
    from targen_core import load_registry

    try:
        facts = json.loads((folder / "fused.json").read_text(encoding="utf-8"))
        c = float(facts["c"])
        parts = [(part["name"], part["id"], Path(part["folder"]).name) for part in facts["parts"]]
    except (OSError, LookupError, TypeError) as error:
        raise ValueError(f"no index of fused: {error}") from error
    registry = load_registry()
    searchers: list[tuple[str, Searcher]] = [
        (name, registry.get("retriever", whole).load(folder.parent / place))
        for name, whole, place in parts
    ]

    def search(query: str, k: int, /) -> Sequence[Hit]:
        scores: dict[int, float] = {}
        terms: dict[int, tuple[str, ...]] = {}
        ranks: dict[int, dict[str, int]] = {}
        for name, one in searchers:
            for rank, hit in enumerate(one(query, max(k, _DEEP)), 1):
                scores[hit.at] = scores.get(hit.at, 0.0) + 1 / (c + rank)
                ranks.setdefault(hit.at, {})[name] = rank
                terms[hit.at] = hit.terms or terms.get(hit.at, ())
        order = sorted(scores, key=lambda at: (-scores[at], at))[:k]
        return [Hit(at, scores[at], terms[at], ranks[at]) for at in order]

    return search


FUSED = Retriever(
    summary="bm25 and dense, by their ranks: what either finds, and first what both do",
    version="1",
    index=_index,
    load=_load,
    options=Options,
    extra="minilm",
)
