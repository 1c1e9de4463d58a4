"""Checks of a COPA event and of a COPA row, without a model's help.

Every rule treats the two choices alike: a rule for only the unlikely choice would mark it.
"""

from __future__ import annotations

import re
from collections import Counter

from targen_core import Rejected
from targen_core.tasks.words import is_cut_from, words
from targen_standard.checks.copies import is_copy, similarity
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import several_sentences
from targen_tasks_superglue.copa.rows import CopaRow, Event, asks_for_link
from targen_tasks_superglue.shared.irregular import VERBS
from targen_tasks_superglue.shared.nli import COPY, statement

_ALIKE = 96  # similarity of the choices from which a reader cannot tell them apart
_CAUSAL = re.compile(
    r"\b(?:because|due to|thanks to|owing to|as a result|therefore|thus|so that)\b", re.IGNORECASE
)
_CONNECTIVE = re.compile(
    r"\W*(?:because|so (?:he|she|it|they|we|i|the|that)|thus|therefore|hence|consequently|"
    r"as a result|due to|this caused|that is why)\b",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"\W*(?:statement|choice|option|alternative|event|cause|effect|result|(?:un)?likely)s?\W*\d*\W*:",
    re.IGNORECASE,
)
_LABEL_WORD = re.compile(
    r"\b(?:un)?likely\b|\b(?:im)?plausibl[ey]\b|\b(?:im)?probabl[ey]\b|"
    r"\b(?:cause|result|effect) of (?:this|the event)\b",
    re.IGNORECASE,
)
_PARTICIPLES = (
    {form for forms in VERBS.values() for form in forms}
    | {verb for verb, forms in VERBS.items() if not forms}  # put, put
    | {"become", "come", "overcome", "run"}
)
_PERFECT = re.compile(
    r"\b(?:had|\w+['’]d)\s+(?:(?:not|never|just|already|also|once|both|all|long|only)\s+)*"
    rf"(?:(?!need)\w+ed|{'|'.join(sorted(_PARTICIPLES))})\b",
    re.IGNORECASE,
)
_PRONOUNS = frozenset(
    "i me my mine myself we us our ours ourselves he him his himself she her hers herself it its "
    "itself they them their theirs themselves".split()
)
_PATTERN = 2  # words by which two choices of one pattern differ


def check_event(seed: Event) -> None:
    """An event is one sentence of 3 to 18 words that tells neither cause nor result.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences`,
            `names-cause`.
    """
    _plain(seed.event)
    statement(seed.event, min_words=3, max_words=18, what="event")
    if asks_for_link(seed.event):
        raise Rejected("question", "the event holds the question about it")
    if several_sentences(seed.event):
        raise Rejected("several-sentences", "the event is more than one sentence")
    if _CAUSAL.search(seed.event):
        raise Rejected("names-cause", f"the event tells its cause or result: {seed.event!r}")


def check_statements(premise: str, choices: tuple[str, str]) -> None:
    """Two choices are different statements, neither of them the premise.

    Raises:
        Rejected: a reason of `prose`, or `question`, `connective`,
            `label-word`, `copy-of-premise`, `choices-alike`.
    """
    for choice in choices:
        _plain(choice)
        statement(choice, min_words=2, max_words=20, what="choice")
        if _CONNECTIVE.match(choice):
            raise Rejected("connective", f"the choice opens with a connective: {choice!r}")
        if _LABEL_WORD.search(choice):
            raise Rejected("label-word", f"the choice says how likely it is: {choice!r}")
        inside = is_cut_from(choice, premise)
        if inside or similarity(choice, premise) >= COPY:
            raise Rejected("copy-of-premise", f"the choice repeats the event: {choice!r}")
    if is_copy(*choices) or similarity(*choices) >= _ALIKE:
        raise Rejected("choices-alike", "the two choices say the same thing")


def _plain(text: str) -> None:
    if _HEADED.match(text):
        raise Rejected("meta-text", f"a heading stands in front: {text[:60]!r}")


def check_choices(premise: str, choices: tuple[str, str]) -> None:
    """Two choices that the causal link tells apart, not their form.

    The checks ignore whether a choice keeps to the scene of the event. Fair choices often share no
    word with the event or with each other.

    Raises:
        Rejected: a reason of `check_statements`, or `unlike-lengths`.
    """
    check_statements(premise, choices)
    short, long = sorted(len(words(choice)) for choice in choices)
    if long - short > max(2, 0.4 * long):
        raise Rejected("unlike-lengths", f"one choice has {short} words, the other {long}")


def check_unlike(premise: str, choices: tuple[str, str]) -> None:
    """Check two choices as written: neither pattern nor tense may distinguish them.

    Raises:
        Rejected: a reason of `check_choices`, or `alike-openings` (the same two words), or
            `one-pattern` (all except a word or two are the same). Or `lone-pronoun` (only one
            speaks of somebody as "she" or "my", which reveals the right choice). Or `past-perfect`
            (it separates what came before from what came after).
    """
    check_choices(premise, choices)
    one, two = (words(choice) for choice in choices)
    if one[:2] == two[:2]:
        raise Rejected(
            "alike-openings", f"both choices open with {' '.join(one[:2])!r}: open one otherwise"
        )
    apart = max((Counter(one) - Counter(two)).total(), (Counter(two) - Counter(one)).total())
    if apart <= _PATTERN and content_words(choices[0]) & content_words(choices[1]):
        raise Rejected("one-pattern", "the choices are the same but for a word or two")
    speaking = [choice for choice in choices if _PRONOUNS & {*re.findall(r"\w+", choice.lower())}]
    if len(speaking) == 1:
        raise Rejected(
            "lone-pronoun", f"only {speaking[0]!r} has a pronoun: both are to have one, or neither"
        )
    for choice in choices:
        if perfect := _PERFECT.search(choice):
            raise Rejected("past-perfect", f"{perfect[0]!r} is not in the simple past: {choice!r}")


def check_row(row: CopaRow, seed: Event) -> None:
    """A row of its event, with two fair choices.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_choices`.
    """
    _same_premise(row, seed)
    check_choices(row.premise, (row.choice1, row.choice2))


def check_row_paper(row: CopaRow, seed: Event) -> None:
    """A row of its event, as the paper has it: any two different choices.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_statements`.
    """
    _same_premise(row, seed)
    check_statements(row.premise, (row.choice1, row.choice2))


def _same_premise(row: CopaRow, seed: Event) -> None:
    if row.premise != seed.event:
        raise Rejected("premise-changed", "the row's premise is not its event")
