"""The steps of MultiRC: fixed categories, shared articles, questions on a paragraph."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from targen_core import ListStep, Llm, Prompt
from targen_core.tasks.replies import line, list_of
from targen_tasks_multirc.rows import MultiRcQuestion, Option
from targen_tasks_superglue.shared.articles import ARTICLE_PROMPTS, Paragraph
from targen_tasks_superglue.shared.sentences import sentences

__all__ = ["ALL_RIGHT", "CATEGORIES", "PROMPTS", "QUESTIONS", "write_questions"]

QUESTIONS = 2
"""Questions on a paragraph in one call: the paragraph is paid once for both."""

ALL_RIGHT = 0.01
"""Share of questions that may have no wrong option (0.4 % in the original).

They are capped at 5 % of the rows. A share of 5 % here would pass the cap in
every other run; at 1 % the other questions would have to be rejected five times
as often as these for that.
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
PROMPTS = (*(prompt for prompt in ARTICLE_PROMPTS if prompt.name != "domains"), _QUESTIONS)


class _Question(BaseModel):
    """What is needed comes first: the question is then asked about it."""

    sentences: list[int]
    question: line(20, 200)  # type: ignore[valid-type]
    right: list[line(2, 120)]  # type: ignore[valid-type]
    wrong: list[line(2, 120)]  # type: ignore[valid-type]


async def _grow_categories(llm: Llm, parent: None, have: Sequence[str]) -> Sequence[str]:
    return _CATEGORIES


CATEGORIES = ListStep(
    item=str,
    grow=_grow_categories,
    batch=len(_CATEGORIES),
    once=True,
    summary="fifteen fixed categories of texts; asks no model",
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How many options a question should have, and how many of them right."""

    options: int
    right: int

    @property
    def all_right(self) -> bool:
        return self.options == self.right


def _plan(rng: random.Random) -> _Plan:
    """Drawn by code: models that choose give one right option to nearly every question."""
    if rng.random() < ALL_RIGHT:
        options = rng.choice((3, 4))
        return _Plan(options, options)
    return _Plan(rng.choice((4, 5, 5, 6)), rng.choice((1, 2, 2, 3)))


async def write_questions(llm: Llm, seed: Paragraph) -> Sequence[MultiRcQuestion]:
    """Questions that need several sentences of a paragraph, with right and wrong options."""
    plans = [_plan(llm.rng(f"plan {number}")) for number in range(QUESTIONS)]
    numbered = " ".join(f"({place}) {part}" for place, part in enumerate(sentences(seed.text), 1))
    reply = await llm.ask(
        _QUESTIONS,
        reply=list_of("questions", _Question, QUESTIONS),
        passage=numbered,
        wanted="\n".join(
            f"Question {number}: {plan.options} options, of which {plan.right} right"
            for number, plan in enumerate(plans, 1)
        ),
    )
    found = []
    for number, (item, plan) in enumerate(zip(reply.items, plans, strict=False)):
        options = [Option(text=text.strip(), right=True) for text in item.right]
        options += [Option(text=text.strip(), right=False) for text in item.wrong]
        llm.rng(f"order {number}").shuffle(options)
        found.append(
            MultiRcQuestion(
                passage=seed.text,
                question=" ".join(item.question.split()),
                options=tuple(options),
                evidence=tuple(item.sentences),
                all_right=plan.all_right,
            )
        )
    llm.note(
        evidence="; ".join(", ".join(map(str, item.sentences)) for item in reply.items[:QUESTIONS])
    )
    return found
