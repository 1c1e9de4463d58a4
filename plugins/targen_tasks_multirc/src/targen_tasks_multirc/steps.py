"""The steps of MultiRC: fixed categories, shared articles, questions on a paragraph."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.errors import UsageError
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_multirc.checks import check_fair
from targen_tasks_multirc.rows import MultiRcQuestion, Option
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.sentences import sentences

QUESTIONS = 2
"""Questions on a paragraph in one call: the paragraph is paid once for both."""

ALL_RIGHT = 0.01
"""Share of questions that may have no wrong option (0.4% in the original).

They are capped at 5% of the rows. A share of 5% here would pass the cap in every other run. At 1
%, the other questions would have to be rejected five times as often as these to pass it.
"""

_CATEGORIES = (
    "news reports",
    "encyclopaedia articles, as in Wikipedia",
    "history and anthropology",
    "society, law and justice",
    "science textbooks for elementary school",
    "reports on the attacks of 11 September 2001",
    "fiction: the plots of novels and films",
    "art",
    "computer science",
    "biological processes",
    "physics",
    "chemistry",
    "linguistics",
    "psychiatry and psychology",
    "supernatural phenomena",
)

_QUESTIONS = Prompt("questions", package="targen_tasks_multirc")
_QUESTION_PAPER = Prompt("question-paper", package="targen_tasks_multirc")
PROMPTS = (_QUESTIONS, _QUESTION_PAPER)
_LETTER = re.compile(r"^\(?([A-Z])(?:[).:]|$)", re.IGNORECASE)


class _Question(BaseModel):
    """What is needed comes first: the question is then asked about it."""

    sentences: list[int]
    question: line(20, 200)  # type: ignore[valid-type]
    right: list[line(2, 120)]  # type: ignore[valid-type]
    wrong: list[line(2, 120)]  # type: ignore[valid-type]


class _QuestionPaper(BaseModel):
    """The paper's form: the model's own options in its own order, then the right ones."""

    question: line(20, 200)  # type: ignore[valid-type]
    options: list[line(2, 120)]  # type: ignore[valid-type]
    right: list[str]


async def _propose_categories(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    return _CATEGORIES


CATEGORIES = ListStep(
    item=str,
    propose=_propose_categories,
    batch=len(_CATEGORIES),
    once=True,
    summary="fifteen fixed categories of texts; does not call a model",
)


_LISTED, _ONE_ANSWER = "a list", "one answer"
KINDS = (_LISTED, _ONE_ANSWER)

DIMENSIONS = (
    Dimension(
        name="kind",
        values=KINDS,
        in_prompt=False,
        summary="whether the right options are several things, or one answer in several wordings",
    ),
    Dimension(
        name="asks",
        values=(
            "which people, things or places have something in common",
            "what somebody does, wants or thinks, told in several sentences",
            "in what two things differ or are alike",
            "what comes before or after something",
            "why something is so, by several causes",
            "what follows from something, near and far",
            "what belongs to something, or is made or used with it",
        ),
        summary="what a question with several things for an answer asks for",
    ),
    Dimension(
        name="joins",
        values=(
            "who or what it is that another sentence tells something of",
            "whom or what a sentence means that only points back: she, the firm, this",
            "how many, how long or how much, worked out from two sentences",
            "where or when, by what else happened there or then",
            "which of several, told apart by what different sentences say",
            "what somebody did whom the question names by something told elsewhere",
            "who did two things that are told apart from each other",
        ),
        summary="what a question with one answer asks for, and how it joins two sentences",
    ),
)
"""Drawn for each question of a call: `asks` or `joins`, by its kind."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The number of options for a question, how many of them are right, and their kind."""

    options: int
    right: int
    kind: str = _LISTED
    twice: bool = False  # whether some wrong options are one thing in two wordings as well

    @property
    def text(self) -> str:
        """Return its text for the prompt."""
        said = f"{self.options} options, of which {self.right} right"
        if self.kind == _ONE_ANSWER:
            said += ": one answer of one to four words" + (
                "" if self.right == 1 else f" in {self.right} wordings"
            )
        if self.twice:
            said += "; two of the wrong ones name one other thing in two wordings"
        return said

    @property
    def all_right(self) -> bool:
        return self.options == self.right


def _plan(rng: random.Random, kind: str) -> _Plan:
    """Drawn by code: models that choose give one right option to nearly every question."""
    if rng.random() < ALL_RIGHT:
        options = rng.choice((3, 4))
        return _Plan(options, options)
    if kind == _ONE_ANSWER:
        right = rng.choice((1, 1, 2, 2))
        options = rng.choice((3, 4, 5, 5) if right == 1 else (4, 4, 5, 5))
        # Otherwise, an answer in two wordings would always be right.
        return _Plan(options, right, kind, twice=right == 2 or (options > 3 and rng.random() < 0.5))
    return _Plan(rng.choice((4, 5, 5, 6)), rng.choice((2, 2, 3)))


def _kind(draw: Mapping[str, str], number: int) -> str:
    kind = draw.get("kind", KINDS[number % 2])
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of question; the kinds are: {', '.join(KINDS)}")
    return kind


def _told(draw: Mapping[str, str], kind: str) -> Mapping[str, str]:
    """Return the part of a draw for the prompt, without traits of questions of the other kind."""
    other = "joins" if kind == _LISTED else "asks"
    return {name: value for name, value in draw.items() if name != other}


async def write_questions(llm: Llm, seed: Paragraph) -> Sequence[MultiRcQuestion]:
    """Questions that need several sentences of a paragraph, with right and wrong options."""
    kinds = [_kind(draw, number) for number, draw in enumerate(llm.draws)]
    plans = [_plan(llm.rng(f"plan {number}"), kind) for number, kind in enumerate(kinds)]
    numbered = " ".join(f"({place}) {part}" for place, part in enumerate(sentences(seed.text), 1))

    def questions_of(reply: Any) -> list[MultiRcQuestion]:
        pairs = zip(reply.items, plans, strict=False)
        return [_question(llm, seed, at, item, plan) for at, (item, plan) in enumerate(pairs)]

    repaired = False

    def fair(reply: Any) -> None:
        # One repair; after that, an unfair question is rejected by itself, without the other one.
        nonlocal repaired
        if not repaired:
            repaired = True
            for question in questions_of(reply):
                check_fair(question, seed)

    reply = await llm.ask(
        _QUESTIONS,
        reply=list_of("questions", _Question, QUESTIONS),
        check=fair,
        draws=[_told(draw, kind) for draw, kind in zip(llm.draws, kinds, strict=True)],
        passage=numbered,
        wanted="\n".join(f"Question {number}: {plan.text}" for number, plan in enumerate(plans, 1)),
    )
    llm.note(
        **{
            f"evidence{number}": ", ".join(map(str, item.sentences))
            for number, item in enumerate(reply.items[:QUESTIONS], 1)
        }
    )
    return questions_of(reply)


def _question(
    llm: Llm, seed: Paragraph, number: int, item: _Question, plan: _Plan
) -> MultiRcQuestion:
    options = [Option(text=text.strip(), right=True) for text in item.right]
    options += [Option(text=text.strip(), right=False) for text in item.wrong]
    llm.rng(f"order {number}").shuffle(options)
    return MultiRcQuestion(
        passage=seed.text,
        question=" ".join(item.question.split()),
        options=tuple(options),
        evidence=tuple(item.sentences),
        all_right=plan.all_right,
    )


async def write_question_paper(llm: Llm, seed: Paragraph) -> MultiRcQuestion:
    """A question as the paper has it made (variant `paper`).

    The model chooses how many options there are and how many of them are
    right, and their order; no sentences are named.
    """

    def usable(reply: _QuestionPaper) -> None:
        for said in reply.right:
            _place(said, reply.options)

    reply = await llm.ask(
        _QUESTION_PAPER, reply=_QuestionPaper, check=usable, passage=" ".join(seed.text.split())
    )
    right = {_place(said, reply.options) for said in reply.right}
    return MultiRcQuestion(
        passage=seed.text,
        question=" ".join(reply.question.split()),
        options=tuple(
            Option(text=text.strip(), right=place in right)
            for place, text in enumerate(reply.options)
        ),
        all_right=True,
    )


def _place(said: str, options: Sequence[str]) -> int:
    """Return which option is meant by a letter, or by its text.

    Raises:
        Rejected: `no-such-option`.
    """
    if said in options:
        return options.index(said)
    letter = _LETTER.match(said.strip())
    place = ord(letter[1].upper()) - ord("A") if letter else len(options)
    if place >= len(options):
        raise Rejected("no-such-option", f"{said[:60]!r} is none of the {len(options)} options")
    return place
