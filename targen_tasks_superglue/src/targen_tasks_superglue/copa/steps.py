"""The steps of COPA: events in a setting, then two choices for each label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel

from targen_core import Dimension, ListStep, Llm, Prompt
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.copa.checks import check_event, check_statements, check_unlike
from targen_tasks_superglue.copa.dry_run import dry_run
from targen_tasks_superglue.copa.rows import CopaRow, Event, Question

__all__ = [
    "DIMENSIONS",
    "EVENTS",
    "EVENTS_PROMPT",
    "FAIR_PROMPTS",
    "PAPER_PROMPTS",
    "write_choice1",
    "write_choice1_paper",
    "write_choice2",
    "write_choice2_paper",
]

_SHOWN = 20  # earlier events that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.copa")


EVENTS_PROMPT = _prompt("events")
FAIR_PROMPTS: Mapping[Question, Prompt] = {"cause": _prompt("cause"), "effect": _prompt("effect")}
PAPER_PROMPTS: Mapping[Question, Prompt] = {
    "cause": _prompt("cause_any"),
    "effect": _prompt("effect_any"),
}

_SENTENCE = line(10, 90)
_FAR = "not given"  # the setting of events that are the user's own

# Shares as sixty of the rows that people wrote have them, but for two: more subjects than "the man"
# and "the woman", and fewer wrong choices that speak against the event (theirs: unrelated 62 %,
# opposed 33 %, reverse 5 %), as those are told by their polarity.
_OF_EVENTS = (
    Dimension(
        name="subject",
        values={
            "one person, by a common noun": 8,
            "I or we": 4,
            "a thing, an animal or the weather": 4,
            "a first name": 2,
            "several people or a group": 2,
        },
        summary="who or what an event is about",
    ),
    Dimension(
        name="kind",
        values=(
            "something done on purpose",
            "something fails or breaks",
            "an accident",
            "something said, asked or refused",
            "a change of mood or feeling",
            "a decision or a purchase",
            "something noticed or found",
            "a change in the body or in health",
            "a gain or a success",
            "a loss or a defeat",
            "a change of place or state",
            "help or harm to somebody else",
            "the start or the end of something",
        ),
        summary="the kind of event",
    ),
    Dimension(
        name="event_length",
        values={"3 or 4 words": 3, "5 or 6 words": 4, "7 or 8 words": 4, "9 to 12 words": 1},
        summary="how long an event is",
    ),
)
DIMENSIONS = (
    Dimension(
        name="distractor",
        values={"unrelated": 7, "opposed": 2, "reverse": 1},
        summary="what the wrong choice has to do with the event",
    ),
    Dimension(
        name="length",
        values={"2 to 4 words": 2, "5 or 6 words": 2, "7 to 10 words": 1},
        summary="how long each choice is",
    ),
    Dimension(
        name="pronouns",
        values={"in both": 3, "in neither": 1},
        summary="whether the choices speak of somebody as I, she, his or its",
    ),
)


class _Alternatives(BaseModel):
    """The reply: the fields tell the two apart, so their order may mean nothing."""

    likely: line(6, 90)  # type: ignore[valid-type]
    unlikely: line(6, 90)  # type: ignore[valid-type]


async def _propose_events(llm: Llm, setting: str, existing: Sequence[Event]) -> Sequence[Event]:
    have = " ".join(item.event for item in existing[-_SHOWN:]) or "none"
    model = list_of("events", _SENTENCE, llm.batch)
    reply = await llm.ask(EVENTS_PROMPT, reply=model, setting=setting, count=llm.batch, have=have)
    return [Event(event=" ".join(sentence.split())) for sentence in reply.items]


EVENTS = ListStep(
    item=Event,
    propose=_propose_events,
    batch=3,
    check=check_event,
    summary="short sentences about events in a setting",
    prompts=(EVENTS_PROMPT,),
    dimensions=_OF_EVENTS,
    dry_run=dry_run,
)


async def write_choice1(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event): the likely choice comes first."""
    return await _write(llm, seed, 0, FAIR_PROMPTS, check_unlike)


async def write_choice2(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event): the likely choice comes second."""
    return await _write(llm, seed, 1, FAIR_PROMPTS, check_unlike)


async def write_choice1_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 0, PAPER_PROMPTS, check_statements)


async def write_choice2_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 1, PAPER_PROMPTS, check_statements)


async def _write(
    llm: Llm,
    seed: Event,
    label: Literal[0, 1],
    prompts: Mapping[Question, Prompt],
    check: Callable[[str, tuple[str, str]], None],
) -> CopaRow:
    # Crossed with the label: a seed asks for the cause under one label and for
    # the result under the other, in turns. So each label has both questions in
    # equal shares, and a seed's two rows differ in more than the order of choices.
    order = ("cause", "effect") if label == 0 else ("effect", "cause")
    question = cast("Question", llm.alternate(*order))
    llm.note(question=question)

    def fair(alternatives: _Alternatives) -> None:
        check(seed.event, (alternatives.likely.strip(), alternatives.unlikely.strip()))

    prompt = prompts[question]
    told = {"premise": seed.event, "setting": str(llm.above[0]) if llm.above else _FAR}
    values: dict[str, Any] = {name: told[name] for name in prompt.variables if name in told}
    reply = await llm.ask(prompt, reply=_Alternatives, check=fair, **values)
    likely, unlikely = reply.likely.strip(), reply.unlikely.strip()
    choice1, choice2 = (likely, unlikely) if label == 0 else (unlikely, likely)
    return CopaRow(
        premise=seed.event, choice1=choice1, choice2=choice2, question=question, label=label
    )
