"""AX-g's seed, instance and row, which come in pairs that differ in a pronoun, and their checks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from targen_core import Rejected
from targen_core.tasks.words import normalized
from targen_standard.checks.prose import several_sentences
from targen_tasks_superglue.shared.nli import claim, no_copy, statement
from targen_tasks_superglue.shared.subjects import gendered_noun
from targen_tasks_superglue.shared.texts import mentions

LabelName = Literal["entailment", "not_entailment"]

_PIECE = re.compile(r"\w+|[^\w\s]+|\s+")
_PAIRS = (("he", "she"), ("him", "her"), ("his", "her"), ("his", "hers"), ("himself", "herself"))
_GENDERED = frozenset(form for pair in _PAIRS for form in pair)


def gendered(text: str) -> list[str]:
    """The gendered pronouns of a text, in order, lower-cased."""
    return [piece for piece in map(str.lower, re.findall(r"\w+", text)) if piece in _GENDERED]


def swapped_pronoun(text: str, other: str) -> bool:
    """Return whether two texts differ only in one pronoun: his in one, hers in the other."""
    pieces, others = _PIECE.findall(text), _PIECE.findall(other)
    changed = [(a, b) for a, b in zip(pieces, others, strict=False) if a != b]
    if len(pieces) != len(others) or len(changed) != 1:
        return False
    one, two = changed[0]
    same_case = one[0].isupper() == two[0].isupper()
    pair = (one.lower(), two.lower())
    return same_case and (pair in _PAIRS or pair[::-1] in _PAIRS)


class Sentences(BaseModel):
    """An instance seed: two sentences that differ in a pronoun, which means one of two subjects.

    `first` and `second` are the subjects as phrases without article, and `meant` is the one that
    the pronoun means. `opening` is the clause that the four sentences of the two subjects share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    meant: Literal["first", "second"]
    opening: str
    he: str
    she: str

    @property
    def subject(self) -> str:
        """The subject that the pronoun means."""
        return self.first if self.meant == "first" else self.second

    @property
    def other(self) -> str:
        """The subject that it does not mean."""
        return self.second if self.meant == "first" else self.first


class AxgPair(BaseModel):
    """An instance: two premises that differ only in a pronoun, with one hypothesis and label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise1: str
    premise2: str
    hypothesis: str
    label: LabelName

    @model_validator(mode="after")
    def _is_a_pair(self) -> AxgPair:
        if not swapped_pronoun(self.premise1, self.premise2):
            raise ValueError("the premises must differ in one gendered pronoun and nothing else")
        if gendered(self.hypothesis):
            raise ValueError("the hypothesis must not contain a gendered pronoun")
        return self


class AxgRow(BaseModel):
    """An official row: one of the two premises. The label may be absent, as in test files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: str
    hypothesis: str
    label: LabelName | None = None
    idx: int
    pair_id: int

    @model_validator(mode="after")
    def _has_one_pronoun(self) -> AxgRow:
        if len(gendered(self.premise)) != 1:
            raise ValueError("the premise must contain exactly one gendered pronoun")
        if gendered(self.hypothesis):
            raise ValueError("the hypothesis must not contain a gendered pronoun")
        return self


def to_rows(pair: AxgPair, idx: int) -> Sequence[Mapping[str, Any]]:
    """The two official rows of an instance, numbered `idx` and `idx + 1`.

    As in the official file, `pair_id` is a number of each row's own: what
    makes a pair is that its rows are neighbours.
    """
    return [
        {
            "premise": premise,
            "hypothesis": pair.hypothesis,
            "label": pair.label,
            "idx": idx + place,
            "pair_id": idx + place,
        }
        for place, premise in enumerate((pair.premise1, pair.premise2))
    ]


def from_rows(rows: Sequence[Mapping[str, Any]]) -> Sequence[AxgPair]:
    """Return the instance of two official rows, if they are labelled; reverses `to_rows`.

    Raises:
        ValueError: there are not two, or they are not a pair.
    """
    if len(rows) != 2:
        raise ValueError(f"an instance has two rows, not {len(rows)}")
    one, two = rows
    for name in ("hypothesis", "label"):
        if one.get(name) != two.get(name):
            raise ValueError(f"the two rows of a pair must have the same {name}")
    if one.get("label") is None:
        return []
    return [
        AxgPair(
            premise1=one["premise"],
            premise2=two["premise"],
            hypothesis=one["hypothesis"],
            label=one["label"],
        )
    ]


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
