"""Checks of a MultiRC question, without a model's help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from targen_core import Rejected
from targen_core.tasks.words import is_cut_from, normalized
from targen_standard.checks.prose import prose
from targen_tasks_multirc.rows import MultiRcQuestion, Option
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.sentences import sentences

LEAST_OPTIONS, MOST_OPTIONS = 3, 8
_SLACK = 1.5  # words by which right and wrong options may differ in any case
_TOLERANCE = 0.4  # and as a share of the longer mean: the original differs by 0.45
_LETTERED = re.compile(r"^\W?[A-Ha-h][):]\s")
_INITIAL = re.compile(r"^[A-Ha-h]\. ")  # a letter if all options have one, else "A. Bell"
_META_OPTION = re.compile(
    r"\b(?:all|none|both|any|neither) of (?:the )?(?:above|below|these|options|answers|choices)\b"
    r"|^(?:both|neither|either)? ?\(?[A-H]\)? (?:and|or|nor) \(?[A-H]\)?$"
    r"|\b(?:options?|answers?|choices?) \(?[A-H]\b"
    r"|^(?:not (?:mentioned|stated|given|enough information)|(?:this )?cannot be (?:known|told))\b"
)
_COUNT = "one|two|three|four|five|six|seven|eight"
_PLACE = "first|second|third|fourth|fifth|sixth|last|final|opening|closing"
_NAMES_SENTENCE = re.compile(
    rf"\b(?:sentences?|paragraph) (?:number )?\(?\d|\(\d\)|\bsentence (?:{_COUNT})\b"
    rf"|\bsentences (?:{_COUNT}) (?:and|or|to)\b"
    rf"|\bthe (?:{_PLACE}) (?:(?:{_COUNT}) )?(?:sentences?|paragraph)\b",
    re.IGNORECASE,
)
_NAMES_OPTIONS = re.compile(
    r"\ball that appl(?:y|ies)\b"
    r"|(?:^|[.,;:(?!–—-] ?)(?:please )?(?:select|choose|pick|tick|mark|check|circle) "
    r"(?:all|one|any|every|each|the)\b"
    r"|\b(?:following|above|below|given|listed|right|correct) (?:options?|choices?)\b"
    r"|\b(?:following|above|below|listed) answers?\b"
    r"|\b(?:options?|choices?|answers?) (?:above|below|listed|(?:is|are) (?:right|correct|true))\b"
    r"|\bmore than one (?:option|choice|answer)\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(rf"\b(?:which|what) (?:{_COUNT}|[1-8])\b(?! might\b)", re.IGNORECASE)
_YES_NO = re.compile(r"^(?:yes|no|maybe|perhaps|true|false)(?:[,.;:!–—-]|$)", re.IGNORECASE)


def check_question(row: MultiRcQuestion, seed: Paragraph) -> None:
    """A question of 4 to 40 words on its seed.

    Raises:
        Rejected: a reason of `prose`, `passage-changed` or `no-question`. Or `names-sentence` (it
            mentions a sentence by its place) or `names-options` (it mentions the options and what
            to do with them).
    """
    if row.passage != seed.text:
        raise Rejected("passage-changed", "the passage is not the seed's paragraph")
    prose(row.question, min_words=4, max_words=40, what="question")
    if not row.question.rstrip("\"'”’)").endswith("?"):
        raise Rejected("no-question", f"{row.question[:80]!r} asks nothing")
    if _NAMES_SENTENCE.search(row.question):
        raise Rejected("names-sentence", f"{row.question[:80]!r} names a sentence by its place")
    if _NAMES_OPTIONS.search(row.question):
        raise Rejected("names-options", f"{row.question[:80]!r} refers to its options")


def check_options(row: MultiRcQuestion, seed: Paragraph) -> None:
    """Check that options are 3 to 8 different clean phrases, at least one of them right.

    Raises:
        Rejected: a reason of `prose`, or `too-few-options`, `too-many-options`,
            `meta-option` (it speaks of other options), `repeated-option` or
            `no-right-option`.
    """
    count = len(row.options)
    if count < LEAST_OPTIONS:
        raise Rejected("too-few-options", f"{count} options, fewer than {LEAST_OPTIONS}")
    if count > MOST_OPTIONS:
        raise Rejected("too-many-options", f"{count} options, more than {MOST_OPTIONS}")
    if all(_INITIAL.search(option.text) for option in row.options):
        raise Rejected("markup", "the options are lettered")
    seen: set[str] = set()
    for option in row.options:
        _check_option(option.text)
        key = normalized(option.text)
        if key in seen:
            raise Rejected("repeated-option", f"the option {option.text[:60]!r} appears twice")
        seen.add(key)
    if not row.right:
        raise Rejected("no-right-option", "no option answers the question")


def check_fair(row: MultiRcQuestion, seed: Paragraph) -> None:
    """Neither the question nor the form of the options tells which are right.

    Raises:
        Rejected: `tells-how-many` ("Which two …"), `yes-no` (one option rules
            out the others), `nested-option` (one holds another's words),
            `all-right` or `uneven-options`.
    """
    if _HOW_MANY.search(row.question):
        raise Rejected("tells-how-many", f"{row.question[:80]!r} says how many options are right")
    texts = [option.text.strip() for option in row.options]
    for text in texts:
        if _YES_NO.search(text):
            raise Rejected("yes-no", f"the option {text[:60]!r} answers with yes or no")
    for part, whole in permutations(texts, 2):
        if is_cut_from(part, whole):
            raise Rejected("nested-option", f"{whole[:60]!r} holds the option {part[:60]!r}")
    right = [option for option in row.options if option.right]
    wrong = [option for option in row.options if not option.right]
    if not wrong and not row.all_right:
        raise Rejected("all-right", "every option is right, which no draw has allowed")
    if not (right and wrong):
        return
    one, other = mean_words(right), mean_words(wrong)
    if abs(one - other) > max(_SLACK, _TOLERANCE * max(one, other)):
        raise Rejected(
            "uneven-options", f"right options have {one:.1f} words on average, wrong {other:.1f}"
        )


def _check_option(text: str) -> None:
    if _LETTERED.search(text):
        raise Rejected("markup", f"the option is lettered: {text[:60]!r}")
    if _META_OPTION.search(text[:1].lower() + text[1:]) or _META_OPTION.search(text):
        raise Rejected("meta-option", f"the option speaks of others: {text[:60]!r}")
    # Options are phrases or sentences: with a stop behind them the tests of sentences apply.
    prose(f"{text.rstrip('.')}.", min_words=1, max_words=25, what="option")


def mean_words(options: Sequence[Option]) -> float:
    """Words of an option, on average."""
    return sum(len(option.text.split()) for option in options) / len(options)


def check_evidence(row: MultiRcQuestion, seed: Paragraph) -> None:
    """The writer needs two or more sentences of the passage.

    Raises:
        Rejected: `one-sentence`, or `no-such-sentence`.
    """
    if row.evidence is None:
        return
    there = len(sentences(row.passage))
    if not all(1 <= number <= there for number in row.evidence):
        raise Rejected("no-such-sentence", f"the passage has {there} sentences, not {row.evidence}")
    if len(set(row.evidence)) < 2:
        raise Rejected("one-sentence", f"the question rests on sentence {row.evidence} alone")
