"""Clues to whether a premise settles its hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_core.tasks.words import words
from targen_tasks_superglue.shared.cues import negations

_OPEN = frozenset("if whether unless would could might may should perhaps maybe".split())


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "negation in the hypothesis": (negations(hypothesis),),
                "negation in the premise": (negations(premise),),
                "question marks, conditions and modal verbs in the premise": (
                    premise.count("?"),
                    sum(word in _OPEN for word in words(premise)),
                ),
            },
        )
    ]
