"""Checks of a CommitmentBank row, without a model's help."""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.words import words
from targen_standard.checks.copies import is_copy
from targen_standard.checks.prose import prose
from targen_tasks_superglue.cb.rows import CbRow
from targen_tasks_superglue.shared.nli import claim, no_copy, related, statement, stems
from targen_tasks_superglue.shared.sentences import sentences

_AROUND = 2  # words that the last sentence must have in addition to the clause's
_ARTICLES = frozenset(("a", "an", "the"))
_SPEAKERS = stems("person speaker b")  # what a hypothesis calls those behind "A:" and "B:"


def check_pair(row: CbRow, setting: str) -> None:
    """Check a short premise and a statement about it that is not a copy.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (of
            the hypothesis), `copy-of-premise`, `unrelated` (no content word in
            common).
    """
    check_pair_paper(row, setting)
    related(row.hypothesis, row.premise)


def check_pair_paper(row: CbRow, setting: str) -> None:
    """As `check_pair`, but the two sentences of a neutral pair may be unrelated.

    Raises:
        Rejected: a reason of `check_pair`.
    """
    statement(row.premise, min_words=5, max_words=140, what="premise")
    claim(row.hypothesis, row.premise, min_words=3, max_words=30)
    no_copy(row.hypothesis, row.premise)
    if row.label != "neutral":
        related(row.hypothesis, row.premise)


def check_pair_commitment(row: CbRow, setting: str) -> None:
    """A premise whose last sentence holds the hypothesis as a clause, with words around it.

    Step 4 judges the words around the clause (a question, a negation, a verb of thinking or
    saying). No list of such words would be complete.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (both
            of the hypothesis), `copy-of-premise`, `not-embedded`, `bare-clause`.
    """
    prose(row.premise, min_words=6, max_words=240, what="premise")
    claim(row.hypothesis, row.premise, min_words=2, max_words=30)
    parts = sentences(row.premise)
    for part in parts:
        if is_copy(part, row.hypothesis):
            raise Rejected("copy-of-premise", "the hypothesis is a sentence of the premise")
    _embedded(row.hypothesis, " ".join(parts[:-1]), parts[-1])


def _embedded(hypothesis: str, before: str, last: str) -> None:
    """Check that the clause contains the hypothesis, up to names for its pronouns."""
    clause = stems(hypothesis) - _SPEAKERS
    held = clause & stems(last)
    if not held and _rest_stands(hypothesis, before, last):
        held = clause  # "Grandpa did it." of "he did it", if no word of the clause has content
    if not held or len(clause - held - stems(before)) > len(held):
        raise Rejected("not-embedded", "the premise's last sentence does not hold the hypothesis")
    if len(set(words(last)) - set(words(hypothesis))) < _AROUND:
        raise Rejected("bare-clause", f"nothing stands around the clause: {last[:60]!r}")


def _rest_stands(hypothesis: str, before: str, last: str) -> bool:
    """Return whether the words after a hypothesis's names, two or more, occur in a row there."""
    named = stems(before)
    rest = words(hypothesis)
    while rest and (stems(rest[0]) & named or rest[0] in _ARTICLES):
        rest = rest[1:]
    said = words(last)
    runs = (said[at : at + len(rest)] for at in range(len(said)))
    return len(rest) > 1 and rest in runs
