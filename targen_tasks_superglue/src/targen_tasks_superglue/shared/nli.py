"""What the checks of tasks with a premise and a hypothesis share.

RTE, CommitmentBank and AX-g put them together, each with its own limits.
"""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.checks import content_words, is_cut_from, prose, similarity

__all__ = ["COPY", "asks", "no_copy", "related", "statement"]

COPY = 90
"""Similarity of hypothesis and premise from which the hypothesis says nothing of its own."""


def asks(text: str) -> bool:
    """Whether a text ends with a question."""
    return text.rstrip("\"'”’)").endswith("?")


def statement(text: str, *, least: int, most: int, what: str) -> None:
    """Require clean prose of `least` to `most` words that asks nothing.

    Raises:
        Rejected: a reason of `prose`, or `question`.
    """
    prose(text, least=least, most=most, what=what)
    if asks(text):
        raise Rejected("question", f"the {what} asks a question")


def no_copy(hypothesis: str, premise: str) -> None:
    """Require that a hypothesis is neither its premise nor a piece of it.

    Raises:
        Rejected: `copy-of-premise`.
    """
    if similarity(hypothesis, premise) >= COPY:
        raise Rejected("copy-of-premise", "the hypothesis repeats the premise")
    if is_cut_from(hypothesis, premise):
        raise Rejected("copy-of-premise", "the hypothesis is cut out of the premise")


def related(hypothesis: str, premise: str) -> None:
    """Require that hypothesis and premise share a word that carries meaning.

    Raises:
        Rejected: `unrelated`.
    """
    if not content_words(hypothesis) & content_words(premise):
        raise Rejected("unrelated", "the hypothesis shares no content word with the premise")
