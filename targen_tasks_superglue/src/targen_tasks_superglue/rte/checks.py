"""Checks of an RTE premise and of an RTE row, without a model's help."""

from __future__ import annotations

import re

from targen_core import Rejected
from targen_standard.checks.prose import phrase
from targen_tasks_superglue.rte.rows import Premise, RteRow
from targen_tasks_superglue.shared.nli import claim, no_copy, related, statement

_QUOTES_A_QUESTION = re.compile(r"""[\w,:] ["\u201c][^"\u201c\u201d]*\?["\u201d]$""")


def check_topic(topic: str) -> None:
    """A topic is a phrase of 1 to 12 words.

    Raises:
        Rejected: `too-long`, `no-words`, or `markup`.
    """
    phrase(topic, max_words=12, what="topic")


def check_premise(seed: Premise) -> None:
    """A premise is a text of 6 to 200 words, clean prose that ends with no question of its own.

    Raises:
        Rejected: a reason of `prose`, or `question`.
    """
    try:
        statement(seed.premise, min_words=6, max_words=200, what="premise")
    except Rejected as error:
        # Somebody who is quoted may ask: 'She wondered aloud, "Who pays?"' states that she did.
        if error.reason != "question" or not _QUOTES_A_QUESTION.search(seed.premise):
            raise


def check_hypothesis(hypothesis: str, premise: str) -> None:
    """Check that a hypothesis is one short statement about its premise's matter, and not a copy.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences`,
            `copy-of-premise`, `unrelated` (no content word in common).
    """
    claim(hypothesis, premise, min_words=4, max_words=30)
    no_copy(hypothesis, premise)
    related(hypothesis, premise)


def check_pair(row: RteRow, topic: str) -> None:
    """A row without a seed: a premise and a hypothesis that both are allowed.

    Raises:
        Rejected: a reason of `check_premise` or `check_hypothesis`.
    """
    check_premise(Premise(premise=row.premise))
    check_hypothesis(row.hypothesis, row.premise)


def check_row(row: RteRow, seed: Premise) -> None:
    """A row of its premise, with a hypothesis that `check_hypothesis` allows.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_hypothesis`.
    """
    if row.premise != seed.premise:
        raise Rejected("premise-changed", "the row's premise is not its seed")
    check_hypothesis(row.hypothesis, row.premise)
