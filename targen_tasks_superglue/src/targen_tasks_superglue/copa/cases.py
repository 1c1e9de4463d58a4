"""Clues to the right choice: each choice is a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import RIGHT, WRONG, Case
from targen_tasks_superglue.copa.rows import ASKED
from targen_tasks_superglue.shared.cues import beside, beside_lengths, is_labeled, shared


def cases(row: Mapping[str, Any]) -> list[Case]:
    """Both choices of an official row, the right one and the wrong one."""
    if not is_labeled(row):
        return []
    premise, choices = row["premise"], (row["choice1"], row["choice2"])
    lengths = beside_lengths(choices)
    overlaps = beside([shared(choice, premise) for choice in choices])
    return [
        Case(
            texts={"premise": premise, "choice": choice},
            reads={"premise": f"{premise} {ASKED[row['question']]}", "choice": choice},
            answer=f"choice{place + 1}",
            label=RIGHT if place == int(row["label"]) else WRONG,
            cues={
                "place of the choice": (place,),
                "cause or effect, with the place of the choice": f"{row['question']} {place}",
                "which choice is longer": lengths[place],
                "which choice shares more words with the premise": (overlaps[place],),
            },
        )
        for place, choice in enumerate(choices)
    ]
