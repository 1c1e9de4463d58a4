"""A MultiRC instance (one question on one passage), its official, nested form, and its checks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from string import ascii_uppercase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from targen_core import Rejected
from targen_core.tasks.words import is_cut_from, normalized
from targen_standard.checks.prose import prose
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.texts import sentences

_NONE = "none"  # the label of a question without a right option: 26 original ones


def letter(place: int) -> str:
    """Return the letter of the option at a place, from 0."""
    return ascii_uppercase[place % 26] + str(place // 26 or "")


class Option(BaseModel):
    """An answer that is offered, and whether it is right."""

    model_config = ConfigDict(frozen=True)

    text: str
    right: bool


class MultiRcQuestion(BaseModel):
    """An instance: its label is the set of its right options.

    Attributes:
        passage: the text that the question is about.
        question: the question.
        options: the options in the order in which they are offered.
        evidence: the sentences of the passage, counted from 1, that answer it
            together as the writer says; None if nobody said.
        all_right: whether every option may be right; a draw allows that to
            one question in a hundred.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str
    question: str
    options: tuple[Option, ...]
    evidence: tuple[int, ...] | None = None
    all_right: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        """Return the letters of the options: A, B, C and so on."""
        return tuple(letter(place) for place in range(len(self.options)))

    @property
    def right(self) -> tuple[str, ...]:
        """The letters of the right options."""
        pairs = zip(self.letters, self.options, strict=True)
        return tuple(letter for letter, option in pairs if option.right)

    @property
    def label(self) -> str:
        """The right options in one text: "A, C"."""
        return ", ".join(self.right) or _NONE

    def with_label(self, label: str) -> MultiRcQuestion:
        """The question with other options right.

        Raises:
            Rejected: `illegal-label`: the label names an option that there is not.
        """
        named = set() if label == _NONE else set(label.split(", "))
        if not named <= set(self.letters):
            raise Rejected("illegal-label", f"{label!r} is not a set of {', '.join(self.letters)}")
        options = tuple(
            Option(text=option.text, right=letter in named)
            for letter, option in zip(self.letters, self.options, strict=True)
        )
        return self.model_copy(update={"options": options})

    def render(self) -> str:
        """The question as text, without its label."""
        pairs = zip(self.letters, self.options, strict=True)
        options = "\n".join(f"{letter}) {option.text}" for letter, option in pairs)
        return f"Passage: {self.passage}\nQuestion: {self.question}\nOptions:\n{options}"

    def answer(self) -> str:
        """The right options as text, one a line."""
        pairs = zip(self.letters, self.options, strict=True)
        return "\n".join(f"{letter}) {option.text}" for letter, option in pairs if option.right)


VERSION = 1.1
"""The version of the official file format, in every row."""

_STRIDE = 100
"""Answers of question n are numbered from 100 n, which no question comes near to using up."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Answer(_Part):
    text: str
    idx: int = Field(ge=0)
    label: int | None = Field(default=None, ge=0, le=1)

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the answer is empty")
        return text


class _Question(_Part):
    question: str
    answers: tuple[_Answer, ...] = Field(min_length=1)
    idx: int = Field(ge=0)

    @field_validator("question")
    @classmethod
    def _asks_something(cls, question: str) -> str:
        if not question.strip():
            raise ValueError("the question is empty")
        return question

    @model_validator(mode="after")
    def _answers_differ(self) -> _Question:
        seen: set[str] = set()
        for answer in self.answers:
            text = answer.text.strip()
            if text in seen:
                raise ValueError(f"question {self.idx} has the answer {text[:60]!r} twice")
            seen.add(text)
        return self


class _Passage(_Part):
    text: str
    questions: tuple[_Question, ...] = Field(min_length=1)

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the passage is empty")
        return text


class OfficialMultiRc(_Part):
    """A row of the official file: a passage, its questions and their answers.

    An answer's label is 1 if it is right; test files have no labels.
    """

    version: float
    passage: _Passage
    idx: int = Field(ge=0)

    @field_validator("version")
    @classmethod
    def _known(cls, version: float) -> float:
        if version != VERSION:
            raise ValueError(f"version is {version}; the official files have version {VERSION}")
        return version

    @model_validator(mode="after")
    def _numbers_are_unique(self) -> OfficialMultiRc:
        questions = self.passage.questions
        answers = [answer for question in questions for answer in question.answers]
        for what, numbers in (
            ("question", [question.idx for question in questions]),
            ("answer", [answer.idx for answer in answers]),
        ):
            if len(set(numbers)) < len(numbers):
                raise ValueError(f"two {what}s of the passage have the same idx")
        if len({answer.label is None for answer in answers}) > 1:
            raise ValueError("some answers have a label and some have none")
        return self


def to_rows(instance: MultiRcQuestion, idx: int) -> list[dict[str, Any]]:
    """The official row of one question: a passage of its own.

    The numbers are unique in a file of such rows, though not contiguous; in
    the file that `pack` makes they are.
    """
    answers = [
        {"text": option.text, "idx": idx * _STRIDE + place, "label": int(option.right)}
        for place, option in enumerate(instance.options)
    ]
    questions = [{"question": instance.question, "answers": answers, "idx": idx}]
    passage = {"text": instance.passage, "questions": questions}
    return [{"version": VERSION, "passage": passage, "idx": idx}]


def from_rows(official: Sequence[Mapping[str, Any]]) -> list[MultiRcQuestion]:
    """One instance for each question of labelled rows; rows without labels give none."""
    return [
        MultiRcQuestion(
            passage=row["passage"]["text"],
            question=question["question"],
            options=tuple(
                Option(text=answer["text"], right=answer["label"] == 1)
                for answer in question["answers"]
            ),
            all_right=True,
        )
        for row in official
        for question in row["passage"]["questions"]
        if all(answer.get("label") is not None for answer in question["answers"])
    ]


def pack(official: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The official file: neighbouring rows of one passage are one row.

    Passages, questions and answers get new numbers, each from 0 through the
    whole file.
    """
    joined: list[dict[str, Any]] = []
    questions = answers = 0
    for row in official:
        text = row["passage"]["text"]
        if not joined or joined[-1]["passage"]["text"] != text:
            passage: dict[str, Any] = {"text": text, "questions": []}
            joined.append({"version": row["version"], "passage": passage, "idx": len(joined)})
        for question in row["passage"]["questions"]:
            numbered = []
            for answer in question["answers"]:
                numbered.append({**answer, "idx": answers})
                answers += 1
            joined[-1]["passage"]["questions"].append(
                {**question, "answers": numbered, "idx": questions}
            )
            questions += 1
    return joined


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
