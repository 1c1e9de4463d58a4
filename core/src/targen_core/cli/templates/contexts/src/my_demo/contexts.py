"""(1) What a context is, and how a model proposes some; prompts/businesses.md is its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from targen_core import Prompt, Rejected
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import words

_BUSINESSES = Prompt("businesses", package="my_demo")
_KINDS = ["bakery", "dentist", "garage", "hotel", "library", "museum", "nursery", "tailor"]
_PLACES = ["by the river", "in the old town", "at the station", "on the hill", "near the school"]


async def _propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    """The next contexts. `existing` are those that there are, for the prompt to name."""
    model = list_of("businesses", line(4, 30), llm.batch)
    have = "; ".join(existing) or "none"
    reply = await llm.ask(_BUSINESSES, reply=model, count=llm.batch, have=have)
    return [item.strip() for item in reply.items]


def _check(name: str) -> None:
    """Raise `Rejected` for an item that is no name."""
    if not 1 <= len(words(name)) <= 6:
        raise Rejected("odd-length", f"{name!r} is no name of one to six words")


def _dry_run(call: DryRunCall) -> Any:
    """A reply without a model; vary it, or the items are duplicates."""
    rng = call.rng
    names = [f"{rng.choice(_KINDS)} {rng.choice(_PLACES)} {rng.randint(2, 99)}" for _ in range(99)]
    return {"businesses": names[: int(call.values["count"])]}


CONTEXTS = ListStep(
    item=str,
    propose=_propose,
    batch=6,
    check=_check,
    summary="small businesses",
    prompts=(_BUSINESSES,),
    dry_run=_dry_run,
)
