"""Clues to a question's answer that need no understanding of the passage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_core.tasks.words import words

_ABSOLUTE = frozenset("all always every everyone everything never no nobody none only".split())


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The question of an official row."""
    question = words(row["question"])
    return [
        Case(
            texts={"passage": row["passage"], "question": row["question"]},
            cues={
                "first word of the question": question[0] if question else "",
                "only, always, never in the question": (
                    sum(word in _ABSOLUTE for word in question),
                ),
            },
        )
    ]
