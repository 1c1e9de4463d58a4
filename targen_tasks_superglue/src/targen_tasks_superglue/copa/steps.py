"""The steps of COPA: events in a setting, then two choices for each label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from pydantic import BaseModel

from targen_core import Prompt
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_superglue.copa.checks import check_event, check_statements, check_unlike
from targen_tasks_superglue.copa.dry_run import dry_run
from targen_tasks_superglue.copa.rows import CopaRow, Event, Question

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

# The person in an event and what happens are drawn together, so that they fit. Settings by
# themselves add places and tools; rows by people are as much about love, lies, crime, the body and
# things that are heated, pushed or dropped. Half of the events are welcome and half are not:
# otherwise, the causes and results of misfortunes could be told from those of other events.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "a man or a woman or a child": (
        "has an accident or is hurt",
        "fails or loses at something",
        "wins or gains something",
        "buys or sells or gives something",
        "decides for or against something",
        "lies or keeps a secret or owns up",
        "falls in love or is left",
        "quarrels or makes up with a friend",
        "shows a feeling in the face or the body",
        "falls ill or gets well",
        "sleeps or wakes or eats or drinks",
        "sees or hears or smells something",
        "learns or forgets or mistakes something",
        "forbids or obeys or disobeys",
        "begins or gives up a habit",
        "helps or harms or thanks somebody",
    ),
    "a person (by a trade or a part in things)": (
        "treats somebody or is treated",
        "breaks the law or is caught",
        "guards or chases or rescues somebody",
        "accuses or defends or judges somebody",
        "hires or dismisses or resigns",
        "teaches or is taught or examined",
        "performs or plays or competes",
        "serves or complains",
        "drives or travels",
        "leads or campaigns or is elected",
        "makes or mends or cleans something",
        "asks or tells somebody something",
    ),
    "I or we": (
        "push or pull or throw or drop something",
        "heat or cool or cut or mix something",
        "lose or find something",
        "feel something in the body",
        "do a daily chore",
        "gain or buy something",
        "meet or call or write to somebody",
        "refuse or avoid something",
        "begin or end something",
    ),
    "a person (by a first name)": ("decides on something", "succeeds or makes a mistake"),
    "several people or a group": (
        "quarrel or protest",
        "agree or celebrate",
        "go somewhere or gather",
    ),
    "an animal": ("does something", "gets better or worse"),
    "the weather or water or the sky": ("changes",),
    "a vehicle or a machine": ("stops or starts or goes wrong",),
    "food or drink or a plant": ("changes",),
    "a thing": ("falls or breaks or burns or melts", "comes to light or is in use again"),
    "a firm or a school or a law or a price": ("changes",),
}
_OF_EVENTS = (
    Dimension(
        name="about",
        values=tuple(f"{who} {what}" for who, doings in _ABOUT.items() for what in doings),
        summary="the person or thing in an event, and what happens",
    ),
    Dimension(
        name="event_length",
        values={"5 or 6 words": 3, "7 or 8 words": 2, "9 to 12 words": 1},
        summary="how long an event is",
    ),
)

# In a sample of sixty rows by people, 62% have a wrong choice about another matter, 33% one that
# fits the opposite of the event and 5% its result for its cause. Other events are of the same
# kinds as the events themselves, in similar shares: so a wrong choice, read by itself, looks like a
# right one.
DIMENSIONS = (
    Dimension(
        name="distractor",
        values={
            "another event (something goes wrong)": 3,
            "another event (something goes well)": 3,
            "another event (a decision or a purchase)": 2,
            "another event (something is said or asked)": 2,
            "another event (something is noticed or found)": 1,
            "another event (a mood or health changes)": 1,
            "another event (something begins or ends)": 1,
            "opposite event": 5,
            "reverse": 2,
        },
        summary="the event for which the wrong choice would be right",
    ),
    Dimension(
        name="length",
        values={"4 or 5 words": 3, "6 or 7 words": 3, "8 to 10 words": 1},
        summary="how long each choice is",
    ),
    Dimension(
        name="focus",
        values={
            "the one whom the event is about": 6,
            "somebody else whom it concerns": 2,
            "a thing or a place in the scene": 2,
        },
        summary="the person or thing that both choices are about",
    ),
)


class _Any(BaseModel):
    """The reply: the fields tell the two apart, so their order may mean nothing."""

    likely: line(6, 90)  # type: ignore[valid-type]
    unlikely: line(6, 90)  # type: ignore[valid-type]


class _Fair(_Any):
    """With the event that the wrong choice answers for, named before that choice is written."""

    other_event: line(3, 120)  # type: ignore[valid-type]


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
PAPER_EVENTS = replace(EVENTS, dimensions=())


async def write_choice1(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event): the likely choice comes first."""
    return await _write(llm, seed, 0, FAIR_PROMPTS, _Fair, check_unlike)


async def write_choice2(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event): the likely choice comes second."""
    return await _write(llm, seed, 1, FAIR_PROMPTS, _Fair, check_unlike)


async def write_choice1_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 0, PAPER_PROMPTS, _Any, check_statements)


async def write_choice2_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 1, PAPER_PROMPTS, _Any, check_statements)


async def _write(
    llm: Llm,
    seed: Event,
    label: Literal[0, 1],
    prompts: Mapping[Question, Prompt],
    form: type[_Any],
    check: Callable[[str, tuple[str, str]], None],
) -> CopaRow:
    # Crossed with the label: a seed asks for the cause under one label and for
    # the result under the other, in turns. So each label has both questions in
    # equal shares, and a seed's two rows differ in more than the order of choices.
    order = ("cause", "effect") if label == 0 else ("effect", "cause")
    question = cast("Question", llm.alternate(*order))
    llm.note(question=question)

    def fair(alternatives: _Any) -> None:
        check(seed.event, (alternatives.likely.strip(), alternatives.unlikely.strip()))

    prompt = prompts[question]
    told = {"premise": seed.event, "setting": str(llm.above[0]) if llm.above else _FAR}
    values: dict[str, Any] = {name: told[name] for name in prompt.variables if name in told}
    reply = await llm.ask(prompt, reply=form, check=fair, **values)
    if isinstance(reply, _Fair):
        llm.note(other_event=reply.other_event.strip())
    likely, unlikely = reply.likely.strip(), reply.unlikely.strip()
    choice1, choice2 = (likely, unlikely) if label == 0 else (unlikely, likely)
    return CopaRow(
        premise=seed.event, choice1=choice1, choice2=choice2, question=question, label=label
    )
