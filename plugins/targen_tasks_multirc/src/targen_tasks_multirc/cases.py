"""Cases of MultiRC, one per option, with clues to the right ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from targen_core.tasks.cases import RIGHT, WRONG, Case
from targen_tasks_multirc.rows import letter
from targen_tasks_superglue.shared.cues import beside_lengths, is_labeled


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The options of every question of an official row."""
    passage = row["passage"]["text"]
    return [
        case
        for number, question in enumerate(row["passage"]["questions"])
        for case in _options(passage, question["question"], question["answers"], number)
    ]


def _options(
    passage: str, question: str, answers: list[Mapping[str, Any]], number: int
) -> Iterator[Case]:
    texts = [answer["text"] for answer in answers]
    lengths = beside_lengths(texts)
    for place, answer in enumerate(answers):
        if is_labeled(answer):
            yield Case(
                texts={"passage": passage, "question": question, "option": texts[place]},
                answer=f"{letter(place)}) {texts[place]}",
                several=True,
                label=RIGHT if int(answer["label"]) == 1 else WRONG,
                cues={
                    "place among the options": (place, place - len(answers)),
                    "number of options": (len(answers),),
                    "length beside the other options": lengths[place],
                },
                question=number,
            )
