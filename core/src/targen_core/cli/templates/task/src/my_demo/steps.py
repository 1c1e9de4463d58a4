"""(2) Steps 1 to 3 and the checks; the model's prompts are in prompts/*.md.

businesses -> matters -> G(praise, matter), G(complaint, matter)
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field
from targen_core import Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import words
from targen_standard.checks.prose import prose

from my_demo.dry_run import dry_run
from my_demo.rows import Matter, Row


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="my_demo")


_BUSINESSES, _MATTERS = _prompt("businesses"), _prompt("matters")
_PRAISE, _COMPLAINT = _prompt("praise"), _prompt("complaint")
PROMPTS = (_BUSINESSES, _MATTERS, _PRAISE, _COMPLAINT)


# --- step 1: contexts -------------------------------------------------------


async def _propose_businesses(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    """The next businesses. `existing` are those that there are, for the prompt to name."""
    model = list_of("businesses", line(4, 30), llm.batch)
    reply = await llm.ask(
        _BUSINESSES, reply=model, count=llm.batch, have="; ".join(existing) or "none"
    )
    return [item.strip() for item in reply.items]


def _check_name(name: str) -> None:
    if not 1 <= len(words(name)) <= 6:
        raise Rejected("odd-length", f"{name!r} is no name of one to six words")


BUSINESSES = ListStep(
    item=str,
    propose=_propose_businesses,
    batch=6,
    check=_check_name,
    summary="small businesses",
    prompts=(_BUSINESSES,),  # these two belong to the list if a different task uses it
    dry_run=dry_run,
)


# --- step 2: seeds ----------------------------------------------------------


async def _propose_matters(llm: Llm, business: str, existing: Sequence[Matter]) -> Sequence[Matter]:
    """The next matters of one business, the item of the list above."""
    have = "; ".join(item.matter for item in existing) or "none"
    model = list_of("matters", line(4, 34), llm.batch)
    reply = await llm.ask(_MATTERS, reply=model, business=business, count=llm.batch, have=have)
    return [Matter(business=business, matter=item.strip()) for item in reply.items]


MATTERS = ListStep(
    item=Matter,
    propose=_propose_matters,
    batch=4,
    check=lambda item: _check_name(item.matter),
    summary="what the customers of a business notice",
    prompts=(_MATTERS,),
    dry_run=dry_run,
)


# --- step 3: one generator for each label -----------------------------------


class _Message(BaseModel):
    """The reply. Its limits go to the model with the prompt, as a JSON schema."""

    message: str = Field(min_length=20, max_length=200)


async def write_praise(llm: Llm, seed: Matter) -> Row:
    """G(praise, matter)."""
    reply = await llm.ask(_PRAISE, reply=_Message, business=seed.business, matter=seed.matter)
    return Row(text=reply.message.strip(), label="praise")


async def write_complaint(llm: Llm, seed: Matter) -> Row:
    """G(complaint, matter)."""
    reply = await llm.ask(_COMPLAINT, reply=_Message, business=seed.business, matter=seed.matter)
    return Row(text=reply.message.strip(), label="complaint")


# --- checks: what must be true of every row, decided without a model ---------


def check_row(row: Row, seed: Matter) -> None:
    """Whole sentences of clean prose, of 4 to 40 words."""
    prose(row.text, min_words=4, max_words=40, what="message")
