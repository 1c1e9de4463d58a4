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

from targen_core.errors import UnreadableFile, UsageError
from targen_core.outputs import remove, write_file
from targen_core.reading.files import read_json
from targen_datatune.retrieval import DatasetEntry, Hit, Retriever, RetrieverOptions, Searcher

_DEEP = 200  # entries to request of each, if fewer are wanted
_MOST = 8  # retrievers


class Options(RetrieverOptions):
    """The retrievers, and how much their top ranks count."""

    of: str = Field("bm25,dense", description="names of retrievers to combine, separated by commas")
    c: float = Field(
        60,
        gt=0,
        description="constant of the rank fusion: the larger it is, the less the top ranks count",
    )
    model: str = Field("", description="model for the retrievers that use one")


def _index(
    entries: Collection[DatasetEntry],
    options: Options,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    from targen_core.plugins.configurable import read_options
    from targen_core.plugins.loader import load_registry
    from targen_datatune.finding import retriever_folder

    remove(folder / "fused.json")
    registry = load_registry()
    names = [name.strip() for name in options.of.split(",") if name.strip()]
    named = [(item := registry.find("retriever", name), registry.resolve(item)) for name in names]
    if problem := _problem([retriever for _, retriever in named]):
        raise UsageError(
            f"-o of={options.of}: {problem}",
            hint="for example -o of=bm25,dense",
        )
    parts = []
    for name, (item, retriever) in zip(names, named, strict=True):
        values = {"model": options.model} if options.model else {}
        known = {key: v for key, v in values.items() if key in retriever.options.model_fields}
        chosen = read_options(retriever.options, known, of=name)
        # Next to ours, in the place where the retriever itself has its index when it is used by
        # itself.
        place = retriever_folder(folder.parent, item, retriever, chosen)
        place.mkdir(exist_ok=True)
        with FileLock(place / ".lock"):
            retriever.index(entries, chosen, place, progress)
        parts.append({"name": item.name, "id": item.id, "folder": place.name})
    facts = {"c": options.c, "entries": len(entries), "parts": parts}
    write_file(folder / "fused.json", json.dumps(facts))


def _problem(retrievers: Sequence[Retriever]) -> str:
    """Say why retrievers cannot be fused, or "".

    Loading checks this as building does: parts that are `fused` again, each of two parts, take
    twice as long for each level.
    """
    if any(retriever is FUSED for retriever in retrievers):
        return "fused cannot include itself"
    if len({id(retriever) for retriever in retrievers}) < 2:
        return "at least two different retrievers are needed"
    if len(retrievers) > _MOST:
        return f"{len(retrievers)} retrievers; at most {_MOST} are allowed"
    return ""


def _load(folder: Path) -> Any:
    from targen_core.plugins.loader import load_registry

    try:
        facts = read_json(folder / "fused.json", inside=folder)
        c = float(facts["c"])
        parts = [(part["name"], part["id"], Path(part["folder"]).name) for part in facts["parts"]]
    except (UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"not a fused index: {error}") from error
    if len(parts) > _MOST:  # before each is looked up
        raise ValueError(f"not a fused index: {len(parts)} retrievers; at most {_MOST} are allowed")
    registry = load_registry()
    named = [registry.get("retriever", whole) for _, whole, _ in parts]
    if problem := _problem(named):
        raise ValueError(f"not a fused index: {problem}")
    searchers: list[tuple[str, Searcher]] = [
        (name, retriever.load(folder.parent / place))
        for (name, _, place), retriever in zip(parts, named, strict=True)
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
    summary="bm25 and dense combined by rank: datasets that both find come first",
    version="1",
    index=_index,
    load=_load,
    options=Options,
    extra="minilm",
)
