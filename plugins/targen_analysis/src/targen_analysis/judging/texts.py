"""The part of a row that a judge sees."""

from __future__ import annotations

from targen_analysis.metrics import Corpus

_ANSWERS = ("output", "answer", "target")
"""Columns of answers, if a dataset has no labels."""


def texts_of(corpus: Corpus) -> list[str]:
    """Return the question of each row: its `input`, or else all that a model would see."""
    if "input" in corpus.fields:
        at = corpus.fields.index("input")
        return [texts[at] for texts in corpus.texts]
    return list(corpus.rendered)


def answer_of(corpus: Corpus, at: int) -> str:
    """The answer of a row: its output, or its label; "" if it has neither."""
    row = corpus.rows[at]
    answers = (str(row[name]) for name in _ANSWERS if row.get(name) is not None)
    return next(answers, corpus.labels[at]).strip()
