"""Steps 1 to 3: businesses -> problems -> a ticket for each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from targen_core import Prompt
from targen_core.tasks.steps import ListStep, Llm
from targen_plugin_example.dry_run import dry_run
from targen_standard.checks.prose import prose


class Problem(BaseModel):
    """An instance seed: what a ticket is about, before anybody writes it."""

    model_config = ConfigDict(frozen=True)

    product: str
    problem: str


class Ticket(BaseModel):
    """A row, without `idx`."""

    model_config = ConfigDict(frozen=True)

    text: str
    label: Literal["urgent", "routine"]


class _Businesses(BaseModel):
    businesses: list[str]


class _Problems(BaseModel):
    problems: list[Problem]


class _Text(BaseModel):
    text: str


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_plugin_example")


_BUSINESSES, _PROBLEMS = _prompt("businesses"), _prompt("problems")
_URGENT, _ROUTINE = _prompt("urgent"), _prompt("routine")
PROMPTS = (_BUSINESSES, _PROBLEMS, _URGENT, _ROUTINE)


async def _propose_businesses(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    reply = await llm.ask(
        _BUSINESSES, reply=_Businesses, count=llm.batch, have="; ".join(existing) or "none"
    )
    return reply.businesses


async def _propose_problems(
    llm: Llm, business: str, existing: Sequence[Problem]
) -> Sequence[Problem]:
    have = "; ".join(f"{item.product}: {item.problem}" for item in existing) or "none"
    reply = await llm.ask(_PROBLEMS, reply=_Problems, business=business, count=llm.batch, have=have)
    return reply.problems


# `prompts` and `dry_run` go with the list where another task uses it.
BUSINESSES = ListStep(
    item=str,
    propose=_propose_businesses,
    batch=8,
    summary="kinds of business",
    prompts=(_BUSINESSES,),
    dry_run=dry_run,
)
PROBLEMS = ListStep(
    item=Problem,
    propose=_propose_problems,
    batch=4,
    summary="what tickets are about",
    prompts=(_PROBLEMS,),
    dry_run=dry_run,
)


async def write_urgent(llm: Llm, seed: Problem) -> Ticket:
    """G(urgent, problem): waiting costs money, data or safety."""
    reply = await llm.ask(_URGENT, reply=_Text, product=seed.product, problem=seed.problem)
    return Ticket(text=reply.text.strip(), label="urgent")


async def write_routine(llm: Llm, seed: Problem) -> Ticket:
    """G(routine, problem): the same problem where waiting a day does no harm."""
    reply = await llm.ask(_ROUTINE, reply=_Text, product=seed.product, problem=seed.problem)
    return Ticket(text=reply.text.strip(), label="routine")


def check_ticket(ticket: Ticket, seed: Problem) -> None:
    """Check that a ticket is clean prose of 6 to 90 words."""
    prose(ticket.text, min_words=6, max_words=90, what="ticket")
