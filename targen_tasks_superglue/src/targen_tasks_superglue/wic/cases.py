"""Clues to whether a word means the same in two sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_core.tasks.cases import Case
from targen_core.tasks.words import words

_BEFORE_VERBS = frozenset(
    "to i you he she it we they who not never don't doesn't didn't can can't could may might must "
    "shall should will would let".split()
)
_BEFORE_NOUNS = frozenset(
    "a an the this that these those my your his her its our their some any no every each another "
    "of in on at by for from with into".split()
)


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The two sentences of an official row."""
    sentences = row["sentence1"], row["sentence2"]
    spans = (row["start1"], row["end1"]), (row["start2"], row["end2"])
    surfaces = [
        sentence[int(start) : int(end)].casefold()
        for sentence, (start, end) in zip(sentences, spans, strict=True)
    ]
    marked = [  # the word may occur in a sentence twice
        f"{sentence[: int(start)]}[{sentence[int(start) : int(end)]}]{sentence[int(end) :]}"
        for sentence, (start, end) in zip(sentences, spans, strict=True)
    ]
    before = [
        words(sentence[: int(start)]) for sentence, (start, _) in zip(sentences, spans, strict=True)
    ]
    return [
        Case(
            texts={"word": row["word"], "sentence1": sentences[0], "sentence2": sentences[1]},
            reads={"word": row["word"], "sentence1": marked[0], "sentence2": marked[1]},
            cues={
                "whether the word has one form in both sentences": (
                    "one" if surfaces[0] == surfaces[1] else "two"
                ),
                "noun or verb in each sentence, by the word before": " ".join(map(_part, before)),
                "place of the word in each sentence": tuple(len(there) for there in before),
            },
        )
    ]


def _part(before: list[str]) -> str:
    """The part of speech that the word before makes likely."""
    last = before[-1] if before else ""
    return "verb" if last in _BEFORE_VERBS else "noun" if last in _BEFORE_NOUNS else "open"
