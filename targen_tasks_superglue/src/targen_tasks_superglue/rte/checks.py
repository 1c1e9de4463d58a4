"""What must hold of an RTE premise and of an RTE row, without a model's help."""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.checks import (
    content_words,
    normalised,
    prose,
    several_sentences,
    similarity,
)
from targen_tasks_superglue.rte.rows import Premise, RteRow

__all__ = ["check_hypothesis", "check_premise", "check_topic"]

_COPY = 90  # similarity of hypothesis and premise from which it says nothing of its own


def check_topic(topic: str) -> None:
    """A topic is a phrase of 1 to 12 words.

    Raises:
        Rejected: `too-long`, `no-words`, or `markup`.
    """
    count = len(normalised(topic).split())
    if not count:
        raise Rejected("no-words", f"no word in the topic {topic!r}")
    if count > 12:
        raise Rejected("too-long", f"the topic has {count} words, more than 12")
    if "\n" in topic or topic[0] in "-*#>" or topic[0].isdigit():
        raise Rejected("markup", f"the topic holds markup: {topic[:60]!r}")


def check_premise(seed: Premise) -> None:
    """A premise is one sentence of 8 to 60 words, clean prose.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences`.
    """
    prose(seed.premise, least=8, most=60, what="premise")
    if seed.premise.rstrip("\"'”’)").endswith("?"):
        raise Rejected("question", "the premise asks a question")
    if several_sentences(seed.premise):
        raise Rejected("several-sentences", "the premise is more than one sentence")


def check_hypothesis(row: RteRow, seed: Premise) -> None:
    """A hypothesis is a short statement about its premise, and no copy of it.

    Raises:
        Rejected: a reason of `prose`, or `question`, `copy-of-premise`,
            `unrelated` (no content word in common), `premise-changed`.
    """
    if row.premise != seed.premise:
        raise Rejected("premise-changed", "the row's premise is not its seed")
    prose(row.hypothesis, least=4, most=30, what="hypothesis")
    if row.hypothesis.rstrip("\"'”’)").endswith("?"):
        raise Rejected("question", "the hypothesis asks a question")
    if similarity(row.hypothesis, row.premise) >= _COPY:
        raise Rejected("copy-of-premise", "the hypothesis repeats the premise")
    if normalised(row.hypothesis) in normalised(row.premise):
        raise Rejected("copy-of-premise", "the hypothesis is cut out of the premise")
    if not content_words(row.hypothesis) & content_words(row.premise):
        raise Rejected("unrelated", "the hypothesis shares no content word with the premise")
