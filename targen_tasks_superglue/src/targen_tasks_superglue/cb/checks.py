"""What must hold of a CommitmentBank row, without a model's help."""

from __future__ import annotations

import re

from targen_core import Rejected
from targen_core.tasks.checks import content_words, is_copy, normalized, prose, words
from targen_tasks_superglue.cb.rows import CbRow
from targen_tasks_superglue.shared.nli import claim, no_copy, related, statement
from targen_tasks_superglue.shared.sentences import sentences

__all__ = ["check_pair", "check_pair_commitment", "check_pair_paper"]

_OPERATOR = re.compile(
    r"\?|n['’]t\b|\b(?:not|never|no|nobody|nothing|neither|nor|none|hardly|scarcely|without|"
    r"if|unless|whether|may|might|can|could|would|should|must|will|shall|"
    r"(?:think|thought|believ|kn[eo]w|hop(?:e|ing)|sa(?:y|id)|t(?:ell|old)|guess|suppos|suspect|imagin|"
    r"pretend|claim|fe(?:el|lt|ar)|wish|wonder|doubt|reali[sz]|notic|see|saw|seem|hear|remember|"
    r"forg[eo]t|regret|glad|happy|sorry|proud|sure|certain|afraid|worr|mean|expect|admit|learn|"
    r"find|found|understand|underst|discover|insist|den(?:y|ied)|show|decid|sw(?:ear|ore)|agree|"
    r"assum|convinc|complain|boast|joke|hint|argu|suggest|dream|mistak|lie|lying|surpris|"
    r"delight|ashamed|aware|perhaps|maybe|allegedly)\w*)\b",
    re.IGNORECASE,
)
_STEM = 4  # letters by which "cancel" and "cancelled" are the same word
_HELD = 0.5  # share of the hypothesis's words that the last sentence must hold


def check_pair(row: CbRow, setting: str) -> None:
    """A short premise and a statement about it that is no copy.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (of
            the hypothesis), `copy-of-premise`, `unrelated` (no content word in
            common).
    """
    check_pair_paper(row, setting)
    related(row.hypothesis, row.premise)


def check_pair_paper(row: CbRow, setting: str) -> None:
    """As `check_pair`, but the two sentences of a neutral pair may have nothing in common.

    Raises:
        Rejected: a reason of `check_pair`.
    """
    statement(row.premise, min_words=5, max_words=70, what="premise")
    claim(row.hypothesis, row.premise, min_words=3, max_words=30)
    no_copy(row.hypothesis, row.premise)
    if row.label != "neutral":
        related(row.hypothesis, row.premise)


def check_pair_commitment(row: CbRow, setting: str) -> None:
    """A premise whose last sentence holds the hypothesis as a clause under an operator.

    Operators are questions, negations, modals, conditionals and verbs of
    thinking, saying and feeling.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (both
            of the hypothesis), `too-many-sentences`, `copy-of-premise`,
            `not-embedded`, `no-operator`.
    """
    prose(row.premise, min_words=6, max_words=110, what="premise")
    claim(row.hypothesis, row.premise, min_words=2, max_words=30)
    parts = sentences(row.premise)
    if len(parts) > 4:
        raise Rejected("too-many-sentences", f"the premise has {len(parts)} sentences")
    for part in parts:
        if is_copy(part, row.hypothesis):
            raise Rejected("copy-of-premise", "the hypothesis is a sentence of the premise")
    _embedded(row.hypothesis, parts[-1])


def _embedded(hypothesis: str, last: str) -> None:
    held = _stems(hypothesis)
    if len(held & _stems(last)) < _HELD * len(held):
        raise Rejected("not-embedded", "the premise's last sentence does not hold the hypothesis")
    if len(words(last)) < len(words(hypothesis)):
        raise Rejected("not-embedded", "the last sentence has no more in it than the hypothesis")
    if not _OPERATOR.search(last):
        raise Rejected("no-operator", f"nothing stands above the clause: {last[:60]!r}")


def _stems(text: str) -> set[str]:
    kept = content_words(text) or set(normalized(text).split())
    return {word[:_STEM] for word in kept}
