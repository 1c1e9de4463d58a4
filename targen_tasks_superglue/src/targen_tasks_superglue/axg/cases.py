"""Clues to whether a hypothesis follows that need no resolved pronoun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_core.tasks.words import words
from targen_tasks_superglue.axg.rows import gendered

_ARTICLES = frozenset(("a", "an", "the"))
_MASCULINE = frozenset(("he", "him", "his", "himself"))


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of premise and hypothesis of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    pronouns = ["he" if word in _MASCULINE else "she" for word in gendered(premise)]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "place in the premise of the one whom the hypothesis names": (
                    _place(words(premise), words(hypothesis)),
                ),
                "gender of the pronoun": pronouns[0] if pronouns else "none",
            },
        )
    ]


def _place(premise: list[str], hypothesis: list[str]) -> int:
    """Return the first word of the premise that the hypothesis repeats, from 0; -1 without one."""
    taken = next((w for w in hypothesis if w in premise and w not in _ARTICLES), None)
    return -1 if taken is None else premise.index(taken)
