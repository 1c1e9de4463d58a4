"""What could tell whether a pronoun means a phrase without the text being understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core import Case

__all__ = ["cases"]


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The phrase and the pronoun of an official row."""
    target = row["target"]
    phrase, pronoun = int(target["span1_index"]), int(target["span2_index"])
    return [
        Case(
            texts={
                "text": row["text"],
                "phrase": target["span1_text"],
                "pronoun": target["span2_text"],
            },
            cues={
                "place of the phrase": (phrase, phrase / max(1, len(row["text"].split()))),
                "words from the phrase to the pronoun": (pronoun - phrase,),
            },
        )
    ]
