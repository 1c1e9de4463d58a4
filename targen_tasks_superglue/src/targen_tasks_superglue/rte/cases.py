"""Clues to whether a hypothesis follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_tasks_superglue.shared.cues import negations, new_names


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "negation in the hypothesis": (
                    negations(hypothesis),
                    negations(hypothesis) - negations(premise),
                ),
                "names and numbers that the premise lacks": (len(new_names(hypothesis, premise)),),
            },
        )
    ]
