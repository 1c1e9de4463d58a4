"""Clues to whether a pronoun means a phrase that need no understanding of the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_tasks_superglue.wsc.rows import marked


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The phrase and the pronoun of an official row."""
    target, text = row["target"], row["text"]
    phrase, pronoun = int(target["span1_index"]), int(target["span2_index"])
    return [
        Case(
            texts={
                "text": text,
                "phrase": target["span1_text"],
                "pronoun": target["span2_text"],
            },
            reads={
                "text": marked(text, pronoun, target["span2_text"]),
                "pronoun": target["span2_text"],
                "phrase": target["span1_text"],
            },
            cues={
                "place of the phrase": (phrase, phrase / max(1, len(text.split()))),
                "words from the phrase to the pronoun": (pronoun - phrase,),
            },
        )
    ]
