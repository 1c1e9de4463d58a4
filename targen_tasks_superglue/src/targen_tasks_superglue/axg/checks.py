"""Checks of AX-g's sentences and hypotheses, without a model's help."""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.words import normalized
from targen_standard.checks.prose import several_sentences
from targen_tasks_superglue.axg.rows import AxgPair, Sentences, gendered, swapped_pronoun
from targen_tasks_superglue.shared.mentions import mentions
from targen_tasks_superglue.shared.nli import claim, no_copy, statement
from targen_tasks_superglue.shared.subjects import gendered_noun


def check_sentences(seed: Sentences) -> None:
    """Two sentences that share the opening clause and differ in one pronoun behind it.

    Raises:
        Rejected: a reason of `statement`, or `several-sentences`, `other-opening`,
            `subject-missing` or `repeated-subject`. Or `gendered-noun` (such as "woman": it fits
            only one pronoun, or is a third person whom the pronoun may mean), `pronoun-in-opening`
            or `no-pronoun`. Or `several-pronouns`, `wrong-pronoun` or `not-a-pair` (more than the
            pronoun differs).
    """
    for sentence in (seed.he, seed.she):
        statement(sentence, min_words=8, max_words=40, what="sentence")
        if several_sentences(sentence):
            raise Rejected("several-sentences", f"more than one sentence: {sentence!r}")
    opening = normalized(seed.opening)
    for sentence in (seed.he, seed.she):
        if not opening or not f"{normalized(sentence)} ".startswith(f"{opening} "):
            raise Rejected("other-opening", f"{sentence!r} does not begin with {seed.opening!r}")
    _check_subjects(seed)
    if noun := gendered_noun(f"{seed.he} {seed.she}"):
        raise Rejected("gendered-noun", f"{noun!r} in {seed.he!r}")
    if gendered(seed.opening):
        raise Rejected("pronoun-in-opening", f"the opening has a pronoun: {seed.opening!r}")
    for sentence, first in ((seed.he, "h"), (seed.she, "s")):
        pronouns = gendered(sentence)
        if not pronouns:
            raise Rejected("no-pronoun", f"no gendered pronoun in {sentence!r}")
        if len(pronouns) > 1:
            raise Rejected("several-pronouns", f"{', '.join(pronouns)} in {sentence!r}")
        if (pronouns[0] in ("he", "him", "his", "himself")) != (first == "h"):
            raise Rejected("wrong-pronoun", f"{pronouns[0]!r} is not of the set asked for")
    if not swapped_pronoun(seed.he, seed.she):
        raise Rejected("not-a-pair", f"more than the pronoun differs: {seed.he!r}, {seed.she!r}")


def _check_subjects(seed: Sentences) -> None:
    """Check that both subjects occur in the opening, once, and not in the clause after it."""
    in_opening = mentions(seed.first, seed.second, seed.opening.split())
    in_sentence = mentions(seed.first, seed.second, seed.he.split())
    for subject, opening, whole in zip(
        (seed.first, seed.second), in_opening, in_sentence, strict=True
    ):
        if not opening:
            raise Rejected("subject-missing", f"the opening does not name {subject!r}")
        if len(whole) > 1:
            raise Rejected("repeated-subject", f"{subject!r} is named again: {seed.he!r}")


def check_hypothesis(hypothesis: str, seed: Sentences) -> None:
    """One short statement on one of the two subjects.

    It must read as well with the other subject in its place: so it names one
    subject, once, with "the", and holds no gendered pronoun.

    Raises:
        Rejected: a reason of `statement`, or `several-sentences`,
            `gendered-pronoun`, `gendered-noun`, `subject-missing`,
            `names-both`, `repeated-subject`, `no-article` or `copy-of-premise`.
    """
    claim(hypothesis, seed.he, min_words=3, max_words=25)
    if pronouns := gendered(hypothesis):
        raise Rejected("gendered-pronoun", f"{pronouns[0]!r} in {hypothesis!r}")
    if noun := gendered_noun(hypothesis):
        raise Rejected("gendered-noun", f"{noun!r} in {hypothesis!r}")
    tokens = hypothesis.split()
    first, second = mentions(seed.first, seed.second, tokens)
    if first and second:
        raise Rejected("names-both", f"both subjects are named: {hypothesis!r}")
    named = first or second
    if not named:
        raise Rejected("subject-missing", f"no subject is named: {hypothesis!r}")
    if len(named) > 1:
        raise Rejected("repeated-subject", f"the subject is named twice: {hypothesis!r}")
    if not named[0] or tokens[named[0] - 1].lower().strip("\"'\u201c\u2018") != "the":
        raise Rejected("no-article", f"the subject stands without 'the': {hypothesis!r}")
    for premise in (seed.he, seed.she):
        no_copy(hypothesis, premise)


def check_pair_of_rows(pair: AxgPair, seed: Sentences) -> None:
    """The premises are the seed's, and the hypothesis is one that `check_hypothesis` allows.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_hypothesis`.
    """
    if {pair.premise1, pair.premise2} != {seed.he, seed.she}:
        raise Rejected("premise-changed", "the premises are not the seed's")
    check_hypothesis(pair.hypothesis, seed)
