"""`bm25`: entries that share words with the query, rare words counting more.

Okapi's BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over arrays of
numpy, which the core needs anyway. A library would bring more packages than this has lines, and
would not tell which words matched.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.errors import UnreadableFile
from targen_core.outputs import remove, write_file
from targen_core.reading.arrays import read_array
from targen_core.reading.files import read_json
from targen_datatune.retrieval import DatasetEntry, Hit, Retriever, RetrieverOptions
from targen_datatune.retrievers.ranking import best

_WORD = re.compile(r"[^\W_]+")
_STOP = frozenset(
    "a about an and any are as at be been being but by can could did do does each either else for "
    "from given had has have he her his how i if in into is it its itself may me might more most "
    "must my no nor not of on one only or other our out over own s same shall she should so some "
    "such than that the their them then there these they this those to too under until up us "
    "very was we were what when where whether which while who whom whose why will with would you "
    "your".split()
)
_WORDLESS = 1_000_000  # entries without words, which the files do not show
_STEP = 1000  # entries between two reports of progress


class Options(RetrieverOptions):
    """Weights of words."""

    k1: float = Field(1.2, ge=0, description="weight of repeated occurrences of a word")
    b: float = Field(0.75, ge=0, le=1, description="penalty for long descriptions")


def words(text: str) -> list[str]:
    """Return the words to compare: in lower case, singular, without function words."""
    return [_singular(word) for word in _said(text)]


def _said(text: str) -> list[str]:
    """Return the words of a text that count, as written except for capitals."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP and len(word) > 1]


def _singular(word: str) -> str:
    """Harman's s-stemmer: plurals are what names and descriptions differ in most."""
    if len(word) > 4 and word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "us":
        return word[:-1]
    return word


def _index(
    entries: Collection[DatasetEntry],
    options: Options,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    numbers: dict[str, int] = {}
    of, docs, counts, lengths = array("i"), array("i"), array("i"), array("i")
    for at, entry in enumerate(entries):
        counted = Counter(words(entry.text))
        lengths.append(sum(counted.values()))
        for word, count in counted.items():
            of.append(numbers.setdefault(word, len(numbers)))
            docs.append(at)
            counts.append(count)
        if at % _STEP == 0:
            progress(at, len(entries))
    by_word = np.argsort(np.frombuffer(of, np.int32), kind="stable")
    postings = np.frombuffer(docs, np.int32)[by_word]
    times = np.frombuffer(counts, np.int32)[by_word].astype(np.float32)
    sizes = np.bincount(np.frombuffer(of, np.int32), minlength=len(numbers))
    length = np.frombuffer(lengths, np.int32)
    long = length[postings] / max(float(length.mean()) if len(length) else 0.0, 1.0)
    rare = np.log1p((len(length) - sizes + 0.5) / (sizes + 0.5)).astype(np.float32)
    weights = np.repeat(rare, sizes) * times * (options.k1 + 1)
    weights /= times + options.k1 * (1 - options.b + options.b * long)
    remove(folder / "bm25.json")
    np.save(folder / "starts.npy", np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
    np.save(folder / "entries.npy", postings)
    np.save(folder / "weights.npy", weights.astype(np.float32))
    facts = {"entries": len(length), "words": list(numbers)}
    write_file(folder / "bm25.json", json.dumps(facts))
    progress(len(length), len(length))


def _load(folder: Path) -> Any:
    try:
        facts = read_json(folder / "bm25.json", inside=folder)
        numbers = {word: at for at, word in enumerate(facts["words"])}
        total = int(facts["entries"])
        starts, postings, weights = (
            read_array(folder / f"{name}.npy", inside=folder, mapped=True)
            for name in ("starts", "entries", "weights")
        )
    except (OSError, UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"not a bm25 index: {error}") from error
    _check(starts, postings, weights, len(numbers), total)

    def search(query: str, k: int, /) -> Sequence[Hit]:
        scores = np.zeros(total, np.float32)
        hits: list[tuple[str, NDArray[Any], NDArray[Any]]] = []
        said = {_singular(word): word for word in reversed(_said(query))}
        for word, times in Counter(words(query)).items():
            if (number := numbers.get(word)) is not None:
                part = slice(int(starts[number]), int(starts[number + 1]))
                # A repeated word of a query counts more, with diminishing effect.
                worth = weights[part] * (1 + np.log(times))
                scores[postings[part]] += worth
                hits.append((said[word], postings[part], worth))
        return [
            Hit(at, float(scores[at]), _matched(at, hits))
            for at in map(int, best(scores, k))
            if scores[at] > 0
        ]

    return search


def _check(
    starts: NDArray[Any], postings: NDArray[Any], weights: NDArray[Any], terms: int, total: int
) -> None:
    """Refuse arrays that a search could not trust.

    Raises:
        ValueError: they do not fit together.
    """
    fits = (
        starts.shape == (terms + 1,)
        and starts.dtype == np.int64
        and postings.dtype == np.int32
        and weights.dtype == np.float32
        and postings.shape == weights.shape == (int(starts[-1]),)
        and bool((np.diff(starts) >= 0).all())
        and 0 <= total <= len(postings) + _WORDLESS
        and (not len(postings) or 0 <= int(postings.min()) <= int(postings.max()) < total)
    )
    if not fits:
        raise ValueError("not a bm25 index: its files do not match each other")


def _matched(at: int, hits: Sequence[tuple[str, NDArray[Any], NDArray[Any]]]) -> tuple[str, ...]:
    """The words that an entry has, those that count most first."""
    has = []
    for word, postings, worth in hits:
        place = int(np.searchsorted(postings, at))
        if place < len(postings) and postings[place] == at:
            has.append((-float(worth[place]), word))
    return tuple(word for _, word in sorted(has))


BM25 = Retriever(
    summary="shared words, weighted by rarity; needs no download and no torch",
    version="1",
    index=_index,
    load=_load,
    options=Options,
)
