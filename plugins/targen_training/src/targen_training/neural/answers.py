"""Prompts for models that write, and the meaning of their answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from targen_core.tasks.parts import RIGHT, WRONG
from targen_training.trainers import Decision, Question

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def asked(decision: Decision, labels: Sequence[str]) -> Question:
    """The question of a decision: its own, or its texts under their names."""
    if decision.asked is not None:
        return decision.asked
    lines = [f"{name}: {text}" for name, text in decision.texts.items()]
    prompt = "\n".join([*lines, "Output:"])
    return Question(prompt, decision.label, {label: label for label in labels})


def questions_of(
    decisions: Iterable[Decision], labels: Sequence[str]
) -> tuple[list[Question], list[Decision]]:
    """Each question once for all its options, and the first decision of each."""
    by_key: dict[tuple[int, int, str], tuple[Question, Decision]] = {}
    again: list[tuple[Question, Decision]] = []
    for decision in decisions:
        question = asked(decision, labels)
        if decision.option:
            key = decision.row, decision.question, question.prompt
            by_key.setdefault(key, (question, decision))
        else:
            again.append((question, decision))
    pairs = [*by_key.values(), *again]
    return [question for question, _ in pairs], [decision for _, decision in pairs]


def normal(text: str) -> str:
    """Return a text for comparing answers: one case, single spaces, words at both ends.

    Underscores and hyphens are spaces: "Not entailment." is `not_entailment`.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[\s_-]+", " ", plain)
    return _EDGES.sub("", plain) or plain.strip()


def meaning(written: str, decision: Decision, question: Question) -> str | None:
    """Return the label that an answer gives a decision; None for an illegal answer."""
    legal: dict[str, set[str]] = {}
    for text, means in question.legal.items():
        legal.setdefault(normal(text), set()).add(means)
    lines = [line for line in written.splitlines() if line.strip()]
    if question.several:
        chosen: set[str] = set()
        for line in lines:
            if normal(line) not in legal:
                return None
            chosen |= legal[normal(line)]
    else:
        chosen = legal.get(normal(written), set())
        if not chosen:
            return None
    if decision.option:
        return RIGHT if decision.option in chosen else WRONG
    (label,) = chosen if len(chosen) == 1 else (None,)
    return label
