"""Clues to the masked entity of a query: each entity of the passage is a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from targen_core.tasks.cases import RIGHT, WRONG, Case
from targen_tasks_superglue.shared.cues import shared


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The different entities of an official row's passage, for each query with answers."""
    text = row["passage"]["text"]
    places = sorted((place["start"], place["end"]) for place in row["passage"]["entities"])
    named = Counter(text[start : end + 1] for start, end in places)  # in the passage's order
    return [
        case
        for number, query in enumerate(row["qas"])
        if query.get("answers")
        for case in _options(text, named, query, number)
    ]


def _options(
    text: str, named: Counter[str], query: Mapping[str, Any], number: int
) -> Iterator[Case]:
    right = {answer["text"] for answer in query["answers"]}
    for place, (entity, times) in enumerate(named.items()):
        yield Case(
            texts={"passage": text, "query": query["query"], "entity": entity},
            answer=entity,
            label=RIGHT if entity in right else WRONG,
            cues={
                "place among the entities": (place, place / len(named)),
                "how often the passage names it": (
                    times,
                    sum(other > times for other in named.values()),
                ),
                "whether the query names it": (shared(entity, query["query"]),),
            },
            question=number,
        )
